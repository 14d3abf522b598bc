from __future__ import annotations

import re
import tomllib
from datetime import UTC, datetime

import pytest

from bitrixmail.mime.headers import HeaderSection
from bitrixmail.model.errors import InputError, NotFoundError
from bitrixmail.model.plan import Disposition, Plan
from bitrixmail.rules.engine import CompiledRules
from bitrixmail.rules.facts import Facts
from bitrixmail.rules.syntax import parse_rules
from bitrixmail.rules.templates import Template, find_template, load_templates

GIVEN = {
    "from": "boss@example.org", "address": "old@example.org", "domains": "partner.example",
    "addresses": "ann@example.net, bob@example.net",
}  # fmt: skip
GERMAN = (
    "Der schnelle braune Fuchs springt über den faulen Hund, und der Hund schläft weiter, weil er"
    " sehr müde ist und nicht gestört werden will."
)
NIGHT = datetime(2026, 5, 4, 22, 30, tzinfo=UTC)
DAY = datetime(2026, 5, 4, 10, 0, tzinfo=UTC)
BIG = (
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: application/pdf\r\n"
    b'Content-Disposition: attachment; filename="x.pdf"\r\n\r\n%PDF-'
    + b"x" * 2000
    + b"\r\n--b--\r\n"
)


def judged(
    name: str,
    octets: bytes,
    *,
    recipient: str = "info@example.org",
    received: datetime = DAY,
    occasion: str = "receive",
    folder: str = "INBOX",
    now: datetime = DAY,
    **values: str,
) -> Plan:
    template = find_template(name)
    needed = {
        slot.name: GIVEN[slot.name]
        for slot in template.slots
        if slot.default is None and slot.name not in values
    }
    rules = CompiledRules.compile(parse_rules(template.filled({**needed, **values}), "x"))
    facts = Facts(
        HeaderSection.parse(octets),
        sender="x@example.net",
        size_octets=len(octets),
        octets=octets,
        received=received,
        now=now,
    )
    return rules.judge(
        facts.for_mailbox("info@example.org", recipient),
        mailbox="info@example.org",
        domain="example.org",
        occasion=occasion,
        folder=folder,
    )


@pytest.mark.parametrize("template", load_templates(), ids=lambda template: template.name)
class TestEach:
    def test_it_is_a_rule_once_filled_in(self, template: Template) -> None:
        needed = [slot.name for slot in template.slots if slot.default is None]
        text = template.filled({name: GIVEN[name] for name in needed})
        rules = parse_rules(text, "x")
        CompiledRules.compile(rules)
        assert rules.rules
        assert "{" not in re.sub(r"\{ field.*", "", text)

    def test_it_says_what_it_is_for_in_two_languages(self, template: Template) -> None:
        texts = [(template.english, template.russian)]
        texts += [(slot.english, slot.russian) for slot in template.slots]
        for english, russian in texts:
            assert english
            assert re.search("[а-я]", russian), russian
            assert not re.search("[а-я]", english), english

    def test_a_russian_gets_names_and_folders_in_russian(self, template: Template) -> None:
        needed = [slot.name for slot in template.slots if slot.default is None]
        given = {name: GIVEN[name] for name in needed}
        (rule,) = parse_rules(template.filled(given, "ru"), "x").rules
        (english,) = parse_rules(template.filled(given), "x").rules
        assert re.search("[А-я]", rule.name), rule.name
        assert not re.search("[А-я]", english.name), english.name
        CompiledRules.compile(parse_rules(template.filled(given, "ru"), "x"))
        for slot in template.slots:
            if slot.name in {"folder", "tag", "text"}:
                told = slot.default_in("ru") or ""
                assert re.search("[А-я]", told), slot.name
                assert not re.search("[А-я]", slot.default_in("en") or ""), slot.name
        assert f'name = "{template.russian_name}"' in template.text_in("ru")

    def test_each_slot_is_used(self, template: Template) -> None:
        for slot in template.slots:
            assert slot.name in {"mailbox", "domain"} or f"{{{slot.name}}}" in template.text

    def test_it_matches_not_everything(self, template: Template) -> None:
        plain = (
            b"From: carol@example.net\r\nSubject: Hello\r\n\r\nHello to you, how are you today?\r\n"
        )
        occasion = "schedule" if template.name == "old-newsletters" else "receive"
        plan = judged(template.name, plain, occasion=occasion)
        assert not any(step.matched for step in plan.trace.steps)


