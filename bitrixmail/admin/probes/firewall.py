"""Whether this machine's own firewall lets strangers come to the doors. Blocking."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bitrixmail.admin.probes.filter_reading import FilterReading, read_filters
from bitrixmail.admin.probes.host_programs import doctor_again, sudo
from bitrixmail.admin.probes.packet_filter import Chain, Passage, Ruleset
from bitrixmail.admin.probes.places import (
    PUBLIC_PORTS,
    Place,
    calling_address,
    ips,
    ipv6_here,
    own_reply,
    stranger,
)
from bitrixmail.model.finding import Finding, Severity

NAME = "firewall"
_PATIENCE_S = 1.0
_LOOPBACK = {4: "127.0.0.1", 6: "::1"}


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of strangers who ask for a port by one version of IP."""

    family: int
    asked: int
    passage: Passage


class FirewallProbe:
    """Made by app for one examination; `look` runs in a thread."""

    def __init__(
        self,
        places: Sequence[Place],
        read: Callable[[], FilterReading] = read_filters,
        proc: Path = Path("/proc"),
    ) -> None:
        self._places = [place for place in places if place.families and place.port]
        self._read = read
        self._proc = proc

    def look(self) -> tuple[Finding, ...]:
        """Follow a stranger's packet through the rules, and call each door ourselves."""
        if not self._places:
            return ()
        reading = self._read()
        return tuple(self._of(place, reading) for place in self._places)

    def _of(self, place: Place, reading: FilterReading) -> Finding:
        families = [each for each in place.families if each == 4 or ipv6_here(self._proc)]
        silent = [each for each in families if _silent(each, place.port)]
        fates = [self._fate(place, reading.rules, family) for family in families]
        closed = [fate for fate in fates if fate.passage.dropped and fate.passage.sure]
        deaf = [each for each in families if reading.rules.passage(own_reply(each)).dropped]
        if closed:
            return _dropped(place, closed, deaf, reading.rules)
        if silent and deaf:
            return _deaf(place, deaf, reading.rules)
        if silent:
            return _unanswered(place, silent, reading)
        doubtful = [fate for fate in fates if not fate.passage.sure]
        if doubtful:
            return _unsure(place, doubtful, reading.rules)
        if reading.unread:
            return _unread(place, reading)
        what = "the rules of this machine let strangers in; what your provider filters stands"
        if not reading.programs:
            what = "there is no firewall program here; what your provider filters stands"
        return Finding(NAME, place.subject, Severity.OK, f"{what} in his control panel")

    def _fate(self, place: Place, rules: Ruleset, family: int) -> Fate:
        """Follow who asks for the public port, if that leads to the door, else for its own."""
        public = PUBLIC_PORTS.get(place.door, place.port)
        asked = stranger(family, public, self._proc)
        passage = rules.passage(asked)
        if rules.undropped(asked).port != place.port:
            passage = rules.passage(stranger(family, place.port, self._proc))
            return Fate(family, place.port, passage)
        return Fate(family, public, passage)


def _silent(family: int, port: int) -> bool:
    """Call a port by our own address: is it neither answered nor refused?

    Most firewalls let a machine talk with itself, so an answer proves little; silence does.
    """
    kind = socket.AF_INET if family == 4 else socket.AF_INET6
    address = next(iter(calling_address(family)), _LOOPBACK[family])
    with socket.socket(kind, socket.SOCK_STREAM) as call:
        call.settimeout(_PATIENCE_S)
        try:
            call.connect((address, port))
        except TimeoutError:
            return True
        except OSError:
            return False
    return False


def _dropped(place: Place, fates: Sequence[Fate], deaf: Sequence[int], rules: Ruleset) -> Finding:
    causes = dict.fromkeys(
        f"{fate.passage.chain} drops them by {fate.passage.rule}" for fate in fates
    )
    families = ips([fate.family for fate in fates])
    return Finding(
        NAME,
        place.subject,
        Severity.FAILURE,
        f"port {fates[0].asked} is closed to strangers by {families}: {'; '.join(causes)}",
        "Other servers and mail programs try to connect and get no answer.",
        (
            "Let the port through:",
            *dict.fromkeys(line for fate in fates for line in _opening(fate, rules)),
            *_listening_to_itself(deaf, rules),
            *dict.fromkeys(_for_good(fate.passage.chain, rules) for fate in fates),
        ),
    )


