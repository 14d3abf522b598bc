"""Rules that shut mail out or lead it astray: the doctor names them, and its commands mend it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from bitrixmail.model.finding import Severity
from tests.fakes.examiner import Examiner, commands
from tests.fakes.namespace import Namespaces, as_root
from tests.fakes.process import BIN
from tests.fakes.server import RunningServer

pytestmark = [as_root, pytest.mark.debian("nftables", "iproute2")]


@pytest.fixture(scope="module")
def machine() -> Iterator[Namespaces]:
    with Namespaces() as namespaces:
        namespaces.listen(20226)
        yield namespaces


@pytest.fixture(scope="module")
def doctor(machine: Namespaces) -> Iterator[Examiner]:
    with Examiner(machine.inside) as examiner:
        yield examiner


HERE = ["listen.smtp=tcp:20226", "listen.pop3=", "listen.web=", "listen.submission="]
CLASSIC = """\
table ip filter {
    chain input {
        type filter hook input priority 0; policy drop;
        tcp dport 22 accept
    }
}
"""


def redirects(table: str, port: int, priority: int = -100) -> str:
    hook = f"type nat hook prerouting priority {priority};"
    rule = f"tcp dport 25 redirect to :{port}"
    return f"table {table} {{\nchain p {{\n{hook}\n{rule}\n}}\n}}\n"


def mended(
    machine: Namespaces, doctor: Examiner, probe: str, settings: Sequence[str] = HERE
) -> None:
    """Type the remedies of the one finding, and see that the doctor is content."""
    for command in commands(doctor.found(probe, *settings)):
        machine.shell(command)
    found = doctor.found(probe, *settings)
    assert found.severity is Severity.OK, found


@pytest.mark.debian("iptables")
def test_tables_of_nft_with_the_names_of_iptables(machine: Namespaces, doctor: Examiner) -> None:
    """iptables prints such a table as empty, and says so in a comment alone."""
    machine.run("nft", "-f", "-", stdin=f"flush ruleset\n{CLASSIC}{redirects('ip nat', 9)}")
    assert "incompatible base-chains" in machine.run("iptables-save")
    found = doctor.found("firewall", *HERE)
    assert found.severity is Severity.FAILURE, found
    assert "table ip filter, chain input drops them by its policy" in found.what
    mended(machine, doctor, "firewall")
    assert machine.reaches(20226, 4, 5.0)
    found = doctor.found("redirect", *HERE)
    assert found.severity is Severity.FAILURE, found
    assert "port 25 is redirected to port 9 by IPv4" in found.what
    assert "table ip nat, chain p" in found.what
    mended(machine, doctor, "redirect")
    assert machine.reaches(25, 4, 5.0)


@pytest.mark.parametrize(
    "rules",
    [
        redirects("ip foreign", 9, -150),
        redirects("inet older", 20226) + redirects("inet younger", 9),
    ],
    ids=["an earlier priority", "a younger table"],
)
def test_a_foreign_redirect_is_named_and_taken_away(
    machine: Namespaces, doctor: Examiner, rules: str
) -> None:
    machine.run("nft", "-f", "-", stdin=f"flush ruleset\n{rules}")
    found = doctor.found("redirect", *HERE)
    assert found.severity is Severity.FAILURE, found
    mended(machine, doctor, "redirect")
    assert machine.reaches(25, 4, 5.0)


def test_a_drop_before_the_redirect(machine: Namespaces, doctor: Examiner) -> None:
    raw = "table inet raw {\nchain p {\ntype filter hook prerouting priority -300;\n"
    raw += "tcp dport 25 drop\n}\n}\n"
    machine.run(
        "nft", "-f", "-", stdin=f"flush ruleset\n{raw}{redirects('inet bitrixmail', 20226)}"
    )
    found = doctor.found("firewall", *HERE)
    assert found.severity is Severity.FAILURE, found
    assert "port 25 is closed to strangers by IPv4 and IPv6: table inet raw" in found.what
    found = doctor.found("redirect", *HERE)
    assert found.what.startswith("port 25 is redirected to port 20226 by IPv4 and IPv6")
    mended(machine, doctor, "firewall")
    assert machine.reaches(25, 4, 5.0)


def test_a_redirect_away_from_a_door_at_port_25(machine: Namespaces, doctor: Examiner) -> None:
    """It was made for another way to the port, and left."""
    rules = redirects("inet bitrixmail", 20225)
    machine.run("nft", "-f", "-", stdin=f"flush ruleset\n{rules}")
    direct = ["listen.smtp=tcp:25", "listen.pop3=", "listen.web=", "listen.submission="]
    found = doctor.found("redirect", *direct)
    assert found.severity is Severity.FAILURE, found
    assert "redirected to port 20225 by IPv4 and IPv6, where no door of ours is" in found.what
    assert [each.removeprefix("sudo ") for each in commands(found)] == [
        "nft delete table inet bitrixmail"
    ]
    mended(machine, doctor, "redirect", direct)


def test_a_running_server_that_listens_elsewhere(
    machine: Namespaces, doctor: Examiner, tmp_path: Path
) -> None:
    """Its settings stood in its unit alone, so whoever asks in a shell is told of other ports."""
    elsewhere = ["listen.smtp=tcp:25", "listen.pop3=", "listen.web=", "listen.submission="]
    machine.run("nft", "flush", "ruleset")
    told = [
        f"server.data_dir={tmp_path}/var",
        "listen.smtp=tcp:20227",
        "listen.pop3=",
        "listen.submission=",
        "listen.web=",
    ]
    program = (*machine.inside, str(BIN / "twistd"))
    with RunningServer(tmp_path, settings=elsewhere, program=program) as server:
        server.logs("ready as")
        found = doctor.found("port", *told)
        assert found.severity is Severity.WARNING, found
        assert "does not listen there, but on port 25" in found.what
        found = doctor.found("redirect", *told)
        assert found.severity is Severity.WARNING, found
        assert found.what.startswith("none is needed now: the running server")
        assert not any("nft" in remedy for remedy in found.remedies)
        machine.run("nft", "-f", "-", stdin=redirects("inet bitrixmail", 20227))
        found = doctor.found("redirect", *told)
        assert found.severity is Severity.FAILURE, found
        assert "where nobody listens while the server runs" in found.what
        for command in commands(found):
            machine.shell(command)
        assert machine.greeted(25, 4, 5.0)


def test_the_port_of_the_metrics_is_looked_at(doctor: Examiner) -> None:
    metrics = "listen.metrics=tcp:20226:interface=127.0.0.1"
    *_doors, found = doctor.finds(
        "port", "listen.smtp=tcp:2500", "listen.pop3=", "listen.web=", "listen.submission=", metrics
    )
    assert found.subject == "metrics tcp:20226:interface=127.0.0.1"
    assert found.severity is Severity.FAILURE
    assert "the port is taken" in found.what
