"""How much one address and its network may do: connections, messages, recipients.

RFC 5321 §7.8.
"""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime

from bitrixmail.model.limits import SMTPLimits, listed, network_of, source_of
from bitrixmail.model.reply import TOO_MANY_CONNECTIONS, Reply
from bitrixmail.pipeline.shared_counts import SharedCounts

_WINDOW_S = 60.0
_REMEMBERED = 65_536
# 4.3.2: load, for which fail2ban's filter bans nobody; a neighbour may have caused it
TOO_FAST = Reply(421, "4.3.2", "Too many new connections from your address, slow down")
CROWDED_NETWORK = Reply(421, "4.3.2", "Too many connections from your network")
FAST_NETWORK = Reply(421, "4.3.2", "Too many new connections from your network, slow down")
TOO_MANY_MESSAGES = Reply(450, "4.7.1", "Too many messages from your address, slow down")
TOO_MANY_RECIPIENTS = Reply(450, "4.7.1", "Too many recipients from your address, slow down")


class PerMinute:
    """Counts what happens for a name within a minute. Made by Admission, lives as long.

    Of more names than it remembers, those that were quiet for longest are forgotten. `shared`:
    what other processes of this server count; `what` keeps these names apart from others there.
    """

    def __init__(
        self, clock: IReactorTime, shared: SharedCounts | None = None, what: str = ""
    ) -> None:
        self._clock = clock
        self._shared = shared
        self._what = what
        # name -> start of its window and how many came in it; those touched longest ago first
        self._recent: dict[str, tuple[float, int]] = {}

    def exceeds(self, name: str, most: int) -> bool:
        """Count one more, and tell whether there were `most` already; 0: no limit, no count."""
        if most <= 0:
            return False
        now = self._clock.seconds()
        start, count = self._recent.pop(name, (now, 0))
        if now - start >= _WINDOW_S:
            start, count = now, 0
        self._recent[name] = (start, count + 1)
        if len(self._recent) > _REMEMBERED:
            del self._recent[next(iter(self._recent))]
        if self._shared is not None:
            shared_name = self._what + name
            count += self._shared.recent_elsewhere(shared_name)
            self._shared.happened(shared_name)
        return count >= most


class Admission:
    """Counts by source and by network. Made by the gate, lives as long as it.

    A source is an IPv4 address or an IPv6 /64, since one host has a whole /64 to itself; a network
    is a /24 or a /56. A local socket has no address, and all programs of this machine are no one
    source. With `shared` the limits hold for all processes of this server together.
    """

    def __init__(self, clock: IReactorTime, shared: SharedCounts | None = None) -> None:
        self._shared = shared
        self._open: dict[str, int] = {}
        self._open_of_network: dict[str, int] = {}
        self._connections = PerMinute(clock, shared, "c")
        self._connections_of_network = PerMinute(clock, shared, "n")
        self._messages = PerMinute(clock, shared, "m")
        self._recipients = PerMinute(clock, shared, "r")

    def enter(self, address: str, limits: SMTPLimits) -> Reply | None:
        """Count a connection in, or return why it is refused."""
        source, network = source_of(address), network_of(address)
        held = self._open.get(source, 0)
        held_by_network = self._open_of_network.get(network, 0)
        shared = self._shared
        if address and not listed(address, limits.exempt_networks):
            in_all, in_all_by_network = held, held_by_network
            if shared is not None:
                in_all += shared.open_elsewhere(f"s{source}")
                in_all_by_network += shared.open_elsewhere(f"w{network}")
            if 0 < limits.connections_per_ip <= in_all:
                return TOO_MANY_CONNECTIONS
            if 0 < limits.connections_per_network <= in_all_by_network:
                return CROWDED_NETWORK
            if self._connections.exceeds(source, limits.connections_per_minute_per_ip):
                return TOO_FAST
            most = limits.connections_per_minute_per_network
            if self._connections_of_network.exceeds(network, most):
                return FAST_NETWORK
        self._open[source] = held + 1
        self._open_of_network[network] = held_by_network + 1
        if shared is not None:
            shared.opened(f"s{source}", 1)
            shared.opened(f"w{network}", 1)
        return None

    def leave(self, address: str) -> None:
        """Count a connection out."""
        source, network = source_of(address), network_of(address)
        _one_less(self._open, source)
        _one_less(self._open_of_network, network)
        if self._shared is not None:
            self._shared.opened(f"s{source}", -1)
            self._shared.opened(f"w{network}", -1)

    def message(self, address: str, limits: SMTPLimits) -> Reply | None:
        """Count a message that is begun, or return why it must wait."""
        most = limits.messages_per_minute_per_ip
        if _bounded(address, most, limits) and self._messages.exceeds(source_of(address), most):
            return TOO_MANY_MESSAGES
        return None

    def recipient(self, address: str, limits: SMTPLimits) -> Reply | None:
        """Count a recipient that is named, whether there is one or not, or return why it waits."""
        most = limits.recipients_per_minute_per_ip
        if _bounded(address, most, limits) and self._recipients.exceeds(source_of(address), most):
            return TOO_MANY_RECIPIENTS
        return None


def _bounded(address: str, most: int, limits: SMTPLimits) -> bool:
    return most > 0 and address != "" and not listed(address, limits.exempt_networks)


def _one_less(counts: dict[str, int], name: str) -> None:
    count = counts.get(name, 0)
    if count > 1:
        counts[name] = count - 1
    else:
        counts.pop(name, None)
