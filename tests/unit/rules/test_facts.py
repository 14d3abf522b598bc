from __future__ import annotations

import time

from bitrixmail.mime.headers import HeaderSection
from bitrixmail.model.rule import All, AnyOf, Not, Test
from bitrixmail.rules.facts import BODY_FIELDS, FIELDS, Facts, fold, header_name, reads_body

HEAD = (
    b'From: "Petrov, Ivan" <ivan@romashka.example>\r\nReply-To: office@romashka.example\r\n'
    b"To: Info <INFO@example.org>\r\nCc: a@b.ru, c@xn--e1afmkfd.xn--p1ai\r\n"
    b"X-Note: one\r\nX-Note: two\r\nSubject: Hi\r\n\r\n"
)
FACTS = Facts(HeaderSection.parse(HEAD), "bounce@romashka.example", 12345)


def test_the_sender_is_from_and_reply_to() -> None:
    assert FACTS.values("sender").texts == (
        "ivan@romashka.example",
        "Petrov, Ivan <ivan@romashka.example>",
        "office@romashka.example",
        '"Petrov, Ivan" <ivan@romashka.example>',
    )
    assert FACTS.values("envelope_sender").texts == ("bounce@romashka.example",)


def test_the_recipient_is_to_and_cc_and_where_it_was_sent() -> None:
    mine = FACTS.for_mailbox("info@example.org", "sales@example.org")
    texts = mine.values("recipient").texts
    assert {"INFO@example.org", "a@b.ru", "sales@example.org", "info@example.org"} <= set(texts)
    assert mine.values("envelope_recipient").texts == ("sales@example.org", "info@example.org")


def test_a_domain_in_another_alphabet_is_compared_both_ways() -> None:
    texts = FACTS.values("cc").texts
    assert "c@xn--e1afmkfd.xn--p1ai" in texts
    assert "c@пример.рф" in texts
    written = Facts(HeaderSection.parse("From: c@пример.рф\r\n\r\n".encode()), "d@Пример.рф", 1)
    assert "c@xn--e1afmkfd.xn--p1ai" in written.values("from").texts
    assert written.values("from.domain").texts == ("пример.рф", "xn--e1afmkfd.xn--p1ai")
    assert "d@xn--e1afmkfd.xn--p1ai" in written.values("envelope_sender").texts


def test_what_was_cut_is_seen_to_be() -> None:
    octets = b"Subject: x\r\n\r\n" + b"word\r\n" * 200_000
    cut = Facts(HeaderSection.parse(octets), "", len(octets), octets=octets).values("body")
    assert cut.shown.startswith("[cut] | word")
    assert "[cut]" not in cut.texts[0]


def test_every_address_that_led_here_is_compared() -> None:
    mine = FACTS.for_mailbox("info@example.org", "sales@example.org", "team@example.com")
    assert mine.values("envelope_recipient").texts == (
        "sales@example.org",
        "team@example.com",
        "info@example.org",
    )
    assert mine.values("recipient.domain").texts[:2] == ("example.org", "example.com")


def test_what_needs_the_content() -> None:
    assert {
        "body", "message", "attachment_name", "attachment_type", "attachment_size",
        "attachment_count", "language", "charset",
    } == BODY_FIELDS  # fmt: skip
    for field in FIELDS:
        test = Test(field, "exists")
        for condition in (test, Not(test), All((All(), AnyOf((Not(test),))))):
            assert reads_body(condition) is (field in BODY_FIELDS)
    assert not reads_body(All())


def test_mailboxes_share_what_was_decoded_and_nothing_of_their_own() -> None:
    one = FACTS.for_mailbox("one@example.org", "one@example.org")
    two = FACTS.for_mailbox("two@example.org", "two@example.org")
    assert one.values("subject") is two.values("subject")
    assert "one@example.org" not in two.values("recipient").texts
    assert "two@example.org" not in one.values("recipient").texts
    one.spend(0.25)
    assert two.patience_s == FACTS.patience_s == 0.75


def test_every_occurrence_of_a_header_field_counts() -> None:
    assert FACTS.values("header:x-NOTE").texts == ("one", "two")
    assert FACTS.values("header:X-Other").texts == ()
    assert FACTS.values("header:X-Note").shown == "one | two"


def test_size_and_unknown_fields() -> None:
    assert FACTS.values("size").texts == ("12345",)
    assert FACTS.values("colour").texts == ()
    assert Facts(HeaderSection.parse(b""), "", 0).values("envelope_sender").texts == ()


def test_folding() -> None:
    assert fold("ПРИВЕТ Ё") == "привет ё"
    assert fold("И\u0306") == "й"
    assert fold("Straße") == fold("STRASSE")
    assert fold("Ёлка") != fold("Елка")


def test_names_of_header_fields() -> None:
    assert header_name("header:List-Id") == "list-id"
    assert header_name("Header:X") == "x"
    assert header_name("header:") is None
    assert header_name("header:a b") is None


def test_long_address_fields_are_read_once_for_all_mailboxes() -> None:
    names = b", ".join(b"Name %d <n%d@example.net>" % (n, n) for n in range(3000))
    facts = Facts(HeaderSection.parse(b"To: " + names + b"\r\n\r\n"), "", 1)
    began = time.thread_time()
    for number in range(200):
        values = facts.for_mailbox(f"u{number}@a.ru", f"u{number}@a.ru").values("recipient")
        assert values.forms(exact=False)[:2] == (f"u{number}@a.ru", "n0@example.net")
        assert len(values.texts) == len(values.forms(exact=True)) == 6002
    assert time.thread_time() - began < 1


def test_what_many_messages_have_alike_is_read_once_for_all() -> None:
    first, second = (
        Facts(HeaderSection.parse(b"From: a@b.ru\r\nSubject: Hi\r\n\r\n"), "e@b.ru", 1).for_mailbox(
            "info@example.org", "i@example.org"
        )
        for _ in range(2)
    )
    for field in ("from.domain", "envelope_sender", "envelope_recipient", "priority", "header:x"):
        assert first.values(field) is second.values(field)
        assert first.values(field).lasting
    assert first.values("subject") is not second.values("subject")
    assert not first.values("subject").lasting


def test_a_list_of_recipients_is_not_remembered() -> None:
    led = [f"info+{number}@example.org" for number in range(4)]
    mine = FACTS.for_mailbox("info@example.org", *led)
    assert mine.values("envelope_recipient").texts == (*led, "info@example.org")
    assert not mine.values("envelope_recipient").lasting
