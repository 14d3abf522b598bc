"""An address that nothing is sent to, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Suppressed:
    """One entry of the suppression list. `address` is an `Address.key`.

    `reason` is a word or two ("unknown user", "by hand"); `detail` what the other side said, or a
    note; `queue_id` the message that led here, empty if none did. It holds from `since` until
    `until`, None: for good.
    """

    address: str
    reason: str
    since: datetime
    until: datetime | None = None
    detail: str = ""
    queue_id: str = ""
