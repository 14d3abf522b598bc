"""What the owner is told by itself, by a running server."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.harvest import read_folder
from tests.fakes.installed import install
from tests.fakes.process import ServerProcess
from tests.fakes.server import until

CODE = """
from bitrixmail.model.extension import Parts
def broken(letter):
    raise RuntimeError("planted")
def parts(context):
    return Parts(conditions={"broken": broken})
"""
SITE = """
[[domain]]
name = "example.org"

[[mailbox]]
address = "postmaster@example.org"
password = "correct horse"

[[rule]]
name = "Broken"
condition = [{ field = "python:shop.broken", op = "exists" }]
action = [{ do = "discard" }]
"""


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServerProcess]:
    monkeypatch.setenv("PYTHONPATH", str(install(tmp_path / "packages", "shop", CODE)))
    made = ServerProcess(tmp_path / "home", '[extensions]\nenabled = ["shop"]\nfaults = 3\n')
    site = tmp_path / "site.toml"
    site.write_text(SITE)
    made.cli("apply", str(site))
    with made:
        yield made


def test_an_extension_that_fails_too_often_is_switched_off_and_postmaster_hears_of_it(
    server: ServerProcess,
) -> None:
    with smtplib.SMTP("127.0.0.1", server.smtp_port, timeout=10) as link:
        for _ in range(5):
            link.sendmail(
                "a@client.example", ["postmaster@example.org"], b"Subject: x\r\n\r\nx\r\n"
            )
    off = "the extension shop is switched off: it has failed too often"
    told = f"{off}; the last time: the condition shop.broken failed: RuntimeError: planted"
    until(lambda: told in server.log.read_text(), server.log.read_text())
    found: list[bytes] = []

    def came() -> bool:
        found[:] = read_folder(server.pop3_port, "postmaster@example.org", "correct horse")
        return len(found) == 6

    until(came, f"{len(found)} messages")
    (letter,) = [each for each in found if off.encode() in each]
    assert b"Auto-Submitted: auto-generated" in letter
    assert b"RuntimeError: planted" in letter
    # Once: what it does not do any more is no fault
    assert server.log.read_text().count(told) == 1
