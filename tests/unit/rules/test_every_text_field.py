"""Every field of texts by every operator, on a message that has it and on one that has not."""

from __future__ import annotations

import time

import pytest

from bitrixmail.model import testimony
from bitrixmail.model.plan import TestResult
from bitrixmail.model.rule import Not, Test
from bitrixmail.rules.conditions import compile_condition, complaints
from bitrixmail.rules.facts import (
    ADDRESS_FIELDS,
    FIELDS,
    NUMBER_FIELDS,
    TIME_FIELDS,
    Facts,
    Standing,
)
from bitrixmail.rules.fields import ADDRESS_PARTS
from bitrixmail.rules.operators import TEXT_OPERATORS
from tests.corpus.fields import facts_of, full

BARE = b"X-Nothing: 1\r\n\r\n"
# What each field holds: by contains, equals, starts_with, ends_with and regex. Case differs, and
# so does the spelling of domains, since neither counts.
HELD = {
    "sender": ("romashka", "office@пример.рф", "ivan@", "@XN--E1AFMKFD.XN--P1AI", r"^ivan@\w+\."),
    "sender.address": ("van@r", "IVAN@romashka.example", "office@", "@пример.рф", r"^\S+@\S+$"),
    "sender.local_part": ("va", "ivan", "off", "ice", r"^i\w+n$"),
    "sender.domain": ("mash", "Пример.РФ", "romashka", ".example", r"^xn--\S+$"),
    "sender.name": ("ПЕТРОВ", "петров иван", "петров", "office", r"^\w+ \w+$"),
    "recipient": ("Info Desk", "third@example.net", "sales@пример", "@example.com", r"^box@"),
    "recipient.address": ("fo@", "sales@пример.рф", "second@", "example.net", r"^box@\S+$"),
    "recipient.local_part": ("eco", "box", "sal", "ird", r"^info$"),
    "recipient.domain": ("ample.n", "пример.рф", "xn--", ".com", r"^example\.org$"),
    "recipient.name": ("fo D", "third one", "info", "desk", r"^T\w+d One$"),
    "from": ("петров", "ivan@romashka.example", "петров иван <", "@romashka.example", r"<\S+>$"),
    "from.address": ("van@r", "ivan@romashka.example", "ivan@", ".example", r"^\S+$"),
    "from.local_part": ("va", "IVAN", "iv", "an", r"^\w{4}$"),
    "from.domain": ("mash", "romashka.example", "rom", ".example", r"^\w+\.example$"),
    "from.name": ("ов ив", "Петров Иван", "пет", "ИВАН", r"\bиван\b"),
    "reply_to": ("fice", "office@пример.рф", "office <", "@пример.рф", r"^Office <"),
    "reply_to.address": ("e@x", "office@xn--e1afmkfd.xn--p1ai", "off", ".рф", r"@пример"),
    "reply_to.local_part": ("ffi", "office", "off", "ice", r"^o\w+e$"),
    "reply_to.domain": ("пример", "xn--e1afmkfd.xn--p1ai", "xn--", ".рф", r"^\w+\.рф$"),
    "reply_to.name": ("ffi", "office", "OFF", "ICE", r"^\w{6}$"),
    "to": ("desk", "second@example.com", "info desk", "@example.com", r"info@example\.org"),
    "to.address": ("o@e", "info@example.org", "second", ".com", r"^info@"),
    "to.local_part": ("eco", "info", "sec", "nfo", r"^info$"),
    "to.domain": ("mple", "example.com", "ex", ".org", r"\.com$"),
    "to.name": ("o d", "info desk", "info", "desk", r"^\w+ \w+$"),
    "cc": ("third one", "third@example.net", "third", "example.net>", r"<third@"),
    "cc.address": ("@exa", "third@example.net", "th", ".net", r"^\w+@"),
    "cc.local_part": ("hir", "third", "th", "rd", r"^third$"),
    "cc.domain": ("ample", "example.net", "ex", ".net", r"net$"),
    "cc.name": ("d o", "THIRD ONE", "third", "one", r"One"),
    "envelope_sender": ("bounce", "bounce@romashka.example", "b", ".example", r"^\w+@"),
    "envelope_sender.address": ("@", "bounce@romashka.example", "bou", ".example", r"^\w+@"),
    "envelope_sender.local_part": ("oun", "bounce", "bou", "nce", r"^\w+$"),
    "envelope_sender.domain": ("mash", "romashka.example", "rom", "ple", r"^r\w+\.e\w+$"),
    "envelope_recipient": ("les@п", "box@example.org", "sales@xn--", ".рф", r"^sales@\w+\.рф$"),
    "envelope_recipient.address": ("x@e", "sales@пример.рф", "box", ".org", r"@example\.org$"),
    "envelope_recipient.local_part": ("ale", "box", "sa", "es", r"^box$"),
    "envelope_recipient.domain": ("ample", "пример.рф", "xn--", ".org", r"^пример"),
    "subject": ("№17", "счёт №17 invoice", "СЧЁТ", "invoice", r"^счёт\s№\d+\b"),
    "headers": ("счёт №17", "X-SPAM: no", "from: петров", "the day <news.example.net>",
                r"^X-Priority:\s*1"),
    "list_id": ("day", "news.example.net", "news of", ".net", r"^news\.\w+\.net$"),
    "header:X-Spam": ("a bit", "NO", "yes,", "bit", r"^yes"),
    "body": ("СЧЁТ НА ОПЛАТУ", None, "здравствуйте, уваж", "иван петров", r"^с уважением"),
    "message": ("счёт на оплату", "x-spam: no", "subject: счёт", "иван петров", r"^Высылаем"),
    "attachment_name": ("ЧЁТ 17", "logo.png", "счёт", ".pdf", r"^счёт \d+\.pdf$"),
    "attachment_type": ("pdf", "application/pdf", "image/", "/png", r"^image/(png|gif)$"),
    "language": ("r", "ru", "r", "u", r"^ru$"),
    "charset": ("utf", "UTF-8", "utf", "8", r"^utf-8$"),
    "folder": ("счет", "Счета/2026", "счета/", "2026", r"^Счета/\d{4}$"),
    "tag": ("rge", "срочно", "ur", "ent", r"^срочно$"),
    "flag": ("Flag", "\\flagged", "$la", "ed", r"^\$Label\d$"),
    "read": ("e", "yes", "y", "s", r"^yes$"),
    "priority": ("ig", "high", "hi", "gh", r"^high$"),
}  # fmt: skip
# These always say something.
NEVER_ABSENT = {"folder", "read", "priority", "headers", "message"}
OPERATORS = ("contains", "equals", "starts_with", "ends_with", "regex")
CASES = [
    (field, op, value)
    for field, values in HELD.items()
    for op, value in zip(OPERATORS, values, strict=True)
    if value is not None
]


