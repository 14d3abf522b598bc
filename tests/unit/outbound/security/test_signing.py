"""Signatures of messages, verified by dkimpy."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import dkim
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from zope.interface import implementer
from zope.interface.verify import verifyObject

from bitrixmail.interfaces.dkim_keys import IDKIMKeys
from bitrixmail.interfaces.signer import ISigner
from bitrixmail.model.dkim import Algorithm, DKIMKey
from bitrixmail.outbound.security.dkim_keys import make_keys
from bitrixmail.outbound.security.signing import Signer, sign_octets
from tests.fakes.corpus import samples
from tests.fakes.stores import result_of

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HEAD = (
    b"From: Ann <ann@example.org>\r\nTo: bob@example.net,\r\n\tcara@example.net\r\n"
    b"Subject:  a  folded\r\n subject\r\nDate: Sun, 1 Mar 2026 12:00:00 +0000\r\n"
)
MESSAGE = HEAD + b"Message-ID: <1@example.org>\r\n\r\nHello,  Bob.\r\n\r\n"


@cache
def keys() -> tuple[DKIMKey, ...]:
    return make_keys("example.org", (), NOW - timedelta(days=30))


def verdicts(message: bytes, known: Iterable[DKIMKey]) -> list[bool]:
    """Verify every signature of a message by itself."""
    records = {f"{key.name}.".encode(): key.record.encode() for key in known}
    count = message.partition(b"\r\n\r\n")[0].count(b"DKIM-Signature:")
    checked = dkim.DKIM(message)

    def holds(number: int) -> bool:
        try:
            return bool(checked.verify(idx=number, dnsfunc=lambda name, timeout=0: records[name]))
        except dkim.ValidationError:
            return False

    return [holds(number) for number in range(count)]


def test_both_signatures_hold() -> None:
    signed = sign_octets(MESSAGE, keys(), NOW) + MESSAGE
    assert re.findall(rb"a=(\S+);", signed) == [b"rsa-sha256", b"ed25519-sha256"]
    assert verdicts(signed, keys()) == [True, True]


@pytest.mark.parametrize(
    "change",
    [
        lambda signed: signed.replace(b"Hello", b"Hallo"),
        lambda signed: signed.replace(b"a  folded", b"another"),
        lambda signed: signed + b"more\r\n",
        lambda signed: b"Subject: added\r\n" + signed,
        lambda signed: b"From: eve@example.org\r\n" + signed,
        lambda signed: signed.replace(b"\r\nTo:", b"\r\nTo: eve@example.com\r\nTo:"),
        lambda signed: signed.replace(b"Message-ID:", b"Message-ID: <2@x>\r\nMessage-ID:"),
        lambda signed: signed.replace(b"t=17", b"t=16"),
    ],
    ids=["body", "subject", "more", "2nd subject", "2nd from", "2nd to", "2nd id", "time"],
)
def test_what_is_changed_or_added_breaks_them(change: Callable[[bytes], bytes]) -> None:
    signed = sign_octets(MESSAGE, keys(), NOW) + MESSAGE
    changed = change(signed)
    assert changed != signed
    assert verdicts(changed, keys()) == [False, False]


def test_what_may_be_added_on_the_way_does_not() -> None:
    signed = sign_octets(MESSAGE, keys(), NOW) + MESSAGE
    passed_on = b"Received: from here\r\nList-Id: <x.example>\r\nReply-To: list@x\r\n" + signed
    assert verdicts(passed_on.replace(b"Hello,  Bob.", b"Hello, Bob. "), keys()) == [True, True]


def test_the_whole_corpus() -> None:
    checked = 0
    for sample in samples():
        if len(sample.content) > 100_000:
            continue
        message = with_one_author(sample.content)
        signed = sign_octets(message, keys(), NOW) + message
        try:
            found = verdicts(signed, keys())
        except dkim.MessageFormatError:
            continue  # a line in the header section that dkimpy takes for no field
        assert found == [True, True], sample.name
        checked += 1
    assert checked > 80


def with_one_author(content: bytes) -> bytes:
    head, end, body = content.partition(b"\r\n\r\n")
    head = re.sub(rb"(?im)^from:.*(\r\n[ \t].*)*\r\n", b"", head + b"\r\n")
    return b"From: a@example.org\r\n" + head.removesuffix(b"\r\n") + end + body


def test_lines_are_short_and_there_is_no_other_field() -> None:
    many = b"".join(b"Cc: %d@example.net\r\n" % number for number in range(30))
    fields = sign_octets(many + MESSAGE, keys(), NOW)
    assert max(map(len, fields.split(b"\r\n"))) <= 78
    lines = fields.removesuffix(b"\r\n").split(b"\r\n")
    starts = [line for line in lines if not line.startswith(b" ")]
    assert [line.partition(b":")[0] for line in starts] == [b"DKIM-Signature"] * 2
    assert verdicts(fields + many + MESSAGE, keys()) == [True, True]


@implementer(IDKIMKeys)
class MemoryKeys:
    def __init__(self, *known: DKIMKey) -> None:
        self.known = known

    async def domains(self) -> frozenset[str]:
        return frozenset(key.domain for key in self.known)

    async def keys(self, domain: str) -> tuple[DKIMKey, ...]:
        return tuple(key for key in self.known if key.domain == domain)

    async def add(self, keys: Iterable[DKIMKey]) -> None:
        raise NotImplementedError

    async def change(self, keys: Iterable[DKIMKey]) -> None:
        raise NotImplementedError

    async def remove(self, keys: Iterable[DKIMKey]) -> None:
        raise NotImplementedError


def signed_by_reading(message: bytes, at: datetime = NOW) -> tuple[bytes, list[int]]:
    lengths: list[int] = []

    async def read(offset: int, length: int) -> bytes:
        lengths.append(length)
        return message[offset : offset + length]

    also = (replace(key, domain="example.com") for key in keys())
    signer = Signer(MemoryKeys(*keys(), *also))
    verifyObject(ISigner, signer)
    return result_of(signer.sign(read, len(message), at)), lengths


def test_a_large_message_is_read_in_pieces() -> None:
    message = HEAD + b"\r\n" + b"0123456789 abcdef  \r\n" * 60_000 + b"\r\n" * 9
    fields, lengths = signed_by_reading(message)
    assert fields == sign_octets(message, keys(), NOW)
    assert len(lengths) > 4
    assert max(lengths) <= 256 * 1024


@pytest.mark.parametrize(
    "author",
    [
        b"From: x@example.net\r\n",
        b"From: nobody\r\n",
        b"",
        b"From: a@example.org\r\nFrom: a@example.org\r\n",
        b"From: a@example.org, b@example.com\r\n",
        b"From: a@sub.example.org\r\n",
        b"From: a@exa mple.org\r\n",
    ],
)
def test_only_for_the_one_domain_of_the_author(author: bytes) -> None:
    assert signed_by_reading(author + b"Subject: x\r\n\r\nx\r\n")[0] == b""


def test_a_name_in_letters_is_its_a_labels() -> None:
    signer = Signer(MemoryKeys(*make_keys("xn--e1afmkfd.example", (), NOW - timedelta(days=9))))
    message = "From: a@пример.example\r\n\r\nx\r\n".encode()

    async def read(offset: int, length: int) -> bytes:
        return message[offset : offset + length]

    assert b"d=xn--e1afmkfd.example;" in result_of(signer.sign(read, len(message), NOW))


def test_an_endless_header_section_is_not_signed() -> None:
    assert signed_by_reading(HEAD + b"X: y\r\n" * 50_000 + b"\r\nbody\r\n")[0] == b""
    assert signed_by_reading(HEAD)[0]  # one without a body is


def test_a_key_signs_in_its_time_alone() -> None:
    assert signed_by_reading(MESSAGE, keys()[0].created + timedelta(days=6))[0] == b""
    assert signed_by_reading(MESSAGE, keys()[0].created + timedelta(days=8))[0].count(b"DKIM") == 2


def test_what_is_made_is_a_pair_of_both_kinds() -> None:
    rsa, ed = keys()
    assert (rsa.algorithm, ed.algorithm) == (Algorithm.RSA, Algorithm.ED25519)
    loaded = load_pem_private_key(rsa.private_key.encode(), None)
    assert loaded.key_size == 2048  # type: ignore[union-attr]
    assert len(ed.public_key) == 44
    again = make_keys("example.org", (rsa.selector,), rsa.created)
    assert {key.selector for key in again} == {"rsa20260130-2", "ed20260130-2"}


def test_no_secret_is_shown() -> None:
    assert "PRIVATE" not in repr(keys())
    assert "PRIVATE" not in str(keys()[0])
