"""Notices to senders: what stands in them, what comes back, who gets none."""

from __future__ import annotations

import email
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import Message

import pytest

from bitrixmail.mime.dsn import MAX_RETURNED_OCTETS, Composed, compose, wanted
from bitrixmail.mime.dsn_reading import read_bounce
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.model.dsn import Action, Notice, Reason, Reported

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
ORIGINAL = (
    b"Received: from site (local) by mx.example.org (bitrixmail) with LOCAL\r\n id 0PVXQ9M2KD3B7A;"
    b" Tue, 24 Nov 2026 12:00:00 +0000\r\n"
    b"Subject: =?utf-8?B?0JfQsNC60LDQtw==?=\r\nMessage-ID: <order-17@example.org>\r\n"
    b"\r\nGood day!\r\n"
)
FAILED = Reported(
    "anna@example.net",
    Action.FAILED,
    "5.1.1",
    Reason.UNKNOWN_USER,
    original="rfc822;Anna@example.net",
    host="mx.example.net",
    reply="550 5.1.1 No such user here",
    last_attempt=NOON,
)
NOTICE = Notice(
    hostname="mx.example.org",
    author="postmaster@example.org",
    sender="shop@example.org",
    message_id="<notice-1@mx.example.org>",
    at=NOON,
    arrival=NOON - timedelta(minutes=5),
    queue_id="0PVXQ9M2KD3B7A",
    recipients=(FAILED,),
    original=ORIGINAL,
    size_octets=len(ORIGINAL),
    envelope_id="order-17",
)


def parts(composed: Composed) -> tuple[Message, list[Message]]:
    """Read it with the standard library, as a second opinion."""
    whole = email.message_from_bytes(composed.octets)
    found = whole.get_payload()
    assert isinstance(found, list)
    assert not [defect for part in whole.walk() for defect in part.defects]
    return whole, [part for part in found if isinstance(part, Message)]


def told(composed: Composed) -> str:
    payload = parts(composed)[1][0].get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode()


def status_blocks(composed: Composed) -> list[Message]:
    blocks = parts(composed)[1][1].get_payload()
    assert isinstance(blocks, list)
    return [block for block in blocks if isinstance(block, Message)]


def original(notice: Notice, octets: bytes) -> Notice:
    return replace(notice, original=octets, size_octets=len(octets))


def about(**changed: object) -> Notice:
    return replace(NOTICE, recipients=(replace(FAILED, **changed),))  # type: ignore[arg-type] # as named


def test_a_failure_as_rfc_3464_wants_it() -> None:
    composed = compose(NOTICE)
    whole, three = parts(composed)
    assert whole.get_content_type() == "multipart/report"
    assert whole.get_param("report-type") == "delivery-status"
    assert whole["Auto-Submitted"] == "auto-replied"
    assert whole["To"] == "<shop@example.org>"
    assert whole["From"] == "Mail server mx.example.org <postmaster@example.org>"
    assert whole["In-Reply-To"].strip() == "<order-17@example.org>"
    assert [part.get_content_type() for part in three] == [
        "text/plain", "message/delivery-status", "message/rfc822",
    ]  # fmt: skip
    message, recipient = status_blocks(composed)
    assert dict(message.items()) == {
        "Original-Envelope-Id": "order-17",
        "Reporting-MTA": "dns; mx.example.org",
        "Arrival-Date": "Tue, 24 Nov 2026 11:55:00 +0000",
    }
    assert dict(recipient.items()) == {
        "Original-Recipient": "rfc822; Anna@example.net",
        "Final-Recipient": "rfc822; anna@example.net",
        "Action": "failed",
        "Status": "5.1.1",
        "Remote-MTA": "dns; mx.example.net",
        "Diagnostic-Code": "smtp; 550 5.1.1 No such user here",
        "Last-Attempt-Date": "Tue, 24 Nov 2026 12:00:00 +0000",
    }
    assert composed.octets.endswith(
        ORIGINAL + b"\r\n--" + whole.get_boundary("").encode() + b"--\r\n"
    )
    assert (composed.body, composed.smtputf8) == ("7BIT", False)


