"""How many connections one address may hold and open (limits per IP, RFC 5321 §7.8)."""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime

from bitrixmail.model.limits import SMTPLimits, listed, source_of
from bitrixmail.model.reply import TOO_MANY_CONNECTIONS, Reply

_WINDOW_S = 60.0
_REMEMBERED = 65_536
TOO_FAST = Reply(421, "4.7.0", "Too many new connections from your address, slow down")


class Admission:
    """Counts connections by source. Made by the gate, lives as long as it.

    A source is an IPv4 address or an IPv6 /64, since one host has a whole /64 to itself.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._open: dict[str, int] = {}
        # source -> start of its window and how many came in it; those touched longest ago first
        self._recent: dict[str, tuple[float, int]] = {}

    def enter(self, address: str, limits: SMTPLimits) -> Reply | None:
        """Count a connection in, or return why it is refused."""
        source = source_of(address)
        held = self._open.get(source, 0)
        # A local socket has no address, and all programs of this machine are no one source
        if address and not listed(address, limits.exempt_networks):
            if 0 < limits.connections_per_ip <= held:
                return TOO_MANY_CONNECTIONS
            if self._came_too_often(source, limits.connections_per_minute_per_ip):
                return TOO_FAST
        self._open[source] = held + 1
        return None

    def leave(self, address: str) -> None:
        """Count a connection out."""
        source = source_of(address)
        held = self._open.get(source, 0)
        if held > 1:
            self._open[source] = held - 1
        else:
            self._open.pop(source, None)

    def _came_too_often(self, source: str, most: int) -> bool:
        if most <= 0:
            return False
        now = self._clock.seconds()
        start, count = self._recent.pop(source, (now, 0))
        if now - start >= _WINDOW_S:
            start, count = now, 0
        self._recent[source] = (start, count + 1)
        if len(self._recent) > _REMEMBERED:
            del self._recent[next(iter(self._recent))]
        return count >= most