@pytest.mark.parametrize(
    ("name", "octets", "folder"),
    [
        ("invoices", "Subject: Счёт № 17", "Invoices"),
        ("invoices", 'Content-Type: application/pdf; name="invoice 3.pdf"', "Invoices"),
        ("receipts", "From: Банк <noreply@sberbank.ru>", "Receipts"),
        ("receipts", "Subject: Кассовый чек", "Receipts"),
        ("newsletters", "List-Unsubscribe: <mailto:x>", "Newsletters"),
        ("newsletters", "Precedence: bulk", "Newsletters"),
        ("silence", "From: News <boss@example.org>", "Newsletters"),
        ("former-employee", "Subject: x", "INBOX"),
        ("bounces", 'Content-Type: multipart/report; report-type="delivery-status"', "Bounces"),
        ("bounces", "From: MAILER-DAEMON@example.net", "Bounces"),
        ("auto-replies", "Subject: Автоответ: меня нет", "Automatic replies"),
        ("resumes", "Subject: Резюме бухгалтера", "Résumés"),
        ("site-forms", "From: boss@example.org\nSubject: Новый заказ", "Site"),
        ("social", "From: VK <x@notify.vk.com>", "Social networks"),
        ("vip-domain", "From: x@partner.example", "Partners"),
        ("foreign", f"Subject: x\n\n{GERMAN}", "Other languages"),
    ],
)  # fmt: skip
def test_where_messages_go(name: str, octets: str, folder: str) -> None:
    text = octets if "\n\n" in octets else f"{octets}\n\nx\n"
    assert judged(name, text.replace("\n", "\r\n").encode()).folder == folder


def test_marks() -> None:
    boss = judged("boss", b"From: Big Boss <boss@example.org>\r\n\r\n")
    assert "\\Flagged" in boss.flags
    assert boss.folder == "INBOX"
    assert judged("vip", b"From: bob@example.net\r\n\r\n").tags == {"vip"}
    assert judged("calendar", BIG.replace(b"x.pdf", b"x.ics")).tags == {"calendar"}
    assert judged("out-of-hours", b"A: b\r\n\r\n", received=NIGHT).tags == {"out of hours"}
    assert "\\Seen" in judged("social", b"From: x@vk.com\r\n\r\n").flags


def test_a_former_employee() -> None:
    plan = judged("former-employee", b"A: b\r\n\r\n", recipient="old@example.org")
    assert (plan.folder, set(plan.tags)) == ("Former employees", {"former employee"})
    plan = judged("former-employee", b"A: b\r\n\r\n", recipient="old@example.org", tag="Иван")
    assert plan.tags == {"Иван"}


def test_big_at_night() -> None:
    assert (
        judged("big-at-night", BIG, received=NIGHT, size="1 KiB").disposition is Disposition.REJECT
    )
    assert judged("big-at-night", BIG, received=DAY, size="1 KiB").disposition is Disposition.KEEP
    assert judged("big-at-night", BIG, received=NIGHT).disposition is Disposition.KEEP


def test_quarantine() -> None:
    casino = "Subject: x\r\n\r\nЛучшее КАЗИНО\r\n".encode()
    assert judged("spam-words", casino).disposition is Disposition.QUARANTINE
    program = BIG.replace(b"x.pdf", b"x.pdf.EXE")
    assert judged("executables", program).disposition is Disposition.QUARANTINE


def test_old_newsletters_go_by_the_clock() -> None:
    old = datetime(2026, 3, 4, tzinfo=UTC)
    octets = b"Date: Wed, 4 Mar 2026 00:00:00 +0000\r\n\r\nx\r\n"
    plan = judged(
        "old-newsletters", octets, received=old, occasion="schedule", folder="Newsletters"
    )
    assert plan.folder == "Trash"
    kept = judged("old-newsletters", octets, received=old, occasion="schedule")
    assert kept.folder == "INBOX"


def test_whose_and_under_which_name() -> None:
    text = find_template("vip").filled({"addresses": "a@b.example", "mailbox": "info@example.org"})
    (rule,) = tomllib.loads(text)["rule"]
    assert (rule["name"], rule["mailbox"]) == ("VIP (info@example.org)", "info@example.org")
    assert rule["condition"][0]["value"] == "a@b.example"


def test_faults_are_told_together() -> None:
    with pytest.raises(InputError) as caught:
        find_template("boss").filled({"fom": "x", "mailbox": "a@b.c", "domain": "b.c"})
    assert [str(fault) for fault in caught.value.faults] == [
        'template boss: fom: unknown key "fom" (did you mean "from"?)',
        "template boss: from: must be filled in (from=…: the address or addresses)",
        "template boss: has a mailbox and a domain (leave one of them out)",
    ]
    with pytest.raises(NotFoundError, match='did you mean "boss"'):
        find_template("bos")
    with pytest.raises(InputError, match="a size is"):
        find_template("big-at-night").filled({"size": "huge"})


def test_braces_within_words_are_words() -> None:
    template = next(each for each in load_templates() if each.name == "former-employee")
    written = template.filled({"address": "a@example.org", "tag": "{folder}", "folder": "A {tag}"})
    actions = [
        action.argument for rule in parse_rules(written, "x").rules for action in rule.actions
    ]
    assert "{folder}" in actions
    assert "A {tag}" in actions
