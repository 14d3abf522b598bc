"""What a firewall does with a connection from outside: rules as data, walked by a packet. Pure.

Made by `nftables` and `iptables` from what those programs print. A test that looks at something
we do not know of a stranger says None: his fate is then told as unsure, never guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

# Neither program allows loops; what is deeper is broken, and not ours to judge.
_DEEPEST = 64


@dataclass(frozen=True, slots=True)
class Packet:
    """The first packet (SYN) of a stranger's TCP connection to this machine.

    `family` is 4 or 6. `interfaces`: where he may come in, those with a default route; empty: not
    known. `own`: the addresses of this machine. `leaving`: from a program of this machine instead.
    `reply`: the second packet of a connection, not the first.
    """

    family: int
    port: int
    interfaces: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()
    leaving: bool = False
    reply: bool = False


# True: the packet is meant; None: that can't be told.
Test = Callable[[Packet], bool | None]


class Verdict(Enum):
    """What a rule does with a packet that is meant."""

    ACCEPT = "accept"
    DROP = "drop"
    JUMP = "jump"
    GOTO = "goto"
    RETURN = "return"
    REDIRECT = "redirect"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `target` is the chain of a jump, `port` that of a redirect (0: the same one).

    `key`: by what its program finds it to delete it.
    """

    tests: tuple[Test, ...]
    verdict: Verdict
    target: str = ""
    port: int = 0
    name: str = ""
    key: str = ""

    def means(self, packet: Packet) -> bool | None:
        """Tell whether a packet is meant by every test; None if that can't be told."""
        held: bool | None = True
        for test in self.tests:
            answer = test(packet)
            if answer is False:
                return False
            held = None if answer is None else held
        return held


@dataclass(frozen=True, slots=True)
class Chain:
    """A list of rules. With a `hook` (ingress, prerouting, …) the kernel itself enters it.

    `nat`: it is asked until one of its kind has redirected. `device`: of ingress, where told.
    """

    program: str
    family: str
    table: str
    name: str
    rules: Sequence[Rule] = ()
    hook: str = ""
    priority: int = 0
    accepts: bool = True
    nat: bool = False
    device: str = ""

    def concerns(self, packet: Packet) -> bool:
        """Tell whether a packet comes here, by its version of IP and its interface."""
        if self.device and packet.interfaces and self.device not in packet.interfaces:
            return False
        return self.family in ("inet", "netdev", "ip" if packet.family == 4 else "ip6")

    def __str__(self) -> str:
        return f"table {self.family} {self.table}, chain {self.name}"


@dataclass(frozen=True, slots=True)
class Passage:
    """How it ended: `chain` and `rule` dropped the packet, or may have; else it reaches `port`.

    `turn`: where it was redirected, if it was.
    """

    port: int
    dropped: bool = False
    sure: bool = True
    chain: Chain | None = None
    rule: str = ""
    turn: Turn | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """A redirect that a packet met: `rule` stands in `chain`."""

    chain: Chain
    rule: Rule


@dataclass(slots=True)
class _Walk:
    """One packet on its way through one chain of the kernel's and those behind it."""

    chains: Mapping[str, Chain]
    packet: Packet
    port: int = 0
    maybe_dropped: str = ""
    maybe_accepted: bool = False
    last: str = ""
    turn: Turn | None = None

    def through(self, chain: Chain, depth: int = 0) -> Verdict:
        """Return ACCEPT or DROP, or RETURN if no rule decided."""
        for rule in chain.rules if depth < _DEEPEST else ():
            means = rule.means(self.packet)
            if means is False:
                continue
            verdict = self._of(rule, depth)
            if means is None or verdict is Verdict.UNKNOWN:
                self._doubt(verdict, rule)
                continue
            if verdict is Verdict.REDIRECT:
                self.port = rule.port or self.packet.port
                self.turn = Turn(chain, rule)
                return Verdict.ACCEPT
            if verdict in (Verdict.ACCEPT, Verdict.DROP):
                self.last = self.last or rule.name
                return verdict
            if rule.verdict in (Verdict.GOTO, Verdict.RETURN):
                return Verdict.RETURN
        return Verdict.RETURN

    def _of(self, rule: Rule, depth: int) -> Verdict:
        """Return the end of a rule, having followed its jump."""
        if rule.verdict not in (Verdict.JUMP, Verdict.GOTO):
            return rule.verdict
        found = self.chains.get(rule.target)
        return Verdict.UNKNOWN if found is None else self.through(found, depth + 1)

    def _doubt(self, verdict: Verdict, rule: Rule) -> None:
        if verdict in (Verdict.DROP, Verdict.UNKNOWN):
            self.maybe_dropped = self.maybe_dropped or rule.name or "a rule"
        if verdict in (Verdict.ACCEPT, Verdict.REDIRECT, Verdict.UNKNOWN):
            self.maybe_accepted = True
        self.last = ""


@dataclass(frozen=True, slots=True)
class Ruleset:
    """Every chain of this machine that was to be read. Made anew for each examination."""

    chains: Sequence[Chain] = field(default=())

    def __add__(self, other: Ruleset) -> Ruleset:
        return Ruleset((*self.chains, *other.chains))

    def passage(self, packet: Packet) -> Passage:
        """Follow a packet to the socket, with the port that it then asks for."""
        hooks = ("output",) if packet.leaving else ("ingress", "prerouting", "input")
        doubtful: Passage | None = None
        turn: Turn | None = None
        for hook in hooks:
            for chain in self._entered(hook, packet):
                if chain.nat and turn is not None:
                    continue  # the first redirect of a connection is its last
                found = self._through(chain, packet)
                turn = found.turn or turn
                if found.dropped and found.sure:
                    return replace(found, turn=turn)
                if not found.sure:
                    doubtful = doubtful or found
                packet = replace(packet, port=found.port)
        return replace(doubtful or Passage(packet.port), port=packet.port, turn=turn)

    def undropped(self, packet: Packet) -> Passage:
        """Follow a packet as if no chain were there that drops it for sure."""
        rules, found = self, self.passage(packet)
        while found.dropped and found.sure and found.chain is not None:
            rules = rules.without(found.chain)
            found = rules.passage(packet)
        return found

    def without(self, left_out: Chain) -> Ruleset:
        """Return the rules as they would be without one chain."""
        return Ruleset(tuple(each for each in self.chains if each is not left_out))

    def _entered(self, hook: str, packet: Packet) -> Iterable[Chain]:
        """Return what the kernel enters at a hook, in its order: of equals the newest first."""
        newest_first = reversed(self.chains)
        found = [each for each in newest_first if each.hook == hook and each.concerns(packet)]
        return sorted(found, key=lambda chain: chain.priority)

    def _through(self, chain: Chain, packet: Packet) -> Passage:
        siblings = {
            each.name: each
            for each in self.chains
            if (each.program, each.family, each.table) == (chain.program, chain.family, chain.table)
        }
        walk = _Walk(siblings, packet, packet.port)
        verdict = walk.through(chain)
        if verdict is Verdict.RETURN:
            verdict = Verdict.ACCEPT if chain.accepts else Verdict.DROP
            walk.last = "its policy"
        if verdict is Verdict.DROP:
            # Of ingress many versions of nft do not tell the interface.
            here = chain.hook != "ingress" or packet.interfaces == {chain.device}
            sure = here and not walk.maybe_accepted
            return Passage(walk.port, True, sure, chain, walk.last, walk.turn)
        sure = not walk.maybe_dropped
        return Passage(walk.port, False, sure, chain, walk.maybe_dropped, walk.turn)