def test_our_own_reader_understands_it() -> None:
    octets = compose(NOTICE).octets
    bounce = read_bounce(octets, HeaderSection.parse(octets), "mx.example.org")
    assert bounce is not None
    assert bounce.standard
    assert (bounce.message_id, bounce.envelope_id) == ("<order-17@example.org>", "order-17")
    assert bounce.queue_id == "0PVXQ9M2KD3B7A"
    (returned,) = bounce.recipients
    assert (returned.address, returned.original) == ("anna@example.net", "Anna@example.net")
    assert (returned.status, returned.host) == ("5.1.1", "mx.example.net")
    assert returned.diagnostic == "550 5.1.1 No such user here"


def test_it_says_in_two_languages_what_happened_and_what_to_do() -> None:
    text = told(compose(NOTICE))
    english, russian = text.split("-" * 60)
    assert "could not be delivered" in english
    assert "не удалось доставить" in russian
    for half in (english, russian):
        assert "anna@example.net" in half
        assert "mx.example.net" in half
        assert "550 5.1.1 No such user here" in half
        assert "0PVXQ9M2KD3B7A" in half
        assert "Заказ" in half  # its subject
    assert "Check how it is written" in " ".join(english.split())
    assert "Проверьте, верно ли он написан" in " ".join(russian.split())


def test_each_reason_has_advice_without_a_gap() -> None:
    for reason in Reason:
        text = told(compose(about(reason=reason)))
        assert "{" not in text
        assert len(text) > 300


def test_a_delay_says_until_when_it_goes_on() -> None:
    delayed = about(action=Action.DELAYED, status="4.4.1", retry_until=NOON + timedelta(days=5))
    composed = compose(delayed)
    recipient = status_blocks(composed)[1]
    assert recipient["Action"] == "delayed"
    assert recipient["Will-Retry-Until"] == "Sun, 29 Nov 2026 12:00:00 +0000"
    assert "need not do anything" in told(composed)
    assert b"Subject: Your message is delayed /\r\n =?utf-8?B?" in composed.octets
    # only a failure brings the whole message back (RFC 3461 §4.3)
    assert parts(composed)[1][2].get_content_type() == "text/rfc822-headers"


@pytest.mark.parametrize("action", [Action.DELIVERED, Action.RELAYED, Action.EXPANDED])
def test_a_success_is_told_without_advice(action: Action) -> None:
    composed = compose(about(action=action, status="2.1.5", reply="250 2.1.5 Ok"))
    assert status_blocks(composed)[1]["Action"] == action.value
    assert b"Subject: Your message was delivered" in composed.octets
    assert "administrator:" in told(composed)
    assert "another way" not in told(composed)


def test_what_no_host_said_is_no_diagnostic_code() -> None:
    composed = compose(about(host="", reply="", explanation="no host of the domain answers"))
    recipient = status_blocks(composed)[1]
    assert recipient["Diagnostic-Code"] is None
    assert recipient["Remote-MTA"] is None
    assert "no host of the domain answers" in told(composed)
    # a host was reached, but the words are ours
    lost = compose(about(reply="the connection was lost after RCPT"))
    assert status_blocks(lost)[1]["Diagnostic-Code"] is None
    assert "the connection was lost after RCPT" in told(lost)


def test_a_long_reply_is_cut() -> None:
    composed = compose(about(reply="550 " + "no " * 5000))
    assert len(status_blocks(composed)[1]["Diagnostic-Code"]) < 1200
    assert len(told(composed)) < 4000


BODY = b"Subject: x\r\n\r\n" + b"a line of text\r\n" * 100


@pytest.mark.parametrize(
    ("ret", "octets", "size", "kind"),
    [
        (None, BODY, 0, "message/rfc822"),
        ("FULL", BODY, 0, "message/rfc822"),
        ("HDRS", BODY, 0, "text/rfc822-headers"),
        ("FULL", BODY, 10**6, "text/rfc822-headers"),  # only its beginning was read
        ("FULL", b"Subject: x\r\n\r\n" + b"y\r\n" * 30_000, 0, "text/rfc822-headers"),
        ("FULL", b"Subject: x\r\n\r\n" + b"y" * 2000, 0, "text/rfc822-headers"),  # a long line
        ("FULL", b"Subject: x\r\n\r\na\0b\r\n", 0, "text/rfc822-headers"),
        ("FULL", b"Subject: x\r\n\r\na\nb\r\n", 0, "text/rfc822-headers"),
    ],
)
def test_what_comes_back(ret: str | None, octets: bytes, size: int, kind: str) -> None:
    notice = replace(NOTICE, ret=ret, original=octets, size_octets=size or len(octets))
    third = parts(compose(notice))[1][2]
    assert third.get_content_type() == kind
    if kind == "text/rfc822-headers":
        assert third.get_payload() == "Subject: x\r\n"


