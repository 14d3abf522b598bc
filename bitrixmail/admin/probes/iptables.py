"""The rules that iptables-save and ip6tables-save print (iptables-extensions(8)). Pure."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator

from bitrixmail.admin.probes.packet_filter import Chain, Packet, Rule, Ruleset, Test, Verdict

_HOOKS = {"PREROUTING": "prerouting", "INPUT": "input", "OUTPUT": "output"}
_PRIORITIES = {"raw": -300, "mangle": -150, "nat": -100, "filter": 0, "security": 50}
_TARGETS = {
    "ACCEPT": Verdict.ACCEPT,
    "DROP": Verdict.DROP,
    "REJECT": Verdict.DROP,
    "TARPIT": Verdict.DROP,
    "RETURN": Verdict.RETURN,
    "REDIRECT": Verdict.REDIRECT,
    "DNAT": Verdict.REDIRECT,
    "TPROXY": Verdict.REDIRECT,
    "QUEUE": Verdict.UNKNOWN,
    "NFQUEUE": Verdict.UNKNOWN,
}
# They only mark or count: the packet goes on to the next rule.
_GOES_ON = frozenset(
    {"LOG", "NFLOG", "ULOG", "MARK", "CONNMARK", "CT", "NOTRACK", "SET", "TCPMSS", "CHECKSUM"}
)
# Options that take no value and ask nothing, and those that ask for a place in a list.
_FLAGS = frozenset(
    {
        "--set", "--remove", "--rttl", "--reap", "--rsource", "--rdest", "--connlimit-saddr",
        "--connlimit-daddr", "--notrack", "--random", "--persistent", "--log-uid",
        "--log-ip-options", "--log-tcp-options", "--log-tcp-sequence", "--save-mark",
        "--restore-mark",
    }
)  # fmt: skip
_LISTED = frozenset({"--update", "--rcheck"})
_BARE = _LISTED | {"--syn", "-f", "--fragment"}
_PORT_OPTIONS = ("--to-ports", "--to-destination", "--on-port")


def read_iptables(text: str, family: int) -> Ruleset:
    """Read what iptables-save (4) or ip6tables-save (6) printed. Raises ValueError."""
    chains: list[Chain] = []
    table = ""
    found: dict[str, tuple[bool, list[Rule]]] = {}
    for line in text.splitlines():
        if line.startswith("*"):
            table, found = line[1:].strip(), {}
        elif line.startswith(":"):
            name, policy = line[1:].split()[:2]
            found[name] = policy != "DROP", []
        elif line.startswith("-A "):
            words = shlex.split(line)
            rule = _Reading(words[2:], family, set(found)).rule()
            if rule is not None:
                found[words[1]][1].append(rule)
        elif line.startswith("COMMIT"):
            chains += _chains(table, found, family)
    return Ruleset(tuple(chains))


def _chains(table: str, found: dict[str, tuple[bool, list[Rule]]], family: int) -> Iterator[Chain]:
    for name, (accepts, rules) in found.items():
        yield Chain(
            program="iptables" if family == 4 else "ip6tables",
            family="ip" if family == 4 else "ip6",
            table=table,
            name=name,
            rules=tuple(rules),
            hook=_HOOKS.get(name, ""),
            priority=_PRIORITIES.get(table, 0),
            accepts=accepts,
            nat=table == "nat",
        )


class _Reading:
    """One line `-A CHAIN …` behind its chain. Lives for that."""

    def __init__(self, words: list[str], family: int, chains: set[str]) -> None:
        self._words = words
        self._family = family
        self._chains = chains
        self._tests: list[Test] = []
        self._target = ""
        self._goto = False
        self._port = ""

    def rule(self) -> Rule | None:
        """Return the rule, or None for one that lets every packet go on."""
        words = iter(self._words)
        negated = False
        for word in words:
            if word == "!":
                negated = True
                continue
            self._option(word, words, negated=negated)
            negated = False
        if not self._target or self._target in _GOES_ON:
            return None
        name = f'the rule "{" ".join(self._words)}"'
        known = self._target in self._chains
        verdict = Verdict.GOTO if self._goto else Verdict.JUMP
        if not known:
            verdict = _TARGETS.get(self._target, Verdict.UNKNOWN)
        port = self._port.rpartition(":")[2].partition("-")[0]
        return Rule(
            tuple(self._tests),
            verdict,
            self._target if known else "",
            int(port) if port.isdecimal() else 0,
            name,
            shlex.join(self._words),
        )

    def _option(self, word: str, words: Iterator[str], *, negated: bool) -> None:
        if word in _FLAGS:
            return
        value = "" if word in _BARE else next(words, "")
        if word in ("-j", "-g"):
            self._target, self._goto = value, word == "-g"
        elif word in _PORT_OPTIONS:
            self._port = value
        elif word == "-m" or word.startswith(("--log", "--nflog", "--reject-with", "--comment")):
            return
        elif word == "--match-set":
            # A stranger stands in no list; of the port or our own address nothing is known.
            listed = None if "dst" in next(words, "") else False
            self._tests.append(_fixed(listed, negated=negated))
        elif word == "--tcp-flags":
            wanted = next(words, "")
            self._tests.append(_fixed(_syn(value, wanted), negated=negated))
        else:
            self._tests.append(_test(word, value, self._family, negated=negated))


def _test(option: str, value: str, family: int, *, negated: bool) -> Test:
    """Return the test of one option; what is not known tells nothing."""
    if option in ("--dport", "--dports", "--destination-port", "--ports"):
        return lambda packet: _in_ports(value, packet.port) is not negated
    if option == "-i":
        return lambda packet: _comes_by(value, packet, negated=negated)
    if option == "-d":
        return lambda packet: _is_own(value, packet, negated=negated)
    if option in ("--state", "--ctstate"):
        return lambda packet: bool(_states(packet) & {*value.split(",")}) is not negated
    answer = _ANSWERS.get(option)
    return _fixed(None if answer is None else answer(value, family), negated=negated)


def _fixed(answer: bool | None, *, negated: bool) -> Test:
    shown = answer if answer is None else answer is not negated
    return lambda _packet: shown


def _syn(mask: str, wanted: str) -> bool:
    """Tell whether flags are those of a first packet, SYN alone."""
    masked = {"SYN"} if "SYN" in mask.split(",") or mask == "ALL" else set()
    return masked == ({*wanted.split(",")} - {"NONE", ""})


def _states(packet: Packet) -> set[str]:
    return {"ESTABLISHED"} if packet.reply else {"NEW", "UNTRACKED"}


def _in_ports(value: str, port: int) -> bool:
    for part in value.split(","):
        first, colon, last = part.partition(":")
        if int(first or 0) <= port <= int((last or 65535) if colon else first):
            return True
    return False


def _comes_by(value: str, packet: Packet, *, negated: bool) -> bool | None:
    if packet.leaving or (value == "lo" and "lo" not in packet.interfaces):
        return negated
    if not packet.interfaces:
        return None
    prefix = value.removesuffix("+")
    met = {
        name.startswith(prefix) if value.endswith("+") else name == value
        for name in packet.interfaces
    }
    return (met.pop() is not negated) if len(met) == 1 else None


def _is_own(value: str, packet: Packet, *, negated: bool) -> bool | None:
    address, _, length = value.partition("/")
    if address in packet.own and length in ("", "32", "128"):
        return None if len(packet.own) > 1 else not negated
    return None


_ANSWERS: dict[str, Callable[[str, int], bool | None]] = {
    "-p": lambda value, _family: value in ("tcp", "6", "all"),
    # A stranger stands in no list of networks, neither of friends nor of enemies.
    "-s": lambda value, _family: value.endswith("/0"),
    **dict.fromkeys(_LISTED, lambda _value, _family: False),
    "--dst-type": lambda value, _family: "LOCAL" in value,
    "--src-type": lambda value, _family: "UNICAST" in value,
    "--pkt-type": lambda value, _family: value == "unicast",
    "--syn": lambda _value, _family: True,
    "-f": lambda _value, _family: False,
    # Who comes once is below every limit.
    "--limit": lambda _value, _family: True,
    "--limit-burst": lambda _value, _family: True,
    "--hashlimit-upto": lambda _value, _family: True,
    "--hashlimit-above": lambda _value, _family: False,
    "--connlimit-upto": lambda _value, _family: True,
    "--connlimit-above": lambda _value, _family: False,
    "--hitcount": lambda _value, _family: False,
    **dict.fromkeys(
        (
            "--hashlimit-mode", "--hashlimit-name", "--hashlimit-burst", "--hashlimit-srcmask",
            "--hashlimit-htable-expire", "--hashlimit-htable-size", "--hashlimit-htable-max",
            "--connlimit-mask", "--name", "--mask", "--seconds",
            "--set-xmark", "--set-mark", "--nfmask", "--ctmask",
        ),
        lambda _value, _family: True,
    ),
}  # fmt: skip
