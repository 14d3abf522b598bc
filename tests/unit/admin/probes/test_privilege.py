"""Rights to low ports, on machines made of files."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from bitrixmail.admin.findings.russian import in_russian
from bitrixmail.admin.probes.places import Place
from bitrixmail.admin.probes.privilege import Host, PrivilegeProbe
from bitrixmail.admin.probes.units import service_of
from bitrixmail.app.looks.host_probes import inherited
from bitrixmail.app.settings.endpoints import parse_endpoint
from bitrixmail.model.finding import Finding, Severity

SMTP = Place("smtp", "tcp", 25, "", "tcp:25")
INHERITED = Place("smtp", "systemd", 0, "", "systemd:domain=INET6:name=smtp")
NOBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="gives files away: needs root")


def host(root: Path, *, first: int = 1024, capabilities: int = 0) -> Host:
    proc = root / "proc"
    (proc / "sys/net/ipv4").mkdir(parents=True)
    (proc / "sys/net/ipv4/ip_unprivileged_port_start").write_text(f"{first}\n")
    (proc / "self").mkdir()
    (proc / "self/status").write_text(f"Name:\tx\nCapEff:\t{capabilities:016x}\nSeccomp:\t0\n")
    (proc / "net").mkdir()
    return Host(proc, root / "etc", (root / "units",), root / "no-systemd", root / "python")


def found(root: Path, machine: Host, place: Place = SMTP) -> Finding:
    """Look for the server's user nobody, whose the data directory is."""
    data_dir = root / "var"
    data_dir.mkdir(exist_ok=True)
    if os.geteuid() == 0:
        os.chown(data_dir, NOBODY, NOBODY)
    (finding,) = PrivilegeProbe([place], data_dir, machine).look()
    return finding


@as_root
def test_the_missing_right_is_named_with_the_ways_to_it(tmp_path: Path) -> None:
    finding = found(tmp_path, host(tmp_path))
    assert finding.severity is Severity.FAILURE
    assert "user nobody has no right to port 25: ports below 1024 need root" in finding.what
    commands = [each for each in finding.remedies if each[-1] not in ".:"]
    sentences = [each for each in finding.remedies if each[-1] in ".:"]
    for text in (finding.what, finding.why, *sentences):
        assert re.search("[а-яё]", in_russian(text)), text
    assert commands[0] == "sysctl -w net.ipv4.ip_unprivileged_port_start=25"
    byport = f"{tmp_path}/etc/authbind/byport/25"
    assert f"install -D -o nobody -m 500 /dev/null {byport}" in commands


def test_where_systemd_runs_its_socket_comes_first(tmp_path: Path) -> None:
    machine = host(tmp_path)
    machine.systemd.mkdir()
    if os.geteuid() != 0:
        pytest.skip("needs a user who lacks the right")
    finding = found(tmp_path, machine)
    assert finding.remedies[1] == "systemctl enable --now bitrixmail.socket"


def test_ports_from_the_first_free_one_are_for_everyone(tmp_path: Path) -> None:
    assert found(tmp_path, host(tmp_path, first=25)).what == "ports from 25 on are for every user"


@as_root
def test_a_capability_counts_for_who_has_it(tmp_path: Path) -> None:
    machine = host(tmp_path, capabilities=1 << 10)
    assert found(tmp_path, machine).severity is Severity.FAILURE  # root's, not nobody's
    os.chown(tmp_path / "var", 0, 0)
    (finding,) = PrivilegeProbe([SMTP], tmp_path / "var", machine).look()
    assert finding.what.startswith("root may")


@as_root
@pytest.mark.parametrize(("mode", "good"), [(0o500, True), (0o400, False), (0o011, False)])
def test_authbind_gives_it_to_who_may_execute_the_file(
    tmp_path: Path, mode: int, good: bool
) -> None:
    machine = host(tmp_path)
    file = tmp_path / "etc/authbind/byport/25"
    file.parent.mkdir(parents=True)
    file.touch()
    os.chown(file, NOBODY, 0)
    file.chmod(mode)
    finding = found(tmp_path, machine)
    assert (finding.severity is Severity.OK) is good
    assert ("authbind gives it" in finding.what) is good


