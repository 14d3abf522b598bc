"""The rules that `nft -j list ruleset` prints (libnftables-json(5)), as a Ruleset. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from bitrixmail.admin.probes.packet_filter import Chain, Packet, Rule, Ruleset, Test, Verdict

_HOOKS = ("ingress", "prerouting", "input", "output")
_VERDICTS = {
    "accept": Verdict.ACCEPT,
    "drop": Verdict.DROP,
    "reject": Verdict.DROP,
    "return": Verdict.RETURN,
    "jump": Verdict.JUMP,
    "goto": Verdict.GOTO,
    "redirect": Verdict.REDIRECT,
    "dnat": Verdict.REDIRECT,
    "tproxy": Verdict.REDIRECT,
    "queue": Verdict.UNKNOWN,
    "xt": Verdict.UNKNOWN,
}
# What a stranger's first packet is, of that which a rule may ask.
_FACTS: dict[tuple[str, str], frozenset[Any]] = {
    ("meta", "l4proto"): frozenset({"tcp", 6}),
    ("meta", "pkttype"): frozenset({"host", "unicast"}),
    ("ip", "protocol"): frozenset({"tcp", 6}),
    ("ip6", "nexthdr"): frozenset({"tcp", 6}),
    ("ct", "direction"): frozenset({"original"}),
    ("fib", "type"): frozenset({"local", "unicast"}),
}
_PORTS = (("tcp", "dport"), ("th", "dport"))
_OTHERS = frozenset(
    {"udp", "udplite", "icmp", "icmpv6", "sctp", "dccp", "igmp", "arp", "ah", "esp"}
)
Sets = Mapping[tuple[str, str, str], list[Any]]


def read_nftables(text: str) -> Ruleset:
    """Read the JSON of a whole ruleset. Raises ValueError if it is none."""
    try:
        entries = json.loads(text)["nftables"]
        sets: dict[tuple[str, str, str], list[Any]] = {}
        chains: dict[tuple[str, str, str], dict[str, Any]] = {}
        rules: dict[tuple[str, str, str], list[Rule]] = {}
        for entry in entries:
            for kind, told in entry.items():
                if kind in ("set", "map"):
                    sets[told["family"], told["table"], told["name"]] = told.get("elem", [])
                elif kind == "chain":
                    chains[told["family"], told["table"], told["name"]] = told
        for told in (entry["rule"] for entry in entries if "rule" in entry):
            place = told["family"], told["table"], told["chain"]
            rules.setdefault(place, []).extend(_Reading(sets, told).rules())
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not the JSON of nft: {error!r}") from error
    return Ruleset(
        tuple(
            Chain(
                program="nft",
                family=place[0],
                table=place[1],
                name=place[2],
                rules=tuple(rules.get(place, ())),
                hook=told.get("hook", "") if told.get("hook") in _HOOKS else "",
                priority=told.get("prio", 0),
                accepts=told.get("policy", "accept") == "accept",
                nat=told.get("type") == "nat",
                device=told["dev"] if isinstance(told.get("dev"), str) else "",
            )
            for place, told in chains.items()
        )
    )


class _Reading:
    """One rule as printed, read into one or (of a verdict map) several. Lives for that."""

    def __init__(self, sets: Sets, told: Mapping[str, Any]) -> None:
        self._sets = sets
        self._family, self._table = told["family"], told["table"]
        self._key = f"handle {told['handle']}"
        self._statements = told["expr"]

    def rules(self) -> Iterator[Rule]:
        """Yield the rules, those that neither end nor lead anywhere left out."""
        tests: list[Test] = []
        for statement in self._statements:
            ((kind, told),) = statement.items()
            if kind == "match":
                tests.append(self._match(told))
            elif kind == "vmap":
                yield from self._map(tests, told)
            elif kind in _VERDICTS:
                yield self._rule(tests, kind, told)
            elif (test := _bounded(kind, told)) is not None:
                tests.append(test)

    def _rule(self, tests: list[Test], kind: str, told: Any) -> Rule:
        target = told.get("target", "") if kind in ("jump", "goto") else ""
        port = (told or {}).get("port", 0) if kind in ("redirect", "dnat", "tproxy") else 0
        known = isinstance(port, int)
        return Rule(
            tuple(tests),
            _VERDICTS[kind] if known else Verdict.UNKNOWN,
            target,
            port if known else 0,
            f"the rule with {self._key}",
            self._key,
        )

    def _map(self, tests: list[Test], told: Mapping[str, Any]) -> Iterator[Rule]:
        for key, verdict in self._elements(told["data"]):
            one = self._match({"op": "==", "left": told["key"], "right": key})
            ((kind, more),) = verdict.items()
            if kind in _VERDICTS:
                yield self._rule([*tests, one], kind, more)

    def _elements(self, told: Any) -> list[Any]:
        """Return what stands in a set, written out or by its name."""
        if isinstance(told, str) and told.startswith("@"):
            return self._sets.get((self._family, self._table, told[1:]), [])
        if isinstance(told, dict) and "set" in told:
            return self._elements(told["set"])
        return list(told) if isinstance(told, list) else [told]

    def _match(self, told: Mapping[str, Any]) -> Test:
        left, wanted = told["left"], self._elements(told["right"])
        operator = told.get("op", "==")
        negated = operator == "!="
        if _asked(left) == ("tcp", "flags"):
            test = _flags(wanted, operator, masked="&" in left)
        elif operator in ("==", "!=", "in"):
            test = _equals(left, wanted, negated=negated)
        else:
            test = _compares(left, operator, told["right"])
        family = {"ip": 4, "ip6": 6}.get(_asked(left)[0])
        if family is None:
            return test
        return lambda packet: packet.family == family and test(packet)


def _asked(left: Any) -> tuple[str, str]:
    """Return what an expression looks at: ("tcp", "dport"), ("meta", "iifname")."""
    if isinstance(left, dict):
        for kind, told in left.items():
            if kind == "payload" and isinstance(told, dict):
                return str(told.get("protocol", "")), str(told.get("field", ""))
            if kind in ("meta", "ct") and isinstance(told, dict):
                return kind, str(told.get("key", ""))
            if kind == "fib":
                return kind, str(told.get("result", ""))
            if kind == "&" and isinstance(told, list) and told:
                return _asked(told[0])
    return "", ""


def _equals(left: Any, wanted: list[Any], *, negated: bool) -> Test:
    asked = _asked(left)

    def answer(packet: Packet) -> bool | None:
        found = _among(asked, wanted, packet)
        return found if found is None else found is not negated

    return answer


def _among(  # noqa: PLR0911 - a table of what may be asked
    asked: tuple[str, str], wanted: list[Any], packet: Packet
) -> bool | None:
    """Tell whether the packet has one of the values that are wanted."""
    if asked in _PORTS:
        return any(_holds(each, packet.port) for each in wanted)
    if asked == ("ct", "state"):
        states = {"established"} if packet.reply else {"new", "untracked"}
        return any(each in states for each in wanted if isinstance(each, str))
    if asked in _FACTS:
        return any(each in _FACTS[asked] for each in wanted if not isinstance(each, dict))
    if asked[0] in _OTHERS:
        return False
    if asked in (("meta", "nfproto"), ("meta", "protocol")):
        return f"ipv{packet.family}" in wanted or {4: "ip", 6: "ip6"}[packet.family] in wanted
    if asked in (("meta", "iif"), ("meta", "iifname")):
        return _interface(wanted, packet)
    if asked[1] == "saddr":
        # A stranger stands in no list of networks, neither of friends nor of enemies.
        return any(each == {"prefix": {"addr": "0.0.0.0", "len": 0}} for each in wanted)  # noqa: S104
    if asked[1] == "daddr" and packet.own:
        met = any(each in packet.own for each in wanted if isinstance(each, str))
        return True if met and len(packet.own) == 1 else None
    if asked == ("fib", "oif"):
        return False  # reverse path: he came the way that leads to him
    return None


def _flags(wanted: list[Any], operator: str, *, masked: bool) -> Test:
    """Return the test of TCP flags: of a first packet SYN alone is set."""
    names = [name for each in wanted for name in (each["|"] if isinstance(each, dict) else [each])]
    if operator == "in" or (operator == "==" and not masked and len(names) > 1):
        return lambda _packet: "syn" in names
    if masked or operator == "==":
        return lambda _packet: (names == ["syn"]) is (operator == "==")
    return lambda _packet: "syn" not in names


def _interface(wanted: list[Any], packet: Packet) -> bool | None:
    if packet.leaving or (wanted == ["lo"] and "lo" not in packet.interfaces):
        return False
    if not packet.interfaces:
        return None
    found = {any(_named(each, name) for each in wanted) for name in packet.interfaces}
    return found.pop() if len(found) == 1 else None


def _named(pattern: Any, name: str) -> bool:
    text = str(pattern)
    return name.startswith(text[:-1]) if text.endswith("*") else name == text


def _holds(wanted: Any, port: int) -> bool:
    """Tell whether a port is one value of a set: a number, a range, an element with a comment."""
    if isinstance(wanted, dict):
        if "range" in wanted:
            first, last = wanted["range"]
            return bool(first <= port <= last)
        if "elem" in wanted:
            return _holds(wanted["elem"]["val"], port)
        return False
    return bool(wanted == port)


def _compares(left: Any, operator: str, right: Any) -> Test:
    if _asked(left) not in _PORTS or not isinstance(right, int):
        return lambda _packet: None
    return {
        "<": lambda packet: packet.port < right,
        ">": lambda packet: packet.port > right,
        "<=": lambda packet: packet.port <= right,
        ">=": lambda packet: packet.port >= right,
    }.get(operator, lambda _packet: None)


def _bounded(kind: str, told: Any) -> Test | None:
    """Return the test of a limit: a stranger who comes once is below it."""
    if kind in ("limit", "ct count") and isinstance(told, dict):
        over = bool(told.get("inv"))
        return lambda _packet: not over
    if kind in ("set", "meter") and isinstance(told, dict):
        inner = told.get("stmt", [])
        for statement in inner if isinstance(inner, list) else [inner]:
            for name, more in statement.items():
                test = _bounded(name, more)
                if test is not None:
                    return test
    return None
