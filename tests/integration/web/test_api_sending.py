"""Mail handed in by the API, as it comes to another server: smtp-sink, which writes it to files."""

from __future__ import annotations

import base64
import email
import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.caller import Caller
from tests.fakes.process import ServerProcess, free_port
from tests.fakes.server import until

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
LETTER: dict[str, Any] = {
    "from": "Магазин <shop@example.org>",
    "to": ["Eva <eva@example.com>"],
    "cc": ["carl@example.net"],
    "bcc": ["boss@example.com"],
    "subject": "Заказ 17 — спасибо",
    "text": "Good day,\n\n.\nFrom here: 5 €\n" + "x" * 2000,
    "html": '<p>Good day</p><img src="cid:logo@shop">',
    "headers": {"X-Order": "17", "List-Unsubscribe": "<https://shop.example/u?17>"},
    "attachments": [
        {
            "name": "счёт 17.pdf",
            "content": base64.b64encode(b"%PDF\x00\xff").decode(),
            "content_type": "application/pdf",
        },
        {
            "name": 'a"b\\c.png',
            "content": base64.b64encode(PNG).decode(),
            "content_type": "image/png",
            "content_id": "logo@shop",
        },
    ],
}


class Sink:
    """What smtp-sink has taken. Made by a test for its folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def found(self, text: str, count: int = 1) -> list[EmailMessage]:
        """Wait for messages that have a text in their octets; return them in their order."""
        found: list[bytes] = []

        def there() -> bool:
            files = sorted(self._folder.iterdir(), key=lambda file: file.stat().st_mtime_ns)
            found[:] = [each for file in files if text.encode() in (each := file.read_bytes())]
            return len(found) >= count

        until(there, f"{text} has not come")
        policy = SMTP.clone(linesep="\n")
        return [email.message_from_bytes(each, policy=policy) for each in found]


def envelope(message: EmailMessage) -> tuple[str, list[str]]:
    """Return the paths that smtp-sink writes before a message."""
    paths = [str(each).partition(">")[0].lstrip("<") for each in message.get_all("X-Rcpt-Args", [])]
    return str(message["X-Mail-Args"]).partition(">")[0].lstrip("<"), sorted(paths)


@pytest.fixture(scope="module")
def sink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Sink]]:
    folder, port = tmp_path_factory.mktemp("sink"), free_port()
    command = ["/usr/sbin/smtp-sink", "-d", f"{folder}/", f"127.0.0.1:{port}", "10"]
    if os.geteuid() == 0:
        command[1:1] = ["-u", "root"]
    with subprocess.Popen(command, cwd=folder) as process:
        yield port, Sink(folder)
        process.terminate()


@pytest.fixture(scope="module")
def caller(tmp_path_factory: pytest.TempPathFactory, sink: tuple[int, Sink]) -> Iterator[Caller]:
    server = ServerProcess(tmp_path_factory.mktemp("sending"), web=True)
    server.configure("outbound", f'smarthost = "127.0.0.1:{sink[0]}"')
    with server:
        caller = Caller.of(server)
        for name in ("example.org", "other.example"):
            assert caller.post("/domains", {"name": name}).status == 201
        yield caller.with_token(caller.token_for("send"))


def states(caller: Caller, queue_id: str) -> dict[str, str]:
    told = caller.get(f"/send/{queue_id}").json["recipients"]
    return {each["address"]: each["state"] for each in told}


def test_a_letter_of_parts_comes_as_it_was_meant(caller: Caller, sink: tuple[int, Sink]) -> None:
    sent = caller.post("/send", LETTER)
    assert sent.status == 202, sent.octets
    number = sent.json["id"]
    everybody = ["boss@example.com", "carl@example.net", "eva@example.com"]
    until(lambda: set(states(caller, number).values()) == {"delivered"}, "it is not delivered")
    assert sorted(states(caller, number)) == everybody
    copies = sink[1].found(f"<{number}@mx.example.org>")
    recipients = [path for each in copies for path in envelope(each)[1]]
    assert ({envelope(each)[0] for each in copies}, sorted(recipients)) == (
        {"shop@example.org"},
        everybody,
    )
    message = copies[0]
    assert message["Subject"] == "Заказ 17 — спасибо"
    assert message["From"] == "Магазин <shop@example.org>"
    assert (message["To"], message["Cc"]) == ("Eva <eva@example.com>", "carl@example.net")
    assert (message["X-Order"], message["Date"] is None) == ("17", False)
    assert message["List-Unsubscribe"] == "<https://shop.example/u?17>"
    assert (message["Bcc"], b"boss@" in message.as_bytes().partition(b"Received:")[2]) == (
        None,
        False,
    )
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().splitlines() == LETTER["text"].splitlines()
    assert html.get_content().strip() == LETTER["html"]
    files = {part.get_filename(): part for part in message.walk() if part.get_filename()}
    assert set(files) == {"счёт 17.pdf", 'a"b\\c.png'}
    assert files["счёт 17.pdf"].get_payload(decode=True) == b"%PDF\x00\xff"
    picture = files['a"b\\c.png']
    assert (picture.get_payload(decode=True), picture["Content-ID"]) == (PNG, "<logo@shop>")
    types = [part.get_content_type() for part in message.walk()]
    assert types == [
        "multipart/mixed", "multipart/alternative", "text/plain", "multipart/related",
        "text/html", "image/png", "application/pdf",
    ]  # fmt: skip


def test_one_key_is_one_message_also_there(caller: Caller, sink: tuple[int, Sink]) -> None:
    body = {"from": "shop@example.org", "to": ["eva@example.com"], "subject": "Once", "text": "x"}
    answers = [caller.post("/send", body, **{"Idempotency-Key": "once"}) for _ in range(3)]
    assert [each.json["repeated"] for each in answers] == [False, True, True]
    assert caller.post("/send", {**body, "idempotency_key": "later"}).status == 202
    assert len(sink[1].found("Subject: Once", 2)) == 2


def test_a_template_and_a_time(caller: Caller, sink: tuple[int, Sink]) -> None:
    at = datetime.now(UTC) + timedelta(seconds=1.5)
    sent = caller.post(
        "/send",
        {
            "from": "shop@other.example",
            "to": ["eva@example.com"],
            "sender": "bounces@example.org",
            "reply_to": ["Ann <ann@example.org>"],
            "template": {"subject": "Later {n}", "text": "Dear {who}", "html": "<b>{who}</b>"},
            "values": {"n": "18\r\nBcc: evil@evil.example", "who": "<Ann>"},
            "send_at": at.isoformat(),
        },
    )
    assert sent.status == 202, sent.octets
    assert states(caller, sent.json["id"]) == {"eva@example.com": "scheduled"}
    (message,) = sink[1].found("Subject: Later")
    assert datetime.now(UTC) >= at
    assert envelope(message) == ("bounces@example.org", ["eva@example.com"])
    assert (message["Subject"], message["Bcc"]) == ("Later 18 Bcc: evil@evil.example", None)
    assert message["Reply-To"] == "Ann <ann@example.org>"
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().strip() == "Dear <Ann>"
    assert html.get_content().strip() == "<b>&lt;Ann&gt;</b>"


def test_a_message_goes_on_octet_by_octet(caller: Caller, sink: tuple[int, Sink]) -> None:
    path = "/api/v1/send/raw?sender=shop@example.org&recipient=eva@example.com"
    lines = b"From: shop@example.org\nSubject: raw one\nDKIM-Filter: x\n\n.\n..two\n caf\xc3\xa9\n"
    sent = caller.call("POST", path, lines, {"Content-Type": "message/rfc822"})
    assert sent.status == 202, sent.octets
    (message,) = sink[1].found("Subject: raw one")
    assert message.as_bytes().rstrip().endswith(b"\n\n.\n..two\n caf\xc3\xa9")
    assert envelope(message) == ("shop@example.org", ["eva@example.com"])


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"from": "boss@foreign.example"}, "from"),
        ({"from": "shop@sub.example.org"}, "from"),
        ({"sender": "boss@foreign.example"}, "sender"),
        ({"from": "shop@example.org, boss@foreign.example"}, "from"),
        ({"headers": {"From": "boss@foreign.example"}}, "body"),
        ({"headers": {"Sender": "boss@foreign.example"}}, "body"),
        ({"headers": {"Resent-From": "boss@foreign.example"}}, "body"),
        ({"headers": {"DKIM-Signature": "v=1"}}, "body"),
        ({"headers": {"Return-Path": "<boss@foreign.example>"}}, "body"),
    ],
)
def test_a_token_sends_as_addresses_here_alone(
    caller: Caller, change: dict[str, Any], where: str
) -> None:
    body = {"from": "shop@example.org", "to": ["eva@example.com"], "text": "x"}
    refused = caller.post("/send", {**body, **change})
    assert refused.status == 422, refused.octets
    assert refused.json["faults"][0]["where"].startswith(where)


def test_a_template_that_would_fill_the_memory_is_a_fault(caller: Caller) -> None:
    template = {"text": "{a}" * 100_000}
    body = {"from": "shop@example.org", "to": ["eva@example.com"], "template": template}
    refused = caller.post("/send", {**body, "values": {"a": "x" * 100_000}})
    assert (refused.status, refused.json["faults"][0]["where"]) == (422, "body.template")
