"""XCLIENT's attributes: what they say of a client, and what is no attribute."""

from __future__ import annotations

import pytest

from bitrixmail.model.client import Client, TLSInfo
from bitrixmail.model.errors import PermanentError
from bitrixmail.smtp.xclient import Claims, joined

PROXY = Client("192.0.2.10", 4000, "1-1", helo="proxy.example", esmtp=True)


@pytest.mark.parametrize(
    ("argument", "claims"),
    [
        (b"ADDR=198.51.100.7", Claims(address="198.51.100.7")),
        (b"addr=198.51.100.7 port=4242", Claims(address="198.51.100.7", port=4242)),
        (b"ADDR=IPV6:2001:DB8:0::1", Claims(address="2001:db8::1")),
        (b"ADDR=IPv6:::ffff:198.51.100.7", Claims(address="198.51.100.7")),
        (b"ADDR=[UNAVAILABLE] PORT=[unavailable]", Claims()),
        (b"PROTO=ESMTP HELO=client.example", Claims(helo="client.example", esmtp=True)),
        (b"PROTO=smtp", Claims(esmtp=False)),
        (b"HELO=a+20b+2B", Claims(helo="a b+")),
        (b"HELO=[198.51.100.7]", Claims(helo="[198.51.100.7]")),
        (b"NAME=client.example LOGIN=someone DESTADDR=192.0.2.1 DESTPORT=25", Claims()),
        (b"NAME=[UNAVAILABLE]", Claims()),
        (b"NAME=[TEMPUNAVAIL]", Claims()),
        (b"LOGIN=[UNAVAILABLE] HELO=[UNAVAILABLE] PROTO=[UNAVAILABLE]", Claims()),
        (b"DESTADDR=IPV6:2001:db8::1 DESTPORT=0", Claims()),
        (b"  ADDR=198.51.100.7   PORT=1  ", Claims(address="198.51.100.7", port=1)),
    ],
)
def test_attributes_are_read(argument: bytes, claims: Claims) -> None:
    assert joined(Claims(), argument) == claims


@pytest.mark.parametrize(
    "argument",
    [
        b"",
        b" ",
        b"ADDR",
        b"ADDR=",
        b"=198.51.100.7",
        b"ADDR =198.51.100.7",
        b"ADDR=198.51.100.7 ADDR=198.51.100.7",
        b"ADDR=198.51.100.7 addr=198.51.100.8",
        b"ADDR=198.51.100.256",
        b"ADDR=198.51.100.07",
        b"ADDR=2001:db8::1",
        b"ADDR=IPV6:198.51.100.7",
        b"ADDR=IPV6:fe80::1%eth0",
        b"ADDR=client.example",
        b"ADDR=[TEMPUNAVAIL]",
        b"PORT=65536",
        b"PORT=-1",
        b"PORT=1e3",
        b"PORT=\xd9\xa1",
        b"PROTO=LMTP",
        b"PROTO=ESMTPS",
        b"SOURCE=LOCAL",
        b"HELO=a+0Db",
        b"HELO=a+0D+0AQUIT",
        b"HELO=a+1B[2J",
        b"HELO=a+00b",
        b"HELO=a+b",
        b"HELO=a=b",
        b"HELO=" + b"x" * 256,
        b"HELO=\xc3\xa9",
        b"HELO=+C3+A9",
        b"NAME=a+0Ab",
        b"LOGIN=a+0Ab",
        b"DESTADDR=nowhere",
        b"DESTPORT=x",
    ],
)
def test_what_is_no_attribute_is_refused(argument: bytes) -> None:
    with pytest.raises(PermanentError) as refused:
        joined(Claims(), argument)
    assert refused.value.reply.code == 501


def test_later_commands_add_to_earlier_ones() -> None:
    claims = joined(joined(Claims(), b"ADDR=198.51.100.7 HELO=a.example"), b"HELO=b.example PORT=1")
    assert claims == Claims("198.51.100.7", 1, "b.example")
    assert joined(claims, b"ADDR=[UNAVAILABLE]") == Claims(None, 1, "b.example")


def test_the_client_of_a_session_that_begins_anew() -> None:
    now = Client("203.0.113.1", 1, "1-1", tls=TLSInfo("TLSv1.3", "x"), helo="before", esmtp=True)
    client = Claims("198.51.100.7", 4242).of(PROXY, now)
    assert client == Client("198.51.100.7", 4242, "1-1", tls=now.tls)
    client = Claims("198.51.100.7", None, "client.example", esmtp=True).of(PROXY, now)
    assert (client.port, client.helo, client.esmtp) == (0, "client.example", True)


def test_an_unknown_client_is_the_proxy() -> None:
    client = Claims(port=4242).of(PROXY, PROXY)
    assert (client.address, client.port, client.helo) == ("192.0.2.10", 4000, "")
