"""What the server tells a receiver and hears from it: pickles behind their length, through pipes.

Both are this program, run by the same user; nobody else holds an end of the pipes.
"""

from __future__ import annotations

import pickle
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from socket import AddressFamily

from bitrixmail.app.receiving.helping import Load
from bitrixmail.app.settings.tree import Settings
from bitrixmail.net.tls import Material

# The module that a receiver runs
MODULE = "bitrixmail.app.receiving.receiver"
# Descriptors of a receiver behind the standard ones: orders, reports, shared counts, sockets
ORDERS, REPORTS, COUNTS, SOCKETS = 3, 4, 5, 6
_LENGTH = struct.Struct("!I")
_MOST_OCTETS = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Begin:
    """The first order: all that a receiver needs, which is number `process` of `processes`.

    `key` is that of the shared counts, `families` are those of its sockets, in their order,
    `endpoints` what the settings call them.
    """

    settings: Settings
    process: int
    processes: int
    key: bytes
    material: Material
    families: tuple[AddressFamily, ...]
    endpoints: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Take:
    """New settings are in force."""

    settings: Settings
    material: Material


@dataclass(frozen=True, slots=True)
class Rest:
    """Take no new connections for now, keep those that are there."""


@dataclass(frozen=True, slots=True)
class Accept:
    """Take new connections again."""


@dataclass(frozen=True, slots=True)
class Finish:
    """Take no new connections, and end with the last one that is there, unless told to accept."""


@dataclass(frozen=True, slots=True)
class Resume:
    """Accept again: the server had halted sockets, and they listen again."""


@dataclass(frozen=True, slots=True)
class Drain:
    """Take no new connections, let messages end, then end."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A receiver accepts on its sockets; said anew whenever it begins to."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a receiver has counted since its start.

    `samples` are those of the metrics: (name, labels, value); `counts` those of its tally; `doors`
    of each socket: endpoint, connections taken, address of the last one and when it came (seconds
    since 1970, 0: never).
    """

    samples: tuple[tuple[str, tuple[tuple[str, str], ...], float], ...]
    counts: tuple[tuple[str, int], ...] = ()
    doors: tuple[tuple[str, int, str, float], ...] = ()


Order = Begin | Take | Rest | Accept | Finish | Resume | Drain | Ready | Load | Report


def written(order: Order) -> bytes:
    """Return an order as it goes through the pipe."""
    octets = pickle.dumps(order)
    return _LENGTH.pack(len(octets)) + octets


class Orders:
    """Reads orders from the octets of a pipe. Made for one pipe, lives as long."""

    def __init__(self) -> None:
        self._octets = bytearray()

    def read(self, octets: bytes) -> Iterator[Order]:
        """Yield the orders that are whole by now. Raises RuntimeError for what cannot be one."""
        self._octets += octets
        while len(self._octets) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._octets)
            if length > _MOST_OCTETS:
                raise RuntimeError(f"an order of {length} octets")
            end = _LENGTH.size + length
            if len(self._octets) < end:
                return
            order: Order = pickle.loads(self._octets[_LENGTH.size : end])  # noqa: S301 - see above
            del self._octets[:end]
            yield order
