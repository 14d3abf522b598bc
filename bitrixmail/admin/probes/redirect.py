"""Whether the firewall leads a public port to the door behind it. Blocking.

A door on port 25 itself, or on a socket of systemd, needs none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from bitrixmail.admin.probes.filter_reading import FilterReading, read_filters
from bitrixmail.admin.probes.firewall import ipv6_here
from bitrixmail.admin.probes.host_programs import sudo
from bitrixmail.admin.probes.packet_filter import Passage
from bitrixmail.admin.probes.places import PUBLIC_PORTS, Place, neighbour, stranger
from bitrixmail.model.finding import Finding, Severity

NAME = "redirect"
_HIGH = {"smtp": 20225}


class RedirectProbe:
    """Made by app for one examination; `look` runs in a thread.

    `script`: the file of nftables rules for port 25 and 20225.
    """

    def __init__(
        self,
        places: Sequence[Place],
        script: str,
        read: Callable[[], FilterReading] = read_filters,
        proc: Path = Path("/proc"),
    ) -> None:
        self._places = places
        self._script = script
        self._read = read
        self._proc = proc

    def look(self) -> tuple[Finding, ...]:
        """Follow who asks for port 25. Only mail from other servers must come by a fixed port."""
        places = [place for place in self._places if place.door == "smtp"]
        if not places:
            return ()
        direct = [place for place in places if place.kind == "systemd" or place.port == 25]
        if direct:
            what = "none is needed: the door stands at the public port itself"
            return (Finding(NAME, direct[0].subject, Severity.OK, what),)
        high = next((place for place in places if place.families and place.port), None)
        if high is None:
            return ()
        reading = self._read()
        if reading.unread and not reading.rules.chains:
            return (_unread(high, reading),)
        return tuple(self._of(high, places, reading))

    def _of(self, place: Place, places: Sequence[Place], reading: FilterReading) -> list[Finding]:
        public = PUBLIC_PORTS[place.door]
        families = [each for each in place.families if each == 4 or ipv6_here(self._proc)]
        ways = {
            family: reading.rules.passage(stranger(family, public, self._proc))
            for family in families
        }
        ours = {each.port for each in places}
        wrong = [each for each, way in ways.items() if way.port not in (public, *ours)]
        if wrong:
            return [self._astray(place, public, wrong, ways)]
        missing = [each for each, way in ways.items() if way.port == public]
        if missing:
            return [self._missing(place, public, missing, ways)]
        return [self._there(place, public, families, reading)]

    def _astray(
        self, place: Place, public: int, wrong: Sequence[int], ways: dict[int, Passage]
    ) -> Finding:
        return Finding(
            NAME,
            place.subject,
            Severity.FAILURE,
            f"port {public} is redirected to port {ways[wrong[0]].port} by {_ips(wrong)},"
            f" where no door of ours is",
            "Mail from other servers goes to another program, or to nobody.",
            (f"Redirect it to port {place.port}:", *self._commands(place, public)),
        )

    def _missing(
        self, place: Place, public: int, missing: Sequence[int], ways: dict[int, Passage]
    ) -> Finding:
        partly = len(missing) < len(ways)
        why = "Other servers send to port 25 alone, so that no mail from outside comes"
        why += f" by {_ips(missing)}" if partly else ""
        return Finding(
            NAME,
            place.subject,
            Severity.WARNING,
            f"port {public} is not redirected to port {place.port} by {_ips(missing)}",
            f"{why}, unless something in front of this machine redirects it.",
            (
                "Redirect it, from outside and from this machine, by IPv4 and IPv6:",
                *self._commands(place, public),
                "Or let the server listen on port 25: docs/port-25.md tells the ways.",
            ),
        )

    def _there(
        self, place: Place, public: int, families: Sequence[int], reading: FilterReading
    ) -> Finding:
        local = {
            family: reading.rules.passage(neighbour(family, public)).port for family in families
        }
        deaf = [family for family, port in local.items() if port != place.port]
        what = f"port {public} is redirected to port {place.port} by {_ips(families)}"
        if not deaf:
            return Finding(NAME, place.subject, Severity.OK, what)
        return Finding(
            NAME,
            place.subject,
            Severity.WARNING,
            f"{what}, but not for programs of this machine by {_ips(deaf)}",
            "A redirect at the entrance does not hit connections that begin here: a program of"
            " this machine that sends to port 25 finds nobody, or another server.",
            ("Redirect them as well:", *self._commands(place, public)),
        )

    def _commands(self, place: Place, public: int) -> tuple[str, ...]:
        """Return the lines that put both redirects in force; they may be repeated."""
        if place.port == _HIGH["smtp"] and self._script:
            return (sudo(f"nft -f {self._script}"),)
        hooks = ("prerouting", "output")
        rule = f"fib daddr type local tcp dport {public} redirect to :{place.port}"
        return tuple(
            sudo(f"nft {words}")
            for words in (
                "add table inet bitrixmail",
                *(f"'add chain inet bitrixmail {hook} {_nat(hook)}'" for hook in hooks),
                "flush table inet bitrixmail",
                *(f"add rule inet bitrixmail {hook} {rule}" for hook in hooks),
            )
        )


def _nat(hook: str) -> str:
    return f"{{ type nat hook {hook} priority -100; }}"


def _ips(families: Sequence[int]) -> str:
    return " and ".join(f"IPv{each}" for each in families)


def _unread(place: Place, reading: FilterReading) -> Finding:
    return Finding(
        NAME,
        place.subject,
        Severity.WARNING,
        f"whether port 25 is redirected to port {place.port} could not be read by"
        f" {', '.join(reading.unread)}: {reading.complaint}",
        "Other servers send to port 25 alone, and only root may see whether it leads here.",
        ("Look again as root:", sudo("bitrixmail doctor --only redirect")),
    )
