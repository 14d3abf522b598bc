"""The firewall's rules as the programs of this machine print them. Blocking."""

from __future__ import annotations

from dataclasses import dataclass, field

from bitrixmail.admin.probes.host_programs import printed_by, program
from bitrixmail.admin.probes.iptables import read_iptables
from bitrixmail.admin.probes.nftables import read_nftables
from bitrixmail.admin.probes.packet_filter import Chain, Ruleset

# Said of a table in which nft made chains of its own.
_HIDING = "contains incompatible base-chains"


@dataclass(frozen=True, slots=True)
class FilterReading:
    """What could be read. `programs`: which there are; `unread`: which of them did not tell."""

    rules: Ruleset = field(default_factory=Ruleset)
    programs: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    complaint: str = ""


def read_filters() -> FilterReading:
    """Read nftables and iptables, as far as they are installed and we have the right to."""
    readings = (
        ("nft", ("-j", "list", "ruleset"), read_nftables),
        ("iptables-save", (), lambda text: read_iptables(text, 4)),
        ("ip6tables-save", (), lambda text: read_iptables(text, 6)),
    )
    rules = Ruleset()
    programs: list[str] = []
    unread: list[str] = []
    complaint = ""
    for name, words, read in readings:
        path = program(name)
        if not path:
            continue
        programs.append(name)
        printed = printed_by(path, *words)
        refusal = printed.complaint or f"exit code {printed.code}" if printed.code else ""
        try:
            rules += Ruleset() if refusal else read(printed.text)
        except ValueError as error:
            refusal = str(error)
        if refusal or printed.code is None:
            unread.append(name)
            complaint = complaint or f"{refusal or printed.complaint}".splitlines()[0]
        if _HIDING in printed.text and ("nft" in unread or "nft" not in programs):
            unread += [] if "nft" in unread else ["nft"]
            complaint = complaint or f"{name} leaves out chains that only nft shows"
    return FilterReading(_told_once(rules), tuple(programs), tuple(unread), complaint)


def _told_once(rules: Ruleset) -> Ruleset:
    """Put what iptables tells in the place of what nft tells, less exactly, of the same chain.

    The order is that of nft, in which they were made; what iptables alone knows comes last.
    """
    theirs = {_name(chain): chain for chain in rules.chains if chain.program != "nft"}
    of_nft = {_name(chain): chain for chain in rules.chains if chain.program == "nft"}
    return Ruleset(tuple((of_nft | theirs).values()))


def _name(chain: Chain) -> tuple[str, str, str]:
    return chain.family, chain.table, chain.name
