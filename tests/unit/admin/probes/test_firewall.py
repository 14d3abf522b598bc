"""What is told of rules that a test made: the words, the commands, and what is not to be read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bitrixmail.admin.findings.russian import in_russian
from bitrixmail.admin.probes import filter_reading, host_programs
from bitrixmail.admin.probes.filter_reading import FilterReading
from bitrixmail.admin.probes.firewall import FirewallProbe
from bitrixmail.admin.probes.iptables import read_iptables
from bitrixmail.admin.probes.nftables import read_nftables
from bitrixmail.admin.probes.packet_filter import Chain, Ruleset
from bitrixmail.admin.probes.places import Place
from bitrixmail.admin.probes.redirect import RedirectProbe
from bitrixmail.model.finding import Finding, Severity

# Nothing listens there, so that calling it is refused at once.
DOOR = Place("smtp", "tcp", 1, "", "tcp:1")
LOCAL = Place("smtp", "tcp", 1, "127.0.0.1", "tcp:1:interface=127.0.0.1")
NO_RIGHT = FilterReading(programs=("nft",), unread=("nft",), complaint="Operation not permitted")


def looked(reading: FilterReading, proc: Path = Path("/nowhere")) -> Finding:
    (finding,) = FirewallProbe([DOOR], lambda: reading, proc).look()
    for text in (finding.what, finding.why):
        assert not text or re.search("[а-яё]", in_russian(text)), text
    return finding


def closed(program: str, family: str, table: str, name: str, *others: str) -> FilterReading:
    chains = [Chain(program, family, table, name, hook="input", accepts=False)]
    chains += [Chain(program, family, table, other) for other in others]
    return FilterReading(Ruleset(tuple(chains)), (program,))


@pytest.mark.parametrize(
    ("reading", "commands"),
    [
        (
            closed("nft", "inet", "filter", "input"),
            [
                "nft insert rule inet filter input tcp dport 1 accept",
                "nft insert rule inet filter input iif lo accept",
            ],
        ),
        (
            closed("nft", "inet", "firewalld", "filter_INPUT"),
            ["firewall-cmd --permanent --add-port=1/tcp", "firewall-cmd --reload"],
        ),
        (closed("iptables", "ip", "filter", "INPUT", "ufw-user-input"), ["ufw allow 1/tcp"]),
        (
            closed("iptables", "ip", "filter", "INPUT"),
            [
                "iptables -I INPUT -p tcp --dport 1 -j ACCEPT",
                "iptables -I INPUT -i lo -j ACCEPT",
            ],
        ),
    ],
)
def test_each_firewall_has_its_own_command(reading: FilterReading, commands: list[str]) -> None:
    finding = looked(reading)
    assert finding.severity is Severity.FAILURE
    assert "its policy" in finding.what
    found = [each for each in finding.remedies if each[-1] not in ".:"]
    assert [each.removeprefix("sudo ") for each in found] == commands


def test_what_can_not_be_known_is_told_as_unsure() -> None:
    text = "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -m mark --mark 0x1 -j DROP\nCOMMIT\n"
    finding = looked(FilterReading(read_iptables(text, 4), ("iptables-save",)))
    assert finding.severity is Severity.WARNING
    assert "can't be told" in finding.what
    assert '"-m mark --mark 0x1 -j DROP"' in finding.what


def test_a_drop_behind_an_acceptance_that_is_not_known_is_unsure() -> None:
    text = "*filter\n:INPUT DROP [0:0]\n-A INPUT -m mark --mark 0x1 -j ACCEPT\nCOMMIT\n"
    finding = looked(FilterReading(read_iptables(text, 4), ("iptables-save",)))
    assert finding.severity is Severity.WARNING


def test_rules_that_only_root_may_read() -> None:
    finding = looked(NO_RIGHT)
    assert finding.severity is Severity.WARNING
    assert "could not be read by nft: Operation not permitted" in finding.what
    (redirect,) = RedirectProbe([DOOR], "", lambda: NO_RIGHT).look()
    assert redirect.severity is Severity.WARNING
    assert redirect.remedies[-1].endswith("bitrixmail doctor --only redirect")


def test_a_door_for_this_machine_alone_needs_no_firewall() -> None:
    assert FirewallProbe([LOCAL], lambda: NO_RIGHT).look() == ()


def test_a_door_for_this_machine_alone_gets_no_mail() -> None:
    local = Place("smtp", "tcp", 25, "127.0.0.1", "tcp:25:interface=127.0.0.1")
    unix = Place("smtp", "unix", text="unix:/run/x")
    for places in ([LOCAL], [local], [local, unix], [unix]):
        (finding,) = RedirectProbe(places, "", lambda: NO_RIGHT).look()
        assert finding.severity is Severity.WARNING
        assert finding.what == "the server listens only for this machine"
    (finding,) = RedirectProbe([local, DOOR], "", lambda: NO_RIGHT).look()
    assert "could not be read" in finding.what


def test_what_iptables_hides_without_nft_is_not_taken_for_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A machine where only iptables is installed, and somebody else has made tables of nft."""
    told = "# Table `filter' contains incompatible base-chains, use 'nft' tool to list them."
    file = tmp_path / "iptables-save"
    file.write_text(f'#!/bin/sh\necho "{told.replace("`", chr(92) + "`")}"\n')
    file.chmod(0o755)
    monkeypatch.setattr(host_programs, "_PLACES", f"{tmp_path}:/bin")
    monkeypatch.setattr(filter_reading, "program", lambda name: _only(tmp_path, name))
    reading = filter_reading.read_filters()
    assert (reading.programs, reading.unread) == (("iptables-save",), ("nft",))
    assert looked(reading).severity is Severity.WARNING


def _only(folder: Path, name: str) -> str:
    return str(folder / name) if (folder / name).exists() else ""


def test_a_redirect_to_where_nobody_is() -> None:
    text = (
        "*nat\n:PREROUTING ACCEPT [0:0]\n"
        "-A PREROUTING -p tcp -m tcp --dport 25 -j REDIRECT --to-ports 9\nCOMMIT\n"
    )
    reading = FilterReading(read_iptables(text, 4), ("iptables-save",))
    (finding,) = RedirectProbe([DOOR], "", lambda: reading, Path("/nowhere")).look()
    assert finding.severity is Severity.FAILURE
    assert "port 25 is redirected to port 9 by IPv4" in finding.what


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"nftables": [{"rule": {}}]}', '{"nftables": 1}']
)
def test_what_nft_never_prints(text: str) -> None:
    with pytest.raises(ValueError, match=r"nft|JSON|Expecting"):
        read_nftables(text)


@pytest.mark.parametrize(("faces", "severity"), [(True, "FAILURE"), (False, "WARNING")])
def test_a_missing_redirect_is_a_failure_where_nothing_stands_in_front(
    faces: bool, severity: str
) -> None:
    probe = RedirectProbe([DOOR], "", FilterReading, Path("/nowhere"), faces_the_world=faces)
    (finding,) = probe.look()
    assert finding.what == "port 25 is not redirected to port 1 by IPv4"
    assert finding.severity is Severity[severity]
    assert ("in front of this machine" in finding.why) is not faces
