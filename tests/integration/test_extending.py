"""The example of docs/extending.md, installed as a package and run in a real server."""

from __future__ import annotations

import json
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
INFO, NOTES = "info@example.org", "notes@example.org"
# What the page says that its further examples are installed as, in their order
MORE = ("watch", "notes", "drop")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    home = tmp_path_factory.mktemp("extending")
    code, *more = blocks("python")
    _, package, enabled, *rules = blocks("toml")
    found = re.search(r'\[project\.entry-points\."(.+)"\]\n(\w+) = "(\w+)"', package)
    assert found is not None
    assert found[1] == "bitrixmail.extensions"
    folder = install(home / "packages", found[3], code, {found[2]: found[3]})
    for name, text in zip(MORE, more, strict=True):
        install(folder, name, text)
    enabled = enabled.replace('"shop"', ", ".join(f'"{name}"' for name in ("shop", *MORE)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(folder))
        made = ServerProcess(home / "home", enabled)
        site = home / "site.toml"
        boxes = "".join(f'[[mailbox]]\naddress = "{each}"\n' for each in (INFO, NOTES))
        rules[-1] = rules[-1].replace("\n\n", f'\nmailbox = "{NOTES}"\n\n')
        site.write_text(f'[[domain]]\nname = "example.org"\n{boxes}{"".join(rules)}')
        made.cli("apply", str(site))
        with made:
            yield made


def lines(server: ServerProcess, word: str) -> list[str]:
    return [line for line in server.log.read_text().splitlines() if f" mail: {word} " in line]


def test_the_example_is_short() -> None:
    code = blocks("python")[0]
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


LINKS = b"Subject: offers\r\nMessage-ID: <offers@client.example>\r\n\r\n" + b"".join(
    b"http://shop%d.example/\r\n" % number for number in range(4)
)


def send(server: ServerProcess, recipient: str, content: bytes) -> None:
    with smtplib.SMTP("127.0.0.1", server.smtp_port, timeout=10) as link:
        link.sendmail(BOB, [recipient], content)


def console(command: str) -> str:
    """Return what the page says that a command prints."""
    found = re.search(rf"\$ bitrixmail {command}[^\n]*\n(.*?)(?=\n\$ |\n```)", PAGE, re.DOTALL)
    assert found is not None, command
    return found[1]


def test_a_check_is_seen_in_the_trace_and_by_who_looks_into_it(
    server: ServerProcess, tmp_path: Path
) -> None:
    send(server, INFO, LINKS)
    queue_id = server.cli("message", "list", INFO, "--json")
    queue_id = next(
        each["queue_id"] for each in json.loads(queue_id) if each["subject"] == "offers"
    )
    assert "tagged links" in server.cli("trace", queue_id)
    shown = server.cli("spam", "show", queue_id).splitlines()
    assert shown == console("spam show").splitlines()
    letter = tmp_path / "offers.eml"
    letter.write_bytes(LINKS)
    tested = server.cli("rules", "test", str(letter), "--mailbox", INFO).splitlines()
    (line,) = [each for each in tested if "check:watch.links" in each]
    assert line in console("rules test").splitlines()


def test_a_courier_notes_what_it_can_and_gives_up_what_it_never_will(server: ServerProcess) -> None:
    send(server, NOTES, b"Subject: an order\r\n\r\nPlease.\r\n")
    send(server, NOTES, b"\r\nPlease.\r\n")

    def done() -> list[str]:
        return [
            each for word in ("acted", "failed") for each in lines(server, word) if NOTES in each
        ]

    until(lambda: len(done()) == 2, server.log.read_text())
    for line in done():
        assert _known(line) in [_known(each) for each in PAGE.splitlines()]
    (noted,) = (server.data_dir / "ledger.txt").read_text().splitlines()
    assert noted.endswith(" an order")


def test_a_source_brings_what_it_finds(server: ServerProcess) -> None:
    folder = server.data_dir / "drop"
    folder.mkdir()
    for name, content in (
        ("1.eml", b"Subject: dropped\n\nHello.\n"),
        ("2.eml", b"Received: x\n" * 60),
    ):
        file = folder / name
        file.with_suffix(".tmp").write_bytes(content)
        file.with_suffix(".tmp").rename(file)
    until(lambda: not list(folder.glob("*.eml")), server.log.read_text())
    assert [each.name for each in folder.iterdir()] == ["2.refused"]
    (line,) = [each for each in lines(server, "accepted") if "session_id=drop.drop" in each]
    assert _known(line) in [_known(each) for each in PAGE.splitlines()]
    assert "dropped" in server.cli("message", "list", INFO)
