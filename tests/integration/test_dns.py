"""The records of a domain from the command line, with a name server on loopback."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from bitrixmail.app.console import Composition
from bitrixmail.cli.root import root
from tests.fakes.name_server import NameServer

COMMAND = str(Path(sys.executable).parent / "bitrixmail")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    lines = '[server]\nhostname = "mx.example.org"\npublic_addresses = ["8.8.9.9"]\n'
    (tmp_path / "bitrixmail.toml").write_text(lines)
    return tmp_path


def arguments(home: Path, *words: str) -> list[str]:
    return ["--config", str(home / "bitrixmail.toml"), "--data-dir", str(home / "var"), *words]


def run(home: Path, *words: str) -> str:
    """Run a command that asks no name server, in this process; return all it says."""
    done = CliRunner().invoke(root, arguments(home, *words), obj=Composition({}))
    assert done.exit_code == 0, done.output
    return done.output


def check(home: Path, server: NameServer, *words: str, code: int) -> tuple[str, str]:
    """Run `dns check` in a process, since a reactor runs once in each."""
    names = ("--set", f"dns.servers={server.address}", "dns", "check", "example.org", *words)
    done = subprocess.run(
        [COMMAND, *arguments(home, *names)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == code, (done.stdout, done.stderr)
    return done.stdout, done.stderr


def states(home: Path) -> list[str]:
    return [
        each["state"] for each in json.loads(run(home, "dkim", "list", "example.org", "--json"))
    ]


def zone(home: Path) -> list[str]:
    lines = run(home, "dns", "records", "example.org").splitlines()
    return [line for line in lines if not line.startswith(";")]


def test_records_are_printed_put_checked_and_their_keys_then_sign(home: Path) -> None:
    assert "bitrixmail dns records example.org" in run(home, "domain", "add", "example.org")
    assert [line.split()[3] for line in zone(home)] == ["MX", "TXT", "TXT", "TXT", "TXT"]
    assert states(home) == ["new", "new"]
    with NameServer("mx.example.org. 60 IN A 8.8.9.9") as server:
        for line in zone(home):
            server.zone.add(line)
        out, err = check(home, server, code=0)
        assert (out.count("✓"), err.count("signs from now on")) == (5, 2)
        assert states(home) == ["signing", "signing"]
        run(home, "dkim", "rotate", "example.org")
        assert states(home) == ["signing", "signing", "new", "new"]
        out = check(home, server, "--lang", "ru", code=1)[0]
        assert out.count("добавьте эту запись") == 2
        for line in zone(home):
            server.zone.put(line)
        check(home, server, code=0)
    assert states(home) == ["retired", "retired", "signing", "signing"]


def test_a_domain_that_is_not_ours(home: Path) -> None:
    done = CliRunner().invoke(
        root, arguments(home, "dns", "records", "example.com"), obj=Composition({})
    )
    assert done.exit_code == 67
    assert "first: bitrixmail domain add example.com" in done.output
