"""What cuts the octets of a connection into events."""

from __future__ import annotations

from typing import Protocol, TypeVar

E_co = TypeVar("E_co", covariant=True)


class Framing(Protocol[E_co]):
    """Octets in, events out, without sockets (`wire.lines`, `smtp.wire`).

    Holds what was fed and not taken: whoever feeds it stops reading while `pending` is large.
    """

    @property
    def pending(self) -> int:
        """How many octets wait to be taken."""

    def feed(self, data: bytes) -> None:
        """Add octets as they came from the peer."""

    def next(self) -> E_co | None:
        """Return the next event; None if more octets are needed."""

    def discard(self) -> int:
        """Throw away what was fed and not taken; return how many octets that were."""
