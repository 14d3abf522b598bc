from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bitrixmail.mime.headers import HeaderSection
from bitrixmail.mime.trace_fields import (
    count_hops,
    delivered_to_field,
    received_field,
    return_path_field,
)
from bitrixmail.model.client import Client, TLSInfo

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
CLIENT = Client("192.0.2.1", 40000, "s1", helo="mail.example.net", esmtp=True)


def received(client: Client, recipient: str | None = "info@example.org") -> str:
    return received_field(client, "mx.example.org", "ABC123", recipient, NOON).decode()


def test_received_as_rfc_5321_wants_it() -> None:
    assert received(replace(CLIENT, tls=TLSInfo("TLSv1.3", "TLS_AES_256_GCM_SHA384"))) == (
        "Received: from mail.example.net ([192.0.2.1])\r\n"
        " by mx.example.org (bitrixmail) with ESMTPS\r\n"
        " (using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384) id ABC123\r\n"
        " for <info@example.org>;\r\n"
        " Tue, 24 Nov 2026 12:00:00 +0000\r\n"
    )


@pytest.mark.parametrize(
    ("client", "origin"),
    [
        (replace(CLIENT, address="2001:db8::1"), "from mail.example.net ([IPv6:2001:db8::1])"),
        (replace(CLIENT, helo=""), "from [192.0.2.1] ([192.0.2.1])"),
        (replace(CLIENT, helo="[192.0.2.9]"), "from [192.0.2.9] ([192.0.2.1])"),
        (replace(CLIENT, helo="почта.рф"), "from xn--80a1acny.xn--p1ai ([192.0.2.1])"),
        (replace(CLIENT, address="", helo="site"), "from site (local)"),
        (replace(CLIENT, helo="a) (b;\r\nX-Evil: 1"), "from a???b???X-Evil:?1 ([192.0.2.1])"),
    ],
)
def test_where_it_came_from(client: Client, origin: str) -> None:
    assert received(client).startswith(f"Received: {origin}\r\n by ")


def test_a_local_submission_without_a_name_has_no_origin() -> None:
    assert received(replace(CLIENT, address="", helo="")).startswith("Received: by mx.example.org")


@pytest.mark.parametrize("recipient", [None, "", "a\r\nX: 1@b", "почта@x.рф", "a" * 900])
def test_a_recipient_that_may_not_be_shown_is_left_out(recipient: str | None) -> None:
    assert " for " not in received(CLIENT, recipient)


def test_a_recipient_in_letters_stands_in_an_internationalized_message() -> None:
    assert " for <почта@x.рф>;" in received(replace(CLIENT, smtputf8=True), "почта@x.рф")


def test_fields_of_a_place() -> None:
    assert return_path_field("a@b.ru") == b"Return-Path: <a@b.ru>\r\n"
    assert return_path_field("") == b"Return-Path: <>\r\n"
    assert return_path_field("a\r\nX: 1") == b"Return-Path: <a??X: 1>\r\n"
    assert delivered_to_field("info@example.org") == b"Delivered-To: info@example.org\r\n"


def test_hops_are_counted() -> None:
    assert count_hops(HeaderSection.parse(b"Received: a\r\nX: b\r\nRECEIVED: c\r\n d\r\n\r\n")) == 2
    assert count_hops(HeaderSection.parse(b"\r\nReceived: a\r\n")) == 0
