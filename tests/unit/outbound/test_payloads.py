"""What is told of a message, in each format, as those who read it would read it."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64decode
from dataclasses import replace
from email.message import Message
from email.parser import BytesParser
from typing import Any
from urllib.parse import parse_qsl

import pytest

from bitrixmail.mime.headers import HeaderSection
from bitrixmail.mime.unpacking import unpack
from bitrixmail.model.job import Job, Kind, Priority
from bitrixmail.model.secret import Secret
from bitrixmail.model.work import Order
from bitrixmail.outbound.actions.form import FormFile, Payload, form
from bitrixmail.outbound.actions.letter import Letter
from bitrixmail.outbound.actions.payloads import PAYLOADS, Terms
from bitrixmail.rules.fill import NAMES
from tests.corpus.fields import attachment, mixed, text_part
from tests.fakes.drafts import RECEIVED

HEAD = (
    b"Received: from a\r\nSubject: =?utf-8?b?0JfQsNC60LDQtw==?=\r\nFrom: Ann <ann@example.net>\r\n"
    b"Reply-To: office@example.net\r\nTo: Shop <shop@example.org>, bob@example.org\r\n"
    b"Message-ID: <1@example.net>\r\nReceived: from b\r\n"
)
PLAIN = "Да, два.\n\n-- \nАнна\n\n3 мая 2026 г. 10:00, Shop <shop@example.org> пишет:\n> Сколько?"
MIXED = mixed(
    HEAD,
    text_part(PLAIN),
    text_part("<p>Да, два.</p>", subtype="html"),
    attachment('сч"ёт.pdf', "application/pdf", b"%PDF-1.4\r\n--x\r\n"),
)
BARE = HEAD + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + PLAIN.encode()
SECRET = Secret("key")
TERMS = Terms(3, 1_764_367_200, (SECRET, Secret("old")))


def letter(octets: bytes = MIXED, **more: Any) -> Letter:
    job = Job(
        id=17,
        key="1K1B8:webhook:ab12:3",
        kind=Kind.WEBHOOK,
        destination="a.example:443",
        recipient="shop@example.org",
        priority=Priority.NORMAL,
        created=RECEIVED,
        not_before=RECEIVED,
        expires=RECEIVED,
        attempts=2,
        delayed=False,
        payload="{}",
        lane="",
        message_id=1,
        queue_id="1K1B8",
        sender="bounces@example.net",
        size_octets=len(octets),
        content=octets,
    )
    order = Order(
        "webhook",
        "A",
        "shop@example.org",
        "sales@example.org",
        "Orders",
        tags=("vip", "x"),
        flags=("\\Seen",),
        verdict={"score": 0.0, "spam": False},
        checks=({"name": "bayes", "score": 0.0, "reason": ""},),
    )
    headers = HeaderSection.parse(octets)
    return Letter(replace(job, **more), order, octets, headers, unpack(octets, headers))


def parts(payload: Payload) -> dict[str, Message]:
    """Read a form as a server does, by another program than ours."""
    head = f"Content-Type: {payload.content_type}\r\n\r\n".encode()
    found = BytesParser().parsebytes(head + payload.octets)
    assert not found.defects
    named = {}
    for part in found.get_payload():
        assert isinstance(part, Message)
        name = part.get_param("name", header="content-disposition")
        assert isinstance(name, str)
        assert name not in named
        named[name] = part
    return named


def text_of(part: Message) -> str:
    octets = part.get_payload(decode=True)
    assert isinstance(octets, bytes)
    return octets.decode()


def test_our_own() -> None:
    told = json.loads(PAYLOADS["json"](letter(), TERMS).octets)
    [file] = told.pop("attachments")
    assert b64decode(file.pop("content")) == b"%PDF-1.4\r\n--x\r\n"
    assert file == {
        "name": 'сч"ёт.pdf', "type": "application/pdf", "size": 15, "content_id": "",
        "inline": False,
    }  # fmt: skip
    assert told.pop("headers")[:2] == [["Received", "from a"], ["Subject", "Заказ"]]
    assert told == {
        "version": 1,
        "id": "1K1B8:webhook:ab12:3",
        "message": "1K1B8",
        "job": 17,
        "attempt": 3,
        "received": RECEIVED.isoformat(timespec="seconds"),
        "envelope": {"sender": "bounces@example.net", "recipient": "sales@example.org"},
        "mailbox": "shop@example.org",
        "results": {
            "rule": "A",
            "folder": "Orders",
            "flags": ["\\Seen"],
            "tags": ["vip", "x"],
            "spam": False,
            "checks": [{"name": "bayes", "score": 0.0, "reason": ""}],
        },
        "score": 0.0,
        "message_id": "<1@example.net>",
        "subject": "Заказ",
        "date": "",
        "from": [{"name": "Ann", "address": "ann@example.net"}],
        "reply_to": [{"name": "", "address": "office@example.net"}],
        "to": [
            {"name": "Shop", "address": "shop@example.org"},
            {"name": "", "address": "bob@example.org"},
        ],
        "cc": [],
        "text": PLAIN,
        "html": "<p>Да, два.</p>",
        "reply_text": "Да, два.",
        "size": len(MIXED),
        "complete": True,
    }


def test_without_attachments_they_are_only_named() -> None:
    told = json.loads(PAYLOADS["json"](letter(), TERMS._replace(files=False)).octets)
    assert [file.get("content", "none") for file in told["attachments"]] == ["none"]
    # nor do they go when only the beginning of the message is at hand
    told = json.loads(PAYLOADS["json"](letter(size_octets=10**9), TERMS).octets)
    assert [file.get("content", "none") for file in told["attachments"]] == ["none"]
    assert told["complete"] is False


def test_as_mailgun_tells_it() -> None:
    payload = PAYLOADS["mailgun"](letter(), TERMS)
    fields = parts(payload)
    file = fields.pop("attachment-1")
    assert file.get_content_type() == "application/pdf"
    assert file.get_payload(decode=True) == b"%PDF-1.4\r\n--x\r\n"
    told = {name: text_of(part) for name, part in fields.items()}
    assert told["recipient"] == "sales@example.org"
    assert told["sender"] == "bounces@example.net"
    assert (told["subject"], told["from"]) == ("Заказ", "Ann <ann@example.net>")
    assert (told["body-plain"], told["stripped-text"]) == (PLAIN, "Да, два.")
    assert told["stripped-signature"] == "-- \nАнна"
    assert told["body-html"] == "<p>Да, два.</p>"
    assert told["attachment-count"] == "1"
    pairs = json.loads(told["message-headers"])
    assert [value for name, value in pairs if name == "Received"] == ["from a", "from b"]
    signed = (told["timestamp"] + told["token"]).encode()
    assert told["signature"] == hmac.new(b"key", signed, hashlib.sha256).hexdigest()
    bare = PAYLOADS["mailgun"](letter(BARE), TERMS)
    assert bare.content_type == "application/x-www-form-urlencoded"
    assert dict(parse_qsl(bare.octets.decode()))["subject"] == "Заказ"


def test_as_sendgrid_tells_it() -> None:
    fields = parts(PAYLOADS["sendgrid"](letter(), TERMS))
    about = json.loads(text_of(fields["attachment-info"]))
    assert about["attachment1"]["type"] == "application/pdf"
    assert fields["attachment1"].get_payload(decode=True) == b"%PDF-1.4\r\n--x\r\n"
    assert text_of(fields["attachments"]) == "1"
    envelope = json.loads(text_of(fields["envelope"]))
    assert envelope == {"to": ["sales@example.org"], "from": "bounces@example.net"}
    assert text_of(fields["headers"]).startswith("Received: from a\r\nSubject: =?utf-8")
    assert json.loads(text_of(fields["charsets"]))["text"] == "UTF-8"
    assert (text_of(fields["text"]), text_of(fields["subject"])) == (PLAIN, "Заказ")


def test_as_postal_tells_it() -> None:
    told = json.loads(PAYLOADS["postal"](letter(), TERMS).octets)
    assert (told["rcpt_to"], told["mail_from"]) == ("sales@example.org", "bounces@example.net")
    assert (told["message_id"], told["subject"]) == ("1@example.net", "Заказ")
    assert (told["plain_body"], told["replies_from_plain_body"]) == (PLAIN, "Да, два.")
    assert (told["attachment_quantity"], told["bounce"]) == (1, False)
    assert b64decode(told["attachments"][0]["data"]) == b"%PDF-1.4\r\n--x\r\n"


def test_as_it_came() -> None:
    assert PAYLOADS["raw"](letter(), TERMS) == ("message/rfc822", MIXED)


@pytest.mark.parametrize("name", ['a"b', "a\r\nX: y", "сч ёт", "", "a;b=c"])
def test_no_name_of_a_file_breaks_a_form(name: str) -> None:
    payload = form([('f"', "v\r\n--")], [FormFile("attachment-1", name, "bad\r\ntype", b"x")])
    found = parts(payload)
    assert list(found) == ["f%22", "attachment-1"]
    assert sorted(found["attachment-1"].keys()) == ["Content-Disposition", "Content-Type"]


def test_every_name_of_a_template_stands_for_something() -> None:
    values = {
        name: letter(MIXED.replace(b"Subject", b"Date: x\r\nCc: c@d.example\r\nSubject", 1)).value(
            name
        )
        for name in NAMES
    }
    assert not [name for name, value in values.items() if not value]
    assert values["reply_to"] == "office@example.net"
    assert values["tags"] == "vip, x"
