"""`bitrixmail doctor` as a process before a fake DNS: faults are named, remedies mend them."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from twisted.internet import reactor as running_reactor
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock

from bitrixmail.admin.probes.outgoing import OutgoingProbe
from bitrixmail.model.directory import Domain
from bitrixmail.model.finding import Finding, Severity
from bitrixmail.outbound.security.dkim_keys import make_keys
from bitrixmail.store.opening import inline_stores
from tests.fakes.name_server import NameServer
from tests.fakes.namespace import as_root
from tests.fakes.process import BIN, ROOT
from tests.fakes.resolver import TableResolver
from tests.fakes.server import anyones_twistd
from tests.fakes.stores import result_of
from tests.fakes.surroundings import OURS, THEIRS, ZONE, follow
from tests.fakes.terminal import Terminal

ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}


@dataclass
class Doctor:
    """Runs the command. Made by a test, with a name server of its own."""

    home: Path
    dns: NameServer
    settings: list[str] = field(default_factory=list)

    def words(self, *words: str) -> list[str]:
        given = {
            "server.hostname": "mx.example.org",
            "server.data_dir": str(self.home / "var"),
            "server.domains": "example.org",
            "server.public_addresses": OURS,
            "dns.servers": self.dns.address,
            "dns.timeout": "5s",
        }
        given |= dict(text.split("=", 1) for text in self.settings)
        return [*(word for key in given for word in ("--set", f"{key}={given[key]}")), *words]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [BIN / "bitrixmail", *self.words(*words)],
            capture_output=True,
            text=True,
            timeout=60,
            cwd=ROOT,
            env=ENVIRONMENT,
            check=False,
        )

    def finds(self, *probes: str) -> list[dict[str, Any]]:
        """Return the findings of probes; the exit code must be that of the worst."""
        done = self.run("doctor", "--json", *(word for name in probes for word in ("--only", name)))
        told = json.loads(done.stdout)
        counts = {"ok": 0, "warning": 0, "failure": 0}
        for found in told["findings"]:
            counts[found["severity"]] += 1
        assert told["summary"] == counts
        assert done.returncode == (2 if counts["failure"] else 1 if counts["warning"] else 0)
        findings: list[dict[str, Any]] = told["findings"]
        return findings


@pytest.fixture
def doctor(tmp_path: Path) -> Iterator[Doctor]:
    with NameServer(*ZONE) as server:
        yield Doctor(tmp_path, server)


def test_faults_are_named_and_their_remedies_mend_them(doctor: Doctor) -> None:
    """A wrong MX, an alias as MX and a missing PTR; then the lines that it says to write."""
    doctor.settings.append("server.domains=example.org,example.net")
    doctor.dns.zone.put(
        "example.org. 300 IN MX 10 mx.elsewhere.example.",
        "example.net. 300 IN MX 10 mail.example.net.",
        "mail.example.net. 300 IN CNAME mx.example.org.",
    )
    doctor.dns.zone.remove("4.3.2.1.in-addr.arpa", "PTR")
    wrong, alias, reverse = doctor.finds("mx", "ptr")
    assert (wrong["subject"], wrong["severity"], wrong["what"]) == (
        "example.org",
        "failure",
        f"its mail goes elsewhere: MX 10 mx.elsewhere.example ({THEIRS})",
    )
    assert (alias["subject"], alias["severity"]) == ("example.net", "failure")
    assert "mail.example.net is an alias (CNAME) of mx.example.org" in alias["what"]
    assert (reverse["subject"], reverse["severity"]) == (OURS, "warning")
    assert reverse["what"] == "has no name (PTR record)"
    for found in (wrong, alias, reverse):
        follow(doctor.dns.zone, found["remedies"])
    mended = doctor.finds("mx", "ptr", "hostname", "dns")
    assert [found["probe"] for found in mended] == ["dns", "hostname", "mx", "mx", "ptr"]
    assert {found["severity"] for found in mended} == {"ok"}
    assert mended[2] == {
        "probe": "mx",
        "subject": "example.org",
        "severity": "ok",
        "what": f"its mail comes here: MX 10 mx.example.org ({OURS})",
        "why": "",
        "remedies": [],
    }


def test_the_records_that_outgoing_mail_needs(doctor: Doctor) -> None:
    """Of a domain with keys: each is missed, and is well once what is printed stands there."""
    data_dir = doctor.home / "var"
    data_dir.mkdir()
    database = f"sqlite:///{data_dir}/bitrixmail.sqlite"
    with inline_stores(database, data_dir, cast("IReactorTime", Clock())) as stores:
        result_of(stores.directory.add_domain(Domain("example.org")))
        assert [each["what"] for each in doctor.finds("dkim")] == [
            "has no keys: its mail is not signed"
        ]
        now = datetime.now(UTC)
        keys = [
            replace(key, active_from=now - timedelta(days=1))
            for key in make_keys("example.org", (), now)
        ]
        result_of(stores.dkim_keys.add(keys))
    doctor.dns.zone.put(
        'example.org. 300 IN TXT "v=spf1 ip4:192.0.2.1 -all"',
        '_dmarc.example.org. 300 IN TXT "v=DMARC1; p=reject"',
    )
    found = doctor.finds("spf", "dkim", "dmarc")
    assert [each["probe"] for each in found] == ["spf", "dkim", "dkim", "dmarc"]
    assert {each["severity"] for each in found} == {"failure"}
    for each in found[:3]:
        follow(doctor.dns.zone, each["remedies"])
    assert {each["severity"] for each in doctor.finds("spf", "dkim", "dmarc")} == {"ok"}


def test_no_name_server_answers(doctor: Doctor) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
        mute.bind(("127.0.0.1", 0))
        servers = f"dns.servers=127.0.0.1:{mute.getsockname()[1]}"
        doctor.settings += [servers, "dns.timeout=500ms"]
        dns, *others = doctor.finds("dns", "hostname", "mx", "outgoing")
    assert (dns["severity"], "no answer" in dns["what"]) == ("failure", True)
    assert [found["severity"] for found in others] == ["warning"] * 3
    # The advice stands with the name servers alone.
    assert {(found["what"], len(found["remedies"])) for found in others} == {
        ("could not be looked at, because the name servers do not answer", 0)
    }


def test_the_domains_of_the_store_are_looked_at_and_nothing_is_made(doctor: Doctor) -> None:
    doctor.settings.append("server.domains=[]")
    (found,) = doctor.finds("mx")
    assert found["what"] == "there is none yet"
    data_dir, database = doctor.home / "var", doctor.home / "var" / "bitrixmail.sqlite"
    assert not data_dir.exists()
    data_dir.mkdir()
    with inline_stores(f"sqlite:///{database}", data_dir, cast("IReactorTime", Clock())) as stores:
        result_of(stores.directory.add_domain(Domain("example.org")))
    store, found = doctor.finds("mx", "store")
    assert (store["severity"], found["subject"], found["severity"]) == ("ok", "example.org", "ok")
    database.write_bytes(b"no database" * 1000)
    store, found = doctor.finds("mx", "store")
    assert (store["severity"], found["severity"]) == ("failure", "warning")


@as_root
def test_who_may_not_read_the_database_is_told_so(doctor: Doctor, open_home: Path) -> None:
    """And what to type is the whole command, for root has another environment."""
    program, environment = anyones_twistd()
    python = program[0] if environment else sys.executable
    doctor.home = open_home
    data_dir = doctor.home / "var"
    data_dir.mkdir(mode=0o700)
    database = f"sqlite:///{data_dir}/bitrixmail.sqlite"
    with inline_stores(database, data_dir, cast("IReactorTime", Clock())):
        pass
    words = doctor.words("doctor", "--json", "--only", "store", "--only", "disk")
    run = "import sys; from bitrixmail.app.console import main; sys.argv[0] = 'x'; main()"
    done = subprocess.run(
        [python, "-c", run, *words], capture_output=True, text=True, check=False, cwd="/",
        env=ENVIRONMENT | {"PYTHONPATH": str(ROOT)} | environment, user=65534, group=65534,
        extra_groups=[], timeout=60,
    )  # fmt: skip
    assert done.returncode in (1, 2), done.stderr
    (store,) = (each for each in json.loads(done.stdout)["findings"] if each["probe"] == "store")
    assert store["severity"] == "warning"
    assert store["what"] == "may not be read by user nobody, who asks"
    command = store["remedies"][-1]
    assert command.startswith("sudo /")
    assert f"--data-dir {data_dir}" in command
    again = command.removeprefix("sudo ").replace(command.split()[1], str(BIN / "bitrixmail"), 1)
    told = subprocess.run(f"{again} --only store", shell=True, text=True, capture_output=True,
                          check=False)  # fmt: skip
    assert "store       database: opens; domains: 0" in told.stdout


def test_a_person_sees_progress_and_lines_that_can_be_copied(doctor: Doctor) -> None:
    doctor.dns.zone.put("example.org. 300 IN MX 10 mx.elsewhere.example.")
    words = doctor.words("doctor", "--only", "mx")
    terminal = Terminal(ROOT, *words, environment={**ENVIRONMENT, "HOME": str(doctor.home)})
    terminal.reads("looking")
    terminal.reads("its mail goes elsewhere")
    terminal.reads("\n      example.org. 3600 IN MX 10 mx.example.org.\r\n")
    terminal.reads("1 failing, 0 doubtful, 0 well")
    assert terminal.end() == 2


class TestOutgoing:
    """The way out to port 25; the mail server there is a socket of the test's."""

    @pytest.fixture
    def theirs(self) -> Iterator[socket.socket]:
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            yield listening

    async def finding(self, port: int, domain: str = "big.example", **more: Any) -> Finding:
        lines = ("big.example. 60 IN MX 5 mx.big.example.", "mx.big.example. 60 IN A 127.0.0.1")
        resolver = TableResolver(*lines)
        (found,) = await OutgoingProbe([domain], port, resolver, running_reactor, **more).probe()
        assert found.probe == "outgoing"
        return found

    def answering(self, listening: socket.socket, greeting: bytes) -> Callable[[], list[bytes]]:
        """Greet one client; the function returned tells all that it said."""
        heard: list[bytes] = []
        listening.listen()

        def serve() -> None:
            link, _ = listening.accept()
            with link:
                link.settimeout(10)
                link.sendall(greeting)
                heard.append(link.makefile("rb").read())

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()

        def said() -> list[bytes]:
            thread.join(10)
            return heard

        return said

    async def test_a_server_that_greets_is_left_in_peace(self, theirs: socket.socket) -> None:
        said = self.answering(theirs, b"220 mx.big.example ESMTP\r\n")
        found = await self.finding(theirs.getsockname()[1])
        assert (found.severity, found.what) == (
            Severity.OK,
            "mx.big.example greets: 220 mx.big.example ESMTP",
        )
        assert said() == [b"QUIT\r\n"]

    async def test_a_server_that_does_not_want_us(self, theirs: socket.socket) -> None:
        said = self.answering(theirs, b"554 5.7.1 no mail from your network\r\n")
        found = await self.finding(theirs.getsockname()[1])
        assert found.severity is Severity.WARNING
        assert "do not greet this server (554 5.7.1 no mail from your network)" in found.what
        assert said() == [b"QUIT\r\n"]

    async def test_rubbish_without_end_is_cut(self, theirs: socket.socket) -> None:
        self.answering(theirs, b"\x1b" * 5000)
        found = await self.finding(theirs.getsockname()[1])
        assert found.severity is Severity.WARNING
        assert len(found.what) < 700
        assert "\x1b" not in found.what

    async def test_it_is_refused(self, theirs: socket.socket) -> None:
        found = await self.finding(theirs.getsockname()[1])  # bound, and nobody listens
        assert (found.severity, "refuse the connection" in found.what) == (Severity.WARNING, True)
        assert 'smarthost = "smtp.example.com:587"' in found.remedies

    async def test_it_is_filtered(self, theirs: socket.socket) -> None:
        """A queue that is full drops what knocks, as a filter on the way does."""
        theirs.listen(0)
        with socket.create_connection(theirs.getsockname()):
            found = await self.finding(theirs.getsockname()[1], connect_s=0.2)
        assert (found.severity, "filtered" in found.what) == (Severity.WARNING, True), found

    async def test_a_smarthost_is_asked_in_their_place(self, theirs: socket.socket) -> None:
        said = self.answering(theirs, b"220 smtp.big.example ESMTP\r\n")
        place = ("127.0.0.1", theirs.getsockname()[1])
        found = await self.finding(25, "gone.example", smarthost=place)
        assert (found.severity, found.subject) == (Severity.OK, f"smarthost 127.0.0.1:{place[1]}")
        assert said() == [b"QUIT\r\n"]
        found = await self.finding(25, smarthost=("gone.example", 587))
        assert (found.severity, "outbound.smarthost" in found.remedies[0]) == (
            Severity.FAILURE,
            True,
        )

    async def test_nobody_to_try(self) -> None:
        found = await self.finding(25, "gone.example")
        assert (found.severity, "gone.example" in found.what) == (Severity.WARNING, True)
