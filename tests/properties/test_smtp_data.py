"""A content of any octets, cut anywhere: what is kept is what a plain reader of it says."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from bitrixmail.wire.dots import DotStuffer
from tests.attacks.reference import is_fit, mended, read_data, stuffed
from tests.attacks.sessions import Seen, attack, door_for_attacks

# What contents are made of that somebody wants to be read in two ways, and any octets at all
PARTS = st.one_of(
    st.sampled_from(
        [b"\r\n", b"\r\n", b"\r\n.", b"\r\n..", b".", b"\r", b"\n", b"\0", b"\n.\n", b"\r.\r", b"x"]
    ),
    st.binary(max_size=8),
)
FIT = st.lists(
    st.sampled_from([b"\r\n", b".", b"..", b"x", b" ", b"\x85", b"\xe2\x80\xa8", b"abc"])
)
CONTENTS = st.one_of(st.lists(PARTS, max_size=30), FIT).map(b"".join)
REFUSING, MENDING = door_for_attacks(), door_for_attacks(normalize=True)


def pieces_of(octets: bytes, data: st.DataObject) -> list[bytes]:
    cuts = sorted(data.draw(st.sets(st.integers(1, max(1, len(octets) - 1)), max_size=6)))
    return [octets[begin:end] for begin, end in pairwise([0, *cuts, len(octets)])]


def meant_by(content: bytes, *, normalize: bool) -> Seen:
    if is_fit(content):
        return Seen.accepted(content)
    return Seen.accepted(mended(content)) if normalize else Seen.refused("550 5.6.0")


@settings(deadline=None, max_examples=150)
@given(CONTENTS, st.booleans(), st.data())
def test_any_octets_behind_data(octets: bytes, normalize: bool, data: st.DataObject) -> None:
    """As they stand, up to the first end that is in them, which stands behind them at the latest."""
    sent = octets + b"\r\n.\r\n"
    content, rest = read_data(sent)
    sent = sent[: len(sent) - len(rest)]
    door = MENDING if normalize else REFUSING
    seen = attack(door, pieces_of(sent, data))
    assert seen == meant_by(content, normalize=normalize)


@settings(deadline=None, max_examples=150)
@given(CONTENTS, st.booleans(), st.data())
def test_any_content_that_a_client_sends(
    octets: bytes, normalize: bool, data: st.DataObject
) -> None:
    content = octets + b"\r\n"
    door = MENDING if normalize else REFUSING
    seen = attack(door, pieces_of(stuffed(content), data))
    assert seen == meant_by(content, normalize=normalize)


@settings(deadline=None, max_examples=150)
@given(CONTENTS, st.booleans(), st.data())
def test_any_octets_in_chunks(octets: bytes, normalize: bool, data: st.DataObject) -> None:
    content = octets + b"\r\n"
    chunks = pieces_of(content, data)
    sent = b"".join(b"BDAT %d\r\n%b" % (len(chunk), chunk) for chunk in chunks) + b"BDAT 0 LAST\r\n"
    door = MENDING if normalize else REFUSING
    seen = attack(door, pieces_of(sent, data), data=False)
    meant = meant_by(content, normalize=normalize)
    assert seen.kept == meant.kept
    assert seen.opened == 1
    assert len(seen.codes) == len(chunks) + 1
    assert (seen.codes[-1] == "250") == bool(meant.kept)


@settings(deadline=None, max_examples=150)
@given(CONTENTS, st.data())
def test_what_we_say_is_read_as_it_was_kept(octets: bytes, data: st.DataObject) -> None:
    content = octets + b"\r\n"
    stuffer = DotStuffer()
    said = b"".join(map(stuffer.feed, pieces_of(content, data))) + stuffer.finish()
    assert said == stuffed(content)
    assert read_data(said) == (content, b"")
