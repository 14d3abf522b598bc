"""Where an address leads."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bitrixmail.model.address import Address
from bitrixmail.model.directory import Mailbox
from bitrixmail.model.queue import SentTo


class RouteKind(StrEnum):
    """The four ends of a look-up."""

    LOCAL = "local"
    UNKNOWN = "unknown"
    FOREIGN = "foreign"
    LOOP = "loop"


@dataclass(frozen=True, slots=True)
class Target:
    """A mailbox that gets the message, and the folder its address asked for (INBOX if none)."""

    mailbox: Mailbox
    folder: str = "INBOX"


@dataclass(frozen=True, slots=True)
class Route:
    """`targets` is filled, each mailbox once, only if `kind` is LOCAL.

    `returned`: the address is a return path of that message; its sender may have no mailbox.
    `onward`: bounces to it, and nothing else, go on to this address, for whose mail it was made.
    """

    kind: RouteKind
    targets: tuple[Target, ...] = ()
    returned: SentTo | None = None
    onward: Address | None = None
