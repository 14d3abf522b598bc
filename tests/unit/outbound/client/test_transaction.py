"""What is sent of a content, and what is not asked of a host that cannot carry it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bitrixmail.model.parcel import Answer, Failing, Parcel, RemoteRecipient, Stage
from bitrixmail.outbound.client.content import Mender, mended_octets
from bitrixmail.outbound.client.dialogue import Event
from tests.attacks.reference import mended, read_data
from tests.attacks.sessions import SECOND
from tests.attacks.test_smuggling import VARIANTS
from tests.unit.outbound.client.test_dialogue import ALL, BODY, Talk, never, parcel

OPEN = "250 OK", "250 OK", "354 Go on"


def sent_by_data(*pieces: bytes) -> bytes:
    """Return all octets behind DATA of a content that is fed in pieces."""
    talk = Talk(*ALL)
    talk.hand_over(parcel(), None)
    talk.hear(*OPEN)
    assert talk.events == [Event.ROOM]
    transaction = talk.dialogue.transaction
    assert transaction is not None
    told = []
    for piece in pieces:
        assert transaction.wants_content
        transaction.feed(piece)
        told.append(talk.dialogue.take())
    transaction.end_content()
    told.append(talk.dialogue.take())
    assert talk.dialogue.waits_for is Stage.CONTENT
    talk.hear("250 Queued")
    assert talk.replies() == ["250 Queued"]
    return b"".join(told)


def sent_at_once(content: bytes) -> bytes:
    talk = Talk(*ALL)
    talk.hand_over(parcel(), content)
    talk.hear(*OPEN)
    return talk.dialogue.take()


def arriving(content: bytes) -> bytes:
    whole = mended(content)
    return whole if not whole or whole.endswith(b"\r\n") else whole + b"\r\n"


@pytest.mark.parametrize("before", [b"", b"x", b"x\r\n", b"." * 40])
def test_no_variant_ends_the_content_at_any_cut(before: bytes) -> None:
    for variant in (b"\r\n.\r\n", b".\r\n", *VARIANTS):
        content = before + variant + SECOND
        # What the host reads is one content and nothing behind it
        told = sent_at_once(content)
        assert read_data(told) == (arriving(content), b""), variant
        for at in range(1, min(64, len(content)) + 1):
            assert sent_by_data(content[:at], content[at:]) == told, (variant, at)
        assert sent_by_data(*(bytes((octet,)) for octet in content)) == told


def test_what_is_sent_has_no_line_end_but_crlf() -> None:
    for variant in VARIANTS:
        told = sent_at_once(b"a" + variant + SECOND).replace(b"\r\n", b"")
        assert not set(b"\r\n\0") & set(told)


@settings(max_examples=50)
@given(st.lists(st.sampled_from([b".", b"\r\n", b"\r", b"\n", b"\0", b"a", b"\r\n."]), max_size=12))
def test_cuts_do_not_matter_to_the_mender(parts: list[bytes]) -> None:
    content = b"".join(parts)
    mender = Mender()
    assert b"".join(map(mender.feed, parts)) == mended_octets(content)
    assert mended_octets(content) == mended(content)


def test_clean_content_is_sent_octet_for_octet() -> None:
    content = b"a\r\n.b\r\n\xff\r\n"
    assert mended_octets(content) is content
    assert sent_at_once(content) == b"a\r\n..b\r\n\xff\r\n.\r\n"


def test_a_long_line_goes_by_bdat_where_that_is_offered() -> None:
    fits, long = (b"x" * size + b"\r\n.\r\n" for size in (998, 999))
    talk = Talk(*ALL, "CHUNKING")
    assert talk.hand_over(parcel(), fits).endswith("DATA\r\n")
    talk = Talk(*ALL, "CHUNKING")
    assert talk.hand_over(parcel(), long).endswith("RCPT TO:<b@example.net>\r\n")
    talk.hear("250 OK", "250 OK")
    assert talk.dialogue.take() == b"BDAT %d LAST\r\n%b" % (len(long), long)
    talk.hear("250 Queued")
    assert talk.replies() == ["250 Queued"]
    talk = Talk(*ALL)
    assert talk.hand_over(parcel(), long).endswith("DATA\r\n")


def test_bdat_sends_no_content_to_nobody() -> None:
    talk = Talk(*ALL, "CHUNKING")
    talk.hand_over(parcel(), None)
    talk.hear("250 OK", "550 5.1.1 No")
    assert talk.dialogue.take() == b""
    assert talk.replies() == ["550 5.1.1 No"]


@pytest.mark.parametrize(("pipelining", "most"), [(True, 4), (False, 1)])
def test_chunks_on_their_way_are_bounded(pipelining: bool, most: int) -> None:
    talk = Talk(*ALL, "CHUNKING", pipelining=pipelining)
    talk.hand_over(parcel(), None)
    talk.hear("250 OK")
    talk.dialogue.take()
    talk.hear("250 OK")
    transaction = talk.dialogue.transaction
    assert transaction is not None
    for _ in range(most):
        assert transaction.wants_content
        transaction.feed(b"a.\r")
    assert not transaction.wants_content
    assert talk.dialogue.take() == b"BDAT 4\r\na.\r\n" * most
    talk.events.clear()
    talk.hear("250 OK")
    assert talk.events == [Event.ROOM]
    talk.hear(*["250 OK"] * (most - 1))
    transaction.feed(b"\n.\r\n")
    assert talk.dialogue.take() == b"BDAT 3\r\n.\r\n"
    transaction.end_content()
    assert talk.dialogue.take() == b"BDAT 0 LAST\r\n"
    talk.hear("250 OK", "250 Queued")
    assert talk.replies() == ["250 Queued"]


def test_the_last_line_is_ended_in_chunks_too() -> None:
    talk = Talk(*ALL, "CHUNKING")
    talk.hand_over(parcel(), None)
    talk.hear("250 OK", "250 OK")
    transaction = talk.dialogue.transaction
    assert transaction is not None
    transaction.feed(b"a")
    transaction.end_content()
    assert talk.dialogue.take() == b"BDAT 1\r\naBDAT 2 LAST\r\n\r\n"


def test_a_chunk_refused_is_the_answer_and_the_other_replies_are_waited_for() -> None:
    talk = Talk(*ALL, "CHUNKING")
    talk.hand_over(parcel("b@x.net", "c@x.net"), None)
    talk.hear("250 OK", "550 No", "250 OK")
    transaction = talk.dialogue.transaction
    assert transaction is not None
    for _ in range(3):
        transaction.feed(b"a\r\n")
    talk.hear("250 OK", "552 5.3.4 Too much")
    assert not transaction.wants_content
    assert Event.DONE not in talk.events
    talk.hear("503 Out of order")
    assert talk.replies() == ["550 No", "552 5.3.4 Too much"]
    talk.said()
    assert talk.hand_over(parcel()).startswith("RSET\r\nMAIL")


def test_a_refusal_amid_data_is_the_answer_and_ends_the_session() -> None:
    talk = Talk(*ALL)
    talk.hand_over(parcel("b@x.net", "c@x.net"), None)
    talk.hear("250 OK", "550 No", "250 OK", "354 Go")
    transaction = talk.dialogue.transaction
    assert transaction is not None
    transaction.feed(BODY)
    talk.hear("552 5.3.4 Too much")
    assert talk.replies() == ["550 No", "552 5.3.4 Too much"]
    assert talk.failure.kind is Failing.LOST
    talk = Talk(*ALL)
    talk.hand_over(parcel(), None)
    talk.hear(*OPEN, "250 I have it")
    assert talk.failure.kind is Failing.PROTOCOL
    assert talk.transaction.outcome == (talk.failure,)


# What a host can't carry


def ours(talk: Talk, what: Parcel, content: bytes | None = BODY) -> list[str]:
    """Return the answers, which are all our own: nothing was said."""
    assert talk.hand_over(what, content) == ""
    assert talk.dialogue.must_reset is False
    for answer in talk.transaction.outcome:
        assert isinstance(answer, Answer)
        assert answer.stage is Stage.OURS
    return [f"{answer.code} {answer.enhanced}" for answer in talk.transaction.outcome]  # type: ignore[union-attr]


def test_too_large_for_size() -> None:
    assert ours(Talk("SIZE 10"), parcel()) == ["552 5.3.4"]
    large = Parcel("a@x.org", (RemoteRecipient("b@x.net"),), 900, never, prefix=b"x" * 101)
    assert ours(Talk("SIZE 1000"), large, None) == ["552 5.3.4"]
    assert "SIZE=1001" in Talk("SIZE 1001").hand_over(large, None)
    assert "SIZE=1001" in Talk("SIZE 0").hand_over(large, None)
    assert "SIZE" not in Talk("8BITMIME").hand_over(large, None)


def test_eight_bits_for_seven() -> None:
    assert ours(Talk("SIZE"), parcel(), b"\xff\r\n") == ["554 5.6.3"]
    assert ours(Talk("SIZE"), parcel(body="8BITMIME"), None) == ["554 5.6.3"]
    # what a client said matters less than what is there
    assert "BODY" not in Talk("8BITMIME").hand_over(parcel(body="8BITMIME"), BODY)
    assert "BODY=8BITMIME" in Talk("8BITMIME").hand_over(parcel(), b"\xff\r\n")


def test_smtputf8_for_a_host_without() -> None:
    old, new = Talk(*ALL[:3]), Talk(*ALL)
    assert ours(old, parcel("b@x.net", "c@x.net", smtputf8=True)) == ["553 5.6.7"] * 2
    assert ours(old, parcel(sender="тест@example.org")) == ["553 5.6.7"]
    said = old.hand_over(parcel("b@x.net", "тест@x.net"))
    assert "RCPT TO:<b@x.net>\r\nDATA" in said
    assert "SMTPUTF8" not in said
    old.hear("250 OK", "550 No", "554 No")
    assert [reply[:9] for reply in old.replies()] == ["550 No", "553 5.6.7"]
    said = new.hand_over(parcel("b@x.net", "тест@x.net"))
    assert " SMTPUTF8\r\n" in said
    assert "RCPT TO:<тест@x.net>\r\n" in said


BAD = [
    "b@x.net>\r\nRCPT TO:<c@x.net",
    "b@x.net\r\nDATA",
    "b\n@x.net",
    "b\r@x.net",
    "b\0@x.net",
    "b@x.net> NOTIFY=NEVER",
    "b c@x.net",
    '"b\r\n"@x.net',
    "@x.net",
    "",
    "b@",
    "b\u2028@x.net",
    "b\x85@x.net",
    "\ud800@x.net",
    "b" * 600 + "@x.net",
    "a@b@x.net",
]


@pytest.mark.parametrize("address", BAD)
def test_no_address_adds_a_command(address: str) -> None:
    talk = Talk(*ALL)
    assert ours(talk, parcel(address)) == ["553 5.1.3"]
    if address:
        assert ours(talk, parcel("b@x.net", "c@x.net", sender=address)) == ["553 5.1.7"] * 2
    said = talk.hand_over(parcel(address, "c@x.net"))
    assert said.splitlines()[1:] == ["RCPT TO:<c@x.net>", "DATA"]
    talk.hear("250 OK", "250 OK", "354 Go")
    talk.said()
    talk.hear("250 Queued")
    assert [reply[:3] for reply in talk.replies()] == ["553", "250"]


@pytest.mark.parametrize(
    "address",
    ['"b c"@x.net', '"b\\"c"@x.net', "b@[192.0.2.1]", "b@[IPv6:2001:db8::1]", "b..c.@x.net"],
)
def test_odd_addresses_are_sent(address: str) -> None:
    assert f"RCPT TO:<{address}>\r\n" in Talk(*ALL).hand_over(parcel(address))


def test_parameters_of_dsn_as_offered() -> None:
    what = parcel(
        RemoteRecipient("b@x.net", frozenset({"DELAY", "SUCCESS"}), "rfc822;b+c=d@x.net"),
        RemoteRecipient("c@x.net", frozenset({"NEVER"}), "utf-8;т\\@x.net"),
        RemoteRecipient("d@x.net", None, "no type"),
        sender="",
        ret="HDRS",
        envid="a b+\r\nRCPT",
    )
    assert Talk(*ALL).hand_over(what).split("\r\n") == [
        f"MAIL FROM:<> SIZE={len(BODY)} RET=HDRS ENVID=a+20b+2B+0D+0ARCPT",
        "RCPT TO:<b@x.net> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b+2Bc+3Dd@x.net",
        "RCPT TO:<c@x.net> NOTIFY=NEVER ORCPT=utf-8;\\x{442}\\x{5C}@x.net",
        "RCPT TO:<d@x.net>",
        "DATA",
        "",
    ]
    urgent = replace(what, envid=None, ret=None, mt_priority=-4)
    first = Talk("MT-PRIORITY", "PIPELINING").hand_over(urgent).split("\r\n")[0]
    assert first == "MAIL FROM:<> MT-PRIORITY=-4"
    assert Talk(*ALL).hand_over(urgent).startswith(f"MAIL FROM:<> SIZE={len(BODY)}\r\n")
    talk = Talk("PIPELINING")
    assert talk.hand_over(what).split("\r\n")[:2] == ["MAIL FROM:<>", "RCPT TO:<b@x.net>"]
    talk.hear("250 OK", "250 OK", "250 OK", "250 OK", "354 Go")
    talk.said()
    talk.hear("250 Queued")
    # the first asked for a report of success, which this host won't send
    assert [answer.relayed for answer in talk.transaction.outcome] == [True, False, False]  # type: ignore[union-attr]


def test_an_empty_message() -> None:
    assert sent_at_once(b"") == b".\r\n"
    assert sent_by_data() == b".\r\n"