def facts() -> Facts:
    standing = Standing("Счета/2026", {"\\Flagged", "$Label1", "\\Seen"}, {"urgent", "срочно"})
    return facts_of(full(), standing=standing)


def empty() -> Facts:
    return facts_of(BARE, sender="", recipients=(), received=None)


def holds(test: Test, facts: Facts) -> bool:
    found = list(complaints(test))
    assert not found
    compiled = compile_condition(test, 1, time.perf_counter)
    inverse = compile_condition(Not(test), 1, time.perf_counter)
    matched = compiled.matches(facts, [])
    assert inverse.matches(facts, []) is not matched
    return matched


def test_no_field_is_left_out() -> None:
    texts = set(FIELDS) - set(NUMBER_FIELDS) - set(TIME_FIELDS) - {"auth", "spam"}
    parts = {f"{field}.{part}" for field in ADDRESS_FIELDS for part in ADDRESS_PARTS}
    parts -= {"envelope_sender.name", "envelope_recipient.name"}
    assert set(HELD) == texts | parts | {"header:X-Spam"}
    assert set(OPERATORS) | {"exists", "not_contains", "not_equals"} == set(TEXT_OPERATORS)


@pytest.mark.parametrize(("field", "op", "value"), CASES)
def test_a_positive_operator_wants_any_of_the_values(field: str, op: str, value: str) -> None:
    assert holds(Test(field, op, (value,)), facts())
    assert holds(Test(field, op, (other_than(field), value)), facts())
    assert not holds(Test(field, op, (other_than(field),)), facts())


@pytest.mark.parametrize(("field", "op", "value"), CASES)
def test_a_negative_operator_wants_none_of_the_values(field: str, op: str, value: str) -> None:
    if op not in ("contains", "equals"):
        return
    assert not holds(Test(field, f"not_{op}", (value,)), facts())
    assert not holds(Test(field, f"not_{op}", (other_than(field), value)), facts())
    assert holds(Test(field, f"not_{op}", (other_than(field),)), facts())


def other_than(field: str) -> str:
    """Return a value that the field does not hold, and may."""
    return {"read": "no", "priority": "low"}.get(field, "nothing of it")


@pytest.mark.parametrize("field", HELD)
def test_whether_a_field_is_there(field: str) -> None:
    assert holds(Test(field, "exists"), facts())
    there = field in NEVER_ABSENT or field.startswith(("recipient", "envelope_recipient"))
    assert holds(Test(field, "exists"), empty()) is (there and field != "recipient.name")


@pytest.mark.parametrize(("field", "op", "value"), CASES)
def test_of_an_absent_field_only_negative_operators_hold(field: str, op: str, value: str) -> None:
    if field in NEVER_ABSENT or "recipient" in field:
        return
    assert not holds(Test(field, op, (value,)), empty())
    if op in ("contains", "equals"):
        assert holds(Test(field, f"not_{op}", (value,)), empty())


@pytest.mark.parametrize("op", [op for op in TEXT_OPERATORS if op != "exists"])
def test_authentication_results_are_unknown_until_they_exist(op: str) -> None:
    assert holds(Test("auth", op, ("dkim=pass",)), facts()) is op.startswith("not_")
    assert not holds(Test("auth", "exists"), facts())