def _opening(fate: Fate, rules: Ruleset) -> Iterator[str]:
    """Yield the commands that open a port in the firewall that was found."""
    port, chain = fate.passage.port, fate.passage.chain
    if chain is None:
        return
    if _is_firewalld(chain):
        # It looks at the port after a redirect of its own, and so do its own commands.
        yield sudo(f"firewall-cmd --permanent --add-port={port}/tcp")
        yield sudo("firewall-cmd --reload")
    elif _is_ufw(chain, rules):
        yield sudo(f"ufw allow {port}/tcp")
    elif chain.program == "nft":
        place = f"{chain.family} {chain.table} {chain.name}"
        yield sudo(f"nft insert rule {place} tcp dport {port} accept")
    else:
        table = "" if chain.table == "filter" else f"-t {chain.table} "
        yield sudo(f"{chain.program} {table}-I {chain.name} -p tcp --dport {port} -j ACCEPT")


def _listening_to_itself(families: Sequence[int], rules: Ruleset) -> tuple[str, ...]:
    """Return the commands that let programs of this machine talk with each other."""
    chains = dict.fromkeys(rules.passage(own_reply(family)).chain for family in families)
    commands = [
        f"nft insert rule {chain.family} {chain.table} {chain.name} iif lo accept"
        if chain.program == "nft"
        else f"{chain.program} -I {chain.name} -i lo -j ACCEPT"
        for chain in chains
        if chain is not None and not _is_firewalld(chain) and not _is_ufw(chain, rules)
    ]
    if not commands:
        return ()
    return ("And let programs of this machine talk with each other:", *map(sudo, commands))


def _deaf(place: Place, families: Sequence[int], rules: Ruleset) -> Finding:
    chain = rules.passage(own_reply(families[0])).chain
    return Finding(
        NAME,
        place.subject,
        Severity.WARNING,
        f"strangers are let in, but programs of this machine are not, by {ips(families)}:"
        f" {chain} drops what comes by lo",
        "A site on this machine can't hand its mail to the server.",
        _listening_to_itself(families, rules),
    )


def _for_good(chain: Chain | None, rules: Ruleset) -> str:
    if chain is None or _is_firewalld(chain) or _is_ufw(chain, rules):
        return "This also lasts over a restart of the machine."
    where = (
        "/etc/nftables.conf" if chain.program == "nft" else "/etc/iptables/rules.v4 and rules.v6"
    )
    return f"This lasts until the machine restarts; for good it must stand in {where}."


def _is_firewalld(chain: Chain) -> bool:
    return chain.table == "firewalld"


def _is_ufw(chain: Chain, rules: Ruleset) -> bool:
    return chain.program != "nft" and any(each.name.startswith("ufw") for each in rules.chains)


def _unsure(place: Place, fates: Sequence[Fate], rules: Ruleset) -> Finding:
    fate = fates[0]
    chain = fate.passage.chain
    command = "iptables-save" if chain and chain.program != "nft" else "nft -a list ruleset"
    return Finding(
        NAME,
        place.subject,
        Severity.WARNING,
        f"whether port {fate.asked} is open to strangers by"
        f" {ips([each.family for each in fates])} can't be told: {chain} asks what"
        f" is not known here: {fate.passage.rule or 'an earlier rule'}",
        "If it is closed, other servers and mail programs get no answer.",
        (
            "Look at the rules:",
            sudo(command),
            "Or try from another machine, with the name of this one:",
            f"curl -v telnet://mx.example.org:{fate.asked}",
            "If there is no answer, let the port through:",
            *_opening(fate, rules),
        ),
    )


def _unanswered(place: Place, families: Sequence[int], reading: FilterReading) -> Finding:
    rules = "nft list ruleset" if "nft" in reading.programs else "iptables-save"
    return Finding(
        NAME,
        place.subject,
        Severity.FAILURE,
        f"a connection to port {place.port} by {ips(families)} is neither taken nor refused,"
        " not even from this machine",
        "A firewall swallows it, so nobody can connect.",
        ("Look at the rules:", sudo(rules), *_again(reading)),
    )


def _unread(place: Place, reading: FilterReading) -> Finding:
    return Finding(
        NAME,
        place.subject,
        Severity.WARNING,
        f"the rules could not be read by {', '.join(reading.unread)}: {reading.complaint}",
        "A firewall may keep strangers away, and only root may see whether it does.",
        _again(reading) or ("See what is wrong:", "nft list ruleset"),
    )


def _again(reading: FilterReading) -> tuple[str, ...]:
    if not reading.unread or not sudo("").strip():
        return ()
    return ("Look again as root:", doctor_again(NAME))
