"""Whether the firewall leads a public port to the door behind it. Blocking.

A door on port 25 itself, or on a socket of systemd there, needs none. What drops packets before
or behind a redirect is left to the firewall probe.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bitrixmail.admin.probes.filter_reading import FilterReading, read_filters
from bitrixmail.admin.probes.holders import holders_of, ports_of
from bitrixmail.admin.probes.host_programs import IN_THE_FILE, doctor_again, sudo
from bitrixmail.admin.probes.packet_filter import Passage, Turn
from bitrixmail.admin.probes.places import (
    PUBLIC_PORTS,
    Place,
    ips,
    ipv6_here,
    neighbour,
    stranger,
)
from bitrixmail.admin.probes.ports import running_server
from bitrixmail.model.finding import Finding, Severity

NAME = "redirect"
# That of the file of rules which comes with the server.
_READY_PORT = 20225


class RedirectProbe:
    """Made by app for one examination; `look` runs in a thread.

    `script`: the file of nftables rules for port 25 and 20225. `data_dir`: by which the running
    server is found. `faces_the_world`: nothing stands in front of this machine that could redirect,
    as its interfaces have public addresses.
    """

    def __init__(
        self,
        places: Sequence[Place],
        script: str,
        read: Callable[[], FilterReading] = read_filters,
        proc: Path = Path("/proc"),
        data_dir: Path | None = None,
        *,
        faces_the_world: bool = False,
    ) -> None:
        self._places = [place for place in places if place.door == "smtp"]
        self._script = script
        self._read = read
        self._proc = proc
        self._data_dir = data_dir
        self._faces_the_world = faces_the_world

    def look(self) -> tuple[Finding, ...]:
        """Follow who asks for port 25. Only mail from other servers must come by a fixed port."""
        if not self._places:
            return ()
        if all(place.only_here for place in self._places):
            return (_only_here(self._places[0]),)
        outer = [place for place in self._places if place.families]
        if not outer:  # a port of the system's choice, as a test has it
            return ()
        public = PUBLIC_PORTS["smtp"]
        direct = next((place for place in outer if place.port == public), None)
        reading = self._read()
        if direct is None and reading.unread and not reading.rules.chains:
            return (_unread(outer[0], reading),)
        return (self._of(direct or outer[0], reading),)

    def _of(self, place: Place, reading: FilterReading) -> Finding:
        public = PUBLIC_PORTS[place.door]
        families = [each for each in place.families if each == 4 or ipv6_here(self._proc)]
        ways = {
            family: reading.rules.undropped(stranger(family, public, self._proc))
            for family in families
        }
        ours = {public, *(each.port for each in self._places)}
        wrong = [each for each, way in ways.items() if way.port not in ours]
        if wrong:
            where = "where no door of ours is"
            return self._astray(place, wrong, ways, reading, where)
        led = [each for each, way in ways.items() if way.port != public]
        if led and self._is_nobody(ways[led[0]].port):
            where = "where nobody listens while the server runs"
            return self._astray(place, led, ways, reading, where)
        missing = [each for each, way in ways.items() if way.port == public]
        if place.port == public and (missing or not families):
            what = "none is needed: the door stands at the public port itself"
            return Finding(NAME, place.subject, Severity.OK, what)
        if missing:
            return self._otherwise(place) or self._missing(place, missing, ways)
        return self._there(place, families, reading)

    def _server(self) -> int:
        return running_server(self._data_dir, self._proc) if self._data_dir else 0

    def _is_nobody(self, port: int) -> bool:
        return bool(self._server()) and not holders_of(port, self._proc)

    def _otherwise(self, place: Place) -> Finding | None:
        """Look whether the running server stands at the public port, whatever the settings say."""
        public, server = PUBLIC_PORTS[place.door], self._server()
        if not server or not holders_of(public, self._proc):
            return None
        ports = ports_of(server, self._proc)
        if ports is None:
            return Finding(
                NAME,
                place.subject,
                Severity.WARNING,
                f"whether it is the running server (PID {server}) that listens on port {public}"
                " could not be seen",
                "A redirect would take mail away from a server that has the port already.",
                ("Look again as root:", doctor_again(NAME)),
            )
        if public not in ports:
            return None
        return Finding(
            NAME,
            place.subject,
            Severity.WARNING,
            f"none is needed now: the running server (PID {server}) listens on port {public}"
            " itself, against these settings",
            "A server that is started by these settings alone listens elsewhere, and gets no mail.",
            (
                f"Put where it listens below [listen] {IN_THE_FILE}",
                f'smtp = ["tcp:{public}"]',
                f"Or, if that is a socket of systemd, {IN_THE_FILE}",
                'smtp = ["systemd:domain=INET6:name=smtp"]',
            ),
        )

    def _astray(
        self,
        place: Place,
        wrong: Sequence[int],
        ways: dict[int, Passage],
        reading: FilterReading,
        where: str,
    ) -> Finding:
        public = PUBLIC_PORTS[place.door]
        turns = [turn for each in wrong if (turn := ways[each].turn) is not None]
        local = (reading.rules.undropped(neighbour(each, public)) for each in wrong)
        to = ways[wrong[0]].port
        turns += [way.turn for way in local if way.turn is not None and way.port == to]
        chains = "; ".join(dict.fromkeys(str(turn.chain) for turn in turns))
        remedies = ["Take the redirect away:", *dict.fromkeys(map(_taking_away, turns))]
        if place.port not in (public, to):
            remedies += [f"Redirect it to port {place.port}:", *self._commands(place)]
        return Finding(
            NAME,
            place.subject,
            Severity.FAILURE,
            f"port {public} is redirected to port {to} by {ips(wrong)}, {where}: {chains}",
            "Mail from other servers goes to another program, or to nobody.",
            tuple(remedies),
        )

    def _missing(self, place: Place, missing: Sequence[int], ways: dict[int, Passage]) -> Finding:
        public = PUBLIC_PORTS[place.door]
        partly = len(missing) < len(ways)
        sure = self._faces_the_world and not partly
        why = "Other servers send to port 25 alone, so that no mail from outside comes"
        why += f" by {ips(missing)}" if partly else ""
        why += "" if sure else ", unless something in front of this machine redirects it"
        return Finding(
            NAME,
            place.subject,
            Severity.FAILURE if sure else Severity.WARNING,
            f"port {public} is not redirected to port {place.port} by {ips(missing)}",
            f"{why}.",
            (
                "Redirect it, from outside and from this machine, by IPv4 and IPv6:",
                *self._commands(place),
                "Or let the server listen on port 25: docs/port-25.md tells the ways.",
            ),
        )

    def _there(self, place: Place, families: Sequence[int], reading: FilterReading) -> Finding:
        public = PUBLIC_PORTS[place.door]
        local = {family: reading.rules.undropped(neighbour(family, public)) for family in families}
        ours = {each.port for each in self._places}
        deaf = [family for family, way in local.items() if way.port not in ours]
        turns = [way.turn for way in local.values() if way.turn and way.port not in ours]
        what = f"port {public} is redirected to port {place.port} by {ips(families)}"
        if not deaf:
            return Finding(NAME, place.subject, Severity.OK, what)
        return Finding(
            NAME,
            place.subject,
            Severity.WARNING,
            f"{what}, but not for programs of this machine by {ips(deaf)}",
            "A redirect at the entrance does not hit connections that begin here: a program of"
            " this machine that sends to port 25 finds nobody, or another server.",
            (
                "Redirect them as well:",
                *dict.fromkeys(map(_taking_away, turns)),
                *self._commands(place),
            ),
        )

    def _commands(self, place: Place) -> Iterator[str]:
        """Yield the lines that put both redirects in force; they may be repeated."""
        if place.port == _READY_PORT and self._script:
            yield sudo(f"nft -f {self._script}")
            return
        hooks = ("prerouting", "output")
        public = PUBLIC_PORTS[place.door]
        rule = f"fib daddr type local tcp dport {public} redirect to :{place.port}"
        yield sudo("nft add table inet bitrixmail")
        for hook in hooks:
            yield sudo(f"nft 'add chain inet bitrixmail {hook} {_nat(hook)}'")
        yield sudo("nft flush table inet bitrixmail")
        for hook in hooks:
            yield sudo(f"nft add rule inet bitrixmail {hook} {rule}")


def _taking_away(turn: Turn) -> str:
    """Write the command that deletes a redirect."""
    chain = turn.chain
    if (chain.family, chain.table) == ("inet", "bitrixmail"):
        return sudo("nft delete table inet bitrixmail")
    if chain.program == "nft":
        return sudo(f"nft delete rule {chain.family} {chain.table} {chain.name} {turn.rule.key}")
    return sudo(f"{chain.program} -t {chain.table} -D {chain.name} {turn.rule.key}")


def _nat(hook: str) -> str:
    return f"{{ type nat hook {hook} priority -100; }}"


def _only_here(place: Place) -> Finding:
    return Finding(
        NAME,
        place.subject,
        Severity.WARNING,
        "the server listens only for this machine",
        "No other mail server can connect, so that no mail from outside comes, unless a program of"
        " this machine hands it on.",
        (
            f"Let it listen on every address. Put this below [listen] {IN_THE_FILE}",
            f'smtp = ["tcp:{place.port or PUBLIC_PORTS[place.door]}"]',
        ),
    )


def _unread(place: Place, reading: FilterReading) -> Finding:
    return Finding(
        NAME,
        place.subject,
        Severity.WARNING,
        f"whether port 25 is redirected to port {place.port} could not be read by"
        f" {', '.join(reading.unread)}: {reading.complaint}",
        "Other servers send to port 25 alone, and only root may see whether it leads here.",
        ("Look again as root:", doctor_again(NAME)),
    )
