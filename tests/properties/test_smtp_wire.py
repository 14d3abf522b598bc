"""The wire: any cut of a stream gives the same events, and those that the RFC says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from bitrixmail.smtp.content import ContentFault, ContentRules, Inspector
from bitrixmail.smtp.wire import Chunk, End, Wire
from bitrixmail.wire.lines import Line

PIECES = st.sampled_from(
    [b"\r\n", b"\r", b"\n", b".", b"..", b"\r\n.\r\n", b"\r\n.", b"\n.\r\n", b"\0", b"x", b"x" * 30,
     b"DATA\r\n", b"BDAT 5\r\n", b"BDAT 0\r\n", b"NOOP\r\n", b"\x85"]
)  # fmt: skip
STREAMS = st.lists(PIECES, max_size=40).map(b"".join)
# Content without faults but for its length
LINES = st.lists(st.sampled_from([b"\r\n", b"\r\n.", b"x", b"x" * 9]), max_size=40).map(b"".join)
MESSAGES = LINES.map(b"DATA\r\n%b\r\n.\r\n".__mod__)
RULES = st.builds(
    ContentRules, st.sampled_from([0, 60]), st.sampled_from([0, 20]), normalize=st.booleans()
)
_BDAT = re.compile(rb"BDAT ([0-9])")


@dataclass
class Content:
    """What came between a command and its end."""

    octets: bytes
    end: End | None
    fault: bool


def heard(chunks: list[bytes], rules: ContentRules) -> list[Line | Content]:
    """Play a stream to a wire whose user obeys DATA and BDAT; return what it was told."""
    wire, found = Wire(40), list[Line | Content]()
    inspector = Inspector(rules)
    for chunk in chunks:
        wire.feed(chunk)
        while (event := wire.next()) is not None:
            if isinstance(event, Line):
                found.append(event)
                bdat = _BDAT.fullmatch(event.octets)
                if event == Line(b"DATA") or bdat:
                    inspector = Inspector(rules)
                    found.append(Content(b"", None, fault=False))
                if event == Line(b"DATA"):
                    wire.begin_data(inspector)
                elif bdat:
                    wire.begin_chunk(int(bdat[1]), inspector)
                continue
            content = found[-1]
            assert isinstance(content, Content)
            if isinstance(event, Chunk):
                content.octets += event.octets
            else:
                content.octets += inspector.finish()
                content.end = event
                content.fault = inspector.fault is not None
                if content.fault:
                    # how much was handed on before a fault was noticed is a matter of the cut
                    content.octets = b""
    for content in found:
        if isinstance(content, Content) and content.end is None:
            content.octets = b""
    return found


@settings(deadline=None, max_examples=300)
@given(st.one_of(STREAMS, MESSAGES), RULES, st.data())
def test_how_a_stream_is_cut_does_not_matter(
    stream: bytes, rules: ContentRules, data: st.DataObject
) -> None:
    whole = heard([stream], rules)
    assert heard([stream[at : at + 1] for at in range(len(stream))], rules) == whole
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=10)))
    bounds = [0, *cuts, len(stream)]
    assert heard([stream[a:b] for a, b in pairwise(bounds)], rules) == whole


@settings(deadline=None, max_examples=300)
@given(STREAMS)
def test_data_ends_where_the_rfc_says(stream: bytes) -> None:
    """RFC 5321 §4.1.1.4: at the first CR LF . CR LF, the CRLF of the command DATA included."""
    found = heard([b"DATA\r\n", stream], ContentRules(0, 0))
    content = found[1]
    assert isinstance(content, Content)
    end = (b"\r\n" + stream).find(b"\r\n.\r\n")
    assert (content.end is End.DATA) == (end >= 0)
    if end < 0:
        assert len(found) == 2
        return
    lines = stream[:end]
    plain = b"".join(
        line.removeprefix(b".") for line in re.findall(rb"(?:(?!\r\n).)*\r\n", lines, re.DOTALL)
    )
    clean = lines.replace(b"\r\n", b"")
    assert content.fault == any(octet in clean for octet in (b"\r", b"\n", b"\0"))
    assert content.octets == (b"" if content.fault else plain)


@settings(deadline=None, max_examples=300)
@given(st.lists(STREAMS, max_size=4), RULES)
def test_content_that_is_kept_is_clean(chunks: list[bytes], rules: ContentRules) -> None:
    inspector = Inspector(rules)
    octets = b"".join([inspector.take(chunk) for chunk in chunks]) + inspector.finish()
    if inspector.fault is not None:
        assert not rules.normalize or inspector.fault in {
            ContentFault.LONG_LINE,
            ContentFault.OVERSIZE,
        }
        return
    assert octets.count(b"\r") == octets.count(b"\n") == octets.count(b"\r\n")
    assert b"\0" not in octets
    assert not octets or octets.endswith(b"\r\n")
    for limit, longest in (
        (rules.max_size_octets, len(octets)),
        (rules.max_line_octets, max(map(len, octets.split(b"\n"))) + 1),
    ):
        # finish() may have added a line end that nobody sent
        assert not limit or longest <= limit + 2
