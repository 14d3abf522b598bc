from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from bitrixmail.mime.addresses import parse_addresses
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.mime.parameters import parse_parameters
from bitrixmail.mime.trace_fields import delivered_to_field, received_field, return_path_field
from bitrixmail.model.client import Client, TLSInfo

PIECES = st.sampled_from(
    [b"\r\n", b"\n", b" ", b":", b"Subject", b"From", b"Content-Type: a; charset=", b"=?", b"?=",
     b"=?utf-8?B?", b"=?utf-16?Q?", b"?q?", b"koi8-r", b'"', b"<", b">", b"(", b")", b"\\", b"*0*=",
     b";", b"@", b",", b"\xd0", b"\xff", b"\x00", b"=D0", b"0J8=", b"xn--", b"'"]
)  # fmt: skip
OCTETS = st.one_of(st.binary(max_size=300), st.lists(PIECES, max_size=40).map(b"".join))
TEXT = st.text(max_size=60)


@settings(deadline=None)
@given(OCTETS)
def test_any_octets_are_a_header_section(octets: bytes) -> None:
    headers = HeaderSection.parse(octets)
    assert 0 <= headers.end <= len(octets)
    for name, value in headers.fields():
        assert b"\n" not in value
        text = headers.decode(value)
        assert not any(ord(letter) < 32 for letter in text)
        key = name.decode("ascii", "replace")
        assert len(headers.texts(key)) == headers.count(key)


@settings(deadline=None)
@given(OCTETS)
def test_any_octets_are_addresses_and_parameters(octets: bytes) -> None:
    parse_addresses(octets, HeaderSection.parse(b"").decode)
    parse_parameters(octets)


@settings(deadline=None)
@given(TEXT, TEXT, TEXT, TEXT, TEXT, TEXT)
def test_no_text_of_a_client_starts_a_line(
    helo: str, address: str, version: str, cipher: str, recipient: str, sender: str
) -> None:
    client = Client(address, 1, "s", helo=helo, esmtp=True, tls=TLSInfo(version, cipher))
    field = received_field(
        client, "mx.example.org", "ID", recipient, datetime(2026, 1, 1, tzinfo=UTC)
    )
    assert field.endswith(b"\r\n")
    lines = field[:-2].split(b"\r\n")
    assert lines[0].startswith(b"Received: ")
    assert all(line.startswith(b" ") and line.strip() for line in lines[1:])
    assert len(HeaderSection.parse(field)) == 1
    for one in (return_path_field(sender), delivered_to_field(sender)):
        assert one.count(b"\n") == one.count(b"\r") == 1
    for one in (field, return_path_field(sender), delivered_to_field(sender)):
        assert b"\n" not in one.replace(b"\r\n", b"")
        assert b"\r" not in one.replace(b"\r\n", b"")
        assert all(len(line) <= 998 for line in one.split(b"\r\n"))
