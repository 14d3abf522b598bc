"""What became of one recipient at the end of a transaction."""

from __future__ import annotations

from typing import NamedTuple

from bitrixmail.model.address import Address
from bitrixmail.model.reply import Reply


class Outcome(NamedTuple):
    """The reply that is true for this recipient; LMTP sends each, SMTP folds them into one."""

    recipient: Address
    reply: Reply