@pytest.mark.parametrize(
    ("field", "op", "value"),
    [
        ("from.name", "equals", "петров иван"),
        ("subject", "contains", "счёт"),
        ("body", "contains", "высылаем"),
        ("body", "regex", "^высылаем"),
        ("attachment_name", "starts_with", "счёт"),
        ("folder", "ends_with", "счета/2026"),
        ("tag", "equals", "Срочно"),
    ],
)
def test_exact_compares_case(field: str, op: str, value: str) -> None:
    assert holds(Test(field, op, (value,)), facts())
    assert not holds(Test(field, op, (value,), exact=True), facts())


def test_the_body_as_a_whole() -> None:
    plain = b"Content-Type: text/plain\r\n\r\n Buy\r\n\r\n now  \r\n"
    assert holds(Test("body", "equals", ("buy now",)), facts_of(plain))
    assert holds(Test("body", "contains", ("y \r\n n",)), facts_of(plain))
    assert holds(Test("body", "regex", (r"y\n\n?\s*now",)), facts_of(plain.replace(b"\r", b"")))
    assert not holds(Test("body", "exists"), facts_of(b"Subject: x\r\n\r\n \r\n\r\n"))


@pytest.mark.parametrize(
    ("op", "value", "seen"),
    [
        ("contains", "иголка в", "…"),
        ("regex", "^иголка", "…"),
        ("ends_with", "конец", "…"),
        ("starts_with", "сено", "Сено"),
        ("contains", "никогда", "Сено"),
    ],
)
def test_the_trace_shows_what_stands_around(op: str, value: str, seen: str) -> None:
    text = f"{'Сено ' * 100}\r\nИголка в стоге {'сена ' * 100}и Конец"
    results: list[TestResult] = []
    facts = facts_of(f"Content-Type: text/plain\r\n\r\n{text}".encode())
    compile_condition(Test("body", op, (value,)), 1, time.perf_counter).matches(facts, results)
    assert results[0].seen.startswith(seen)
    assert len(results[0].seen) <= 80
    if results[0].matched and op != "regex":
        assert value in results[0].seen.lower()
    if op == "regex":
        assert "Иголка в стоге" in results[0].seen


def test_lines_are_shown_as_one() -> None:
    for field in ("body", "message"):
        values = facts_of(b"Content-Type: text/plain\r\n\r\n one\r\n two\r\n").values(field)
        assert values.show(0) == "one two"
        assert "\\u{" not in values.shown


def test_html_is_read_as_text() -> None:
    page = (
        b"Content-Type: text/html; charset=utf-8\r\n\r\n<style>p{color:red}</style>"
        b"<p>Buy&nbsp;<b>n</b>ow &lt;here&gt;</p><script>steal()</script>"
    )
    assert holds(Test("body", "contains", ("now <here>",)), facts_of(page))
    for hidden in ("color", "steal", "<b>"):
        assert not holds(Test("body", "contains", (hidden,)), facts_of(page))


def test_an_action_before_changes_what_is_seen() -> None:
    mine = facts()
    assert holds(Test("folder", "equals", ("счета/2026",)), mine)
    mine.standing.folder = "Trash"
    mine.standing.flags.discard("\\Seen")
    mine.standing.tags.add("new")
    assert holds(Test("folder", "equals", ("Trash",)), mine)
    assert holds(Test("read", "equals", ("no",)), mine)
    assert holds(Test("tag", "equals", ("new",)), mine)
    mine.standing.flags.add("$LowPriority")
    assert holds(Test("priority", "equals", ("low",)), mine)
    mine.standing.flags.discard("$LowPriority")
    mine.standing.priority = "normal"
    assert holds(Test("priority", "equals", ("normal",)), mine)


@pytest.mark.parametrize(
    ("field", "level"),
    [
        ("X-Priority: 2", "high"),
        ("X-Priority: 3 (Normal)", "normal"),
        ("X-Priority: 5", "low"),
        ("X-Priority: 17", "normal"),
        ("X-Priority: x\r\nImportance: High", "high"),
        ("Importance: low", "low"),
        ("Priority: urgent", "high"),
        ("Priority: non-urgent", "low"),
        ("X-MSMail-Priority: High", "high"),
        ("X-Other: 1", "normal"),
    ],
)
def test_priorities(field: str, level: str) -> None:
    assert facts_of(f"{field}\r\n\r\n".encode()).values("priority").texts == (level,)


def test_what_nobody_has_read_is_not_judged() -> None:
    unread = Facts(facts().headers, "", 1000)
    for field in ("body", "message", "attachment_name", "attachment_size", "language"):
        with pytest.raises(LookupError):
            unread.values(field)


def test_spam_is_what_the_checks_say() -> None:
    said = (testimony.Testimony("bayes", 99.0, spam=True),)
    plain = facts()
    marked = plain.for_mailbox("info@example.org", said=said)
    for value in ("yes", "no"):
        assert holds(Test("spam", "equals", (value,)), plain) is (value == "no")
        assert holds(Test("spam", "equals", (value,)), marked) is (value == "yes")