def test_a_socket_of_systemd_needs_its_unit(tmp_path: Path) -> None:
    machine = host(tmp_path)
    missing = found(tmp_path, machine, INHERITED)
    assert missing.severity is Severity.WARNING
    assert "no unit of systemd hands over a socket of the name smtp" in missing.what
    (tmp_path / "units").mkdir()
    (tmp_path / "units/x.socket").write_text("[Socket]\nFileDescriptorName=smtp\n")
    assert found(tmp_path, machine, INHERITED).what == "systemd hands the socket over by x.socket"


UNIT = """\
[Service]
User=nobody
ExecStart="/opt/b/bin/twistd" -n --pidfile= bitrixmail
{}
"""
AMBIENT = "AmbientCapabilities=CAP_NET_BIND_SERVICE"
BOUNDING = "CapabilityBoundingSet=CAP_NET_BIND_SERVICE"


@pytest.mark.parametrize(
    ("lines", "good"),
    [
        ((AMBIENT, BOUNDING), True),
        ((AMBIENT,), True),
        ((), False),
        ((BOUNDING,), False),
        ((f"# {AMBIENT}", BOUNDING), False),
        ((AMBIENT, BOUNDING, "CapabilityBoundingSet="), False),  # which empties the set again
        (("CapabilityBoundingSet=", AMBIENT, BOUNDING), True),
    ],
)
@as_root
def test_the_unit_of_the_server_may_give_the_right(
    tmp_path: Path, lines: tuple[str, ...], good: bool
) -> None:
    machine = host(tmp_path)
    (tmp_path / "bitrixmail.service").write_text(UNIT.format("\n".join(lines)))
    finding = found(tmp_path, machine)
    assert (finding.severity is Severity.OK) is good, finding
    if good:
        assert finding.what.startswith("the unit bitrixmail.service gives the capability")


@as_root
def test_one_command_opens_the_lowest_port_of_all(tmp_path: Path) -> None:
    pop3 = Place("pop3", "tcp", 110, "", "tcp:110")
    (tmp_path / "var").mkdir()
    os.chown(tmp_path / "var", NOBODY, NOBODY)
    both = PrivilegeProbe([pop3, SMTP], tmp_path / "var", host(tmp_path)).look()
    opening = {each for finding in both for each in finding.remedies if "sysctl" in each}
    assert opening == {"sysctl -w net.ipv4.ip_unprivileged_port_start=25"}


def test_the_unit_of_another_server_is_not_ours(tmp_path: Path) -> None:
    units = tmp_path / "units"
    units.mkdir()
    for name in ("a", "b"):
        place = f"WorkingDirectory={tmp_path}/{name}"
        (units / f"{name}.service").write_text(UNIT.format(place).replace("nobody", name))
    (units / "c.service").write_text("[Service]\nUser=c\nExecStart=/usr/bin/postfix start\n")
    theirs = service_of(tmp_path / "elsewhere", (units,))
    ours = service_of(tmp_path / "b" / "var", (units,))
    assert (theirs, ours and ours.user) == (None, "b")


@pytest.mark.parametrize(
    ("lines", "families", "port"),
    [
        ("ListenStream=25\nBindIPv6Only=both", (4, 6), 25),
        ("ListenStream=0.0.0.0:25", (4,), 25),
        ("ListenStream=[::]:25\nBindIPv6Only=ipv6-only", (6,), 25),
        ("ListenStream=127.0.0.1:2525", (), 2525),
    ],
)
def test_a_socket_of_systemd_listens_where_its_unit_says(
    tmp_path: Path, lines: str, families: tuple[int, ...], port: int
) -> None:
    (tmp_path / "x.socket").write_text(f"[Socket]\nFileDescriptorName=smtp\n{lines}\n")
    place = inherited("smtp", parse_endpoint("systemd:domain=INET6:name=smtp"), (tmp_path,))
    assert (place.families, place.port) == (families, port)


def test_a_socket_without_a_unit_is_taken_for_the_public_port(tmp_path: Path) -> None:
    place = inherited("pop3", parse_endpoint("systemd:domain=INET6:name=pop3"), (tmp_path,))
    assert (place.families, place.port) == ((4, 6), 110)
