from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest

from bitrixmail.model.client import Client, TLSInfo
from bitrixmail.model.errors import Fault, InputError, StoreFullError, TemporaryError
from bitrixmail.model.folder import folder_name
from bitrixmail.model.limits import listed
from bitrixmail.model.reply import Reply
from bitrixmail.model.text import printable


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("Invoices", "Invoices"),
        ("Счета/2026", "Счета/2026"),
        ("inbox", "INBOX"),
        ("и\u0306", "й"),
        ("Inbox/Sub", "Inbox/Sub"),
    ],
)
def test_folder_names_have_one_form(name: str, kept: str) -> None:
    assert folder_name(name) == kept


@pytest.mark.parametrize(
    "name",
    ["", "/", "a//b", "../etc", "a/..", "a\r\nb", "a\0", " a", "a /b", "x" * 256, "\u202eabc"],
)
def test_folder_names_that_are_none(name: str) -> None:
    with pytest.raises(ValueError, match=r"folder|slashes"):
        folder_name(name)


def test_printable_stays_on_one_line() -> None:
    assert printable("a\r\nb\x1b[31m\u2028\u202e") == (
        "a\\u{d}\\u{a}b\\u{1b}[31m\\u{2028}\\u{202e}"
    )
    assert printable("счёт №5") == "счёт №5"
    assert printable("x" * 300, 10) == "x" * 9 + "…"
    assert printable("\udc80") == "\\u{dc80}"


@pytest.mark.parametrize(
    ("client", "protocol"),
    [
        ({}, "SMTP"),
        ({"esmtp": True}, "ESMTP"),
        ({"esmtp": True, "tls": TLSInfo("TLSv1.3", "X")}, "ESMTPS"),
        ({"esmtp": True, "tls": TLSInfo("TLSv1.3", "X"), "account": "a@b"}, "ESMTPSA"),
        ({"esmtp": True, "smtputf8": True}, "UTF8SMTP"),
    ],
)
def test_protocol_of_a_received_field(client: dict[str, object], protocol: str) -> None:
    base = Client("192.0.2.1", 1, "s")
    assert replace(base, **client).protocol == protocol  # type: ignore[arg-type]  # by name


def test_networks() -> None:
    networks = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
    assert listed("127.0.0.9", networks)
    assert listed("::1", networks)
    assert not listed("192.0.2.1", networks)
    assert not listed("", networks)
    assert listed("fe80::1%eth0", (ip_network("fe80::/10"),))


def test_errors_speak() -> None:
    error = StoreFullError("disk")
    assert isinstance(error, TemporaryError)
    assert error.reply.code == 452
    assert str(error) == "disk"
    assert str(Reply(250, "2.0.0", "Ok")) == "250 2.0.0 Ok"
    faults = InputError(Fault("smtp.port", "no such key", "use listen.smtp"), Fault("x", "y"))
    assert str(faults) == "smtp.port: no such key (use listen.smtp); x: y"
