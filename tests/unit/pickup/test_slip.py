"""The lines before a message of the pickup directory."""

from __future__ import annotations

import pytest

from bitrixmail.model.envelope import RecipientParameters
from bitrixmail.pickup.slip import MAX_OCTETS, Slip, SlipError, read_slip

FIRST = b"bitrixmail-pickup 1\n"


def read(lines: bytes) -> Slip:
    found = read_slip(FIRST + lines + b"\nSubject: x\n\nHi\n")
    assert found is not None
    slip, start = found
    assert start == len(FIRST) + len(lines) + 1
    return slip


def test_nothing_but_the_first_line() -> None:
    assert read(b"") == Slip()


def test_every_line() -> None:
    slip = read(
        b"sender a@example.org\nname \xd0\x98\xd0\xb2\xd0\xb0\xd0\xbd\nnotify success,DELAY\n"
        b"ret hdrs\nenvid job+7\nbody 8bitmime\nfields\nwhole 16 1040\nrecipient b@example.org\n"
        b"recipient c@example.org\nnotify never\norcpt rfc822;d@example.org\n"
    )
    common = RecipientParameters(frozenset({"SUCCESS", "DELAY"}))
    assert slip == Slip(
        sender=b"a@example.org",
        name="Иван",
        ret="HDRS",
        envid="job+7",
        body="8BITMIME",
        fields=True,
        whole=(16, 1040),
        recipients=(
            (b"b@example.org", common),
            (
                b"c@example.org",
                RecipientParameters(frozenset({"NEVER"}), "rfc822;d@example.org"),
            ),
        ),
        parameters=common,
    )


@pytest.mark.parametrize("line", [b"sender\n", b"sender \n"])
def test_a_null_sender_is_none_that_lacks(line: bytes) -> None:
    assert read(line).sender == b""
    assert read(b"").sender is None


def test_more_octets_are_needed() -> None:
    whole = FIRST + b"sender a@b\n\n"
    for cut in range(len(whole)):
        assert read_slip(whole[:cut]) is None
    assert read_slip(whole) == (Slip(sender=b"a@b"), len(whole))


@pytest.mark.parametrize(
    ("octets", "what"),
    [
        (b"Subject: a message without any\n\n", "is not a message"),
        (b"bitrixmail-pickup 2\n\n", "later version"),
        (b"bitrixmail-pickup 10\n\n", "later version"),
        (b"\n\n", "is not a message"),
        (FIRST + b"relay yes\n\n", "unknown line 'relay'"),
        (FIRST + b"uid 0\n\n", "unknown line 'uid'"),
        (FIRST + b"sender a@b\nsender c@d\n\n", "sender twice"),
        (FIRST + b"sender a@b\rrecipient c@d\n\n", "control character"),
        (FIRST + b"name a\x00b\n\n", "control character"),
        (FIRST + b"ret all\n\n", "has a ret"),
        (FIRST + b"notify sometimes\n\n", "has a notify"),
        (FIRST + b"envid a b\n\n", "has an envid"),
        (FIRST + b"recipient a@b\norcpt nothing\n\n", "has an orcpt"),
        (FIRST + b"body BINARYMIME\n\n", "has a body"),
        (FIRST + b"whole 16\n\n", "has a whole"),
        (FIRST + b"whole -1 5\n\n", "has a whole"),
        (FIRST + b"whole 131073 5\n\n", "has a whole"),
        (FIRST + b"recipient " + b"a" * MAX_OCTETS, "more than"),
    ],
)
def test_what_is_refused(octets: bytes, what: str) -> None:
    with pytest.raises(SlipError, match=what):
        read_slip(octets)
