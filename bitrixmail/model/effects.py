"""What one action of a rule asks for, before the plan is made of all of them."""

from __future__ import annotations

from dataclasses import dataclass

from bitrixmail.model.plan import Disposition
from bitrixmail.model.work import Work


@dataclass(frozen=True, slots=True)
class Effects:
    """Wishes of one action. `folder` and `copy` are folders or None.

    `priority` is high, normal, low, or empty for none of them. A `disposition` other than KEEP
    ends the evaluation, `stop` ends it behind this rule. `work` is done behind the durable line.
    """

    folder: str | None = None
    copy: str | None = None
    set_flags: frozenset[str] = frozenset()
    clear_flags: frozenset[str] = frozenset()
    set_tags: frozenset[str] = frozenset()
    clear_tags: frozenset[str] = frozenset()
    priority: str = ""
    disposition: Disposition = Disposition.KEEP
    text: str = ""
    stop: bool = False
    work: Work | None = None