def test_a_large_header_section_is_cut_at_the_end_of_a_line() -> None:
    section = b"".join(b"X-%d: %s\r\n" % (n, b"v" * 100) for n in range(2000)) + b"\r\n"
    composed = compose(original(NOTICE, section))
    assert len(composed.octets) < MAX_RETURNED_OCTETS + 8192
    payload = parts(composed)[1][2].get_payload()
    assert isinstance(payload, str)
    assert all(line.endswith("v" * 100) for line in payload.splitlines())


def test_letters_of_the_message_that_comes_back_are_kept() -> None:
    octets = "Subject: Заказ\r\n\r\nДобрый день!\r\n".encode()
    whole = compose(replace(original(NOTICE, octets), eight_bit=True))
    assert whole.body == "8BITMIME"
    assert octets in whole.octets
    # Not asked for, or more than a host on the way may take
    for notice in (replace(NOTICE, ret="HDRS", eight_bit=True), NOTICE):
        headers = compose(original(notice, octets))
        assert headers.body == "7BIT"
        third = parts(headers)[1][2].get_payload(decode=True)
        assert isinstance(third, bytes)
        assert third.decode() == "Subject: Заказ\r\n"


def test_an_internationalised_message_has_the_types_of_rfc_6533() -> None:
    notice = replace(
        about(recipient="анна@example.net", original="utf-8;анна@example.net"),
        sender="магазин@example.org",
        smtputf8=True,
    )
    composed = compose(notice)
    assert (composed.body, composed.smtputf8) == ("8BITMIME", True)
    types = [part.get_content_type() for part in parts(composed)[1]]
    assert types == ["text/plain", "message/global-delivery-status", "message/global"]
    assert "Final-Recipient: utf-8; анна@example.net\r\n".encode() in composed.octets
    assert "To: <магазин@example.org>\r\n".encode() in composed.octets


def test_letters_where_only_ascii_may_stand_are_written_in_it() -> None:
    composed = compose(
        about(
            recipient="анна@example.net", original="utf-8;анна@example.net", reply="550 Нет такого"
        )
    )
    assert composed.body == "7BIT"
    bounce = read_bounce(composed.octets, HeaderSection.parse(composed.octets))
    assert bounce is not None
    (returned,) = bounce.recipients
    assert (returned.address, returned.original) == ("анна@example.net", "анна@example.net")
    assert returned.diagnostic == "550 Нет такого"
    assert b"Diagnostic-Code: smtp; 550 =?utf-8?B?" in composed.octets


def test_many_recipients_are_all_in_the_report_and_few_in_the_text() -> None:
    many = tuple(replace(FAILED, recipient=f"a{n}@example.net") for n in range(300))
    composed = compose(replace(NOTICE, recipients=many))
    assert len(status_blocks(composed)) == 301
    assert "And 280 more" in told(composed)
    assert "a19@example.net" in told(composed)
    assert "a20@example.net" not in told(composed)


def test_a_notice_to_nobody_or_of_nothing_is_none() -> None:
    for wrong in (replace(NOTICE, sender=""), replace(NOTICE, recipients=())):
        with pytest.raises(ValueError, match="a notice"):
            compose(wrong)


ALL = frozenset(("SUCCESS", "FAILURE", "DELAY"))


@pytest.mark.parametrize(
    ("notify", "told_of"),
    [
        (None, {Action.FAILED, Action.DELAYED}),
        (frozenset(("NEVER",)), set()),
        (frozenset(("FAILURE",)), {Action.FAILED}),
        (frozenset(("DELAY",)), {Action.DELAYED}),
        (frozenset(("SUCCESS",)), {Action.DELIVERED, Action.RELAYED, Action.EXPANDED}),
        (ALL, set(Action)),
    ],
)
def test_notify_says_who_is_told_of_what(
    notify: frozenset[str] | None, told_of: set[Action]
) -> None:
    assert {action for action in Action if wanted(action, notify, "a@example.org")} == told_of
    # never about a notice (RFC 5321 §4.5.5)
    assert not any(wanted(action, notify, "") for action in Action)
