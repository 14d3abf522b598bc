"""The example of docs/extending.md, installed as a package and run in a real server."""

from __future__ import annotations

import re
import smtplib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.installed import install
from tests.fakes.process import ROOT, ServerProcess
from tests.fakes.server import until

PAGE = (ROOT / "docs/extending.md").read_text()
ANN, BOB = "ann@client.example", "bob@client.example"
INFO = "info@example.org"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    home = tmp_path_factory.mktemp("extending")
    (code,) = blocks("python")
    _, package, enabled, rules = blocks("toml")
    found = re.search(r'\[project\.entry-points\."(.+)"\]\n(\w+) = "(\w+)"', package)
    assert found is not None
    assert found[1] == "bitrixmail.extensions"
    folder = install(home / "packages", found[3], code, {found[2]: found[3]})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(folder))
        made = ServerProcess(home / "home", enabled)
        site = home / "site.toml"
        site.write_text(
            f'[[domain]]\nname = "example.org"\n[[mailbox]]\naddress = "{INFO}"\n{rules}'
        )
        made.cli("apply", str(site))
        with made:
            yield made


def lines(server: ServerProcess, word: str) -> list[str]:
    return [line for line in server.log.read_text().splitlines() if f" mail: {word} " in line]


def test_the_example_is_short() -> None:
    (code,) = blocks("python")
    assert sum(bool(line.strip()) for line in code.splitlines()) <= 10


def test_it_does_what_the_page_says(server: ServerProcess) -> None:
    with smtplib.SMTP("127.0.0.1", server.smtp_port, timeout=10) as link:
        link.sendmail(BOB, [INFO], b"Subject: an order\r\n\r\nPlease.\r\n")
        link.sendmail(ANN, [INFO], b"Subject: an order\r\n\r\nPlease.\r\n")
    until(lambda: bool(lines(server, "acted")), server.log.read_text())
    (acted,) = lines(server, "acted")
    told = re.search(r"\n(.* mail: acted .*action=python.*)\n", PAGE)
    assert told is not None
    # But for when it was, and for the ID
    assert _known(acted) == _known(told[1])
    assert len(lines(server, "accepted")) == 2


def _known(line: str) -> str:
    return re.sub(r"^\S+|queue_id=\S+|delay_s=\S+", "", line)


def test_a_dry_run_asks_it_too(server: ServerProcess, tmp_path: Path) -> None:
    letter = tmp_path / "letter.eml"
    letter.write_bytes(b"Subject: an order\r\n\r\nPlease.\r\n")
    command = ("rules", "test", str(letter), "--mailbox", INFO, "--sender")
    assert "to be done: python" in server.cli(*command, ANN)
    assert "to be done" not in server.cli(*command, BOB)
