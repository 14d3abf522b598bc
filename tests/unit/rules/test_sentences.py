"""Rules in words, English and Russian."""

from __future__ import annotations

import pytest

from bitrixmail.model.rule import Action, All, AnyOf, Condition, Not, Rule, Test
from bitrixmail.rules.actions import KINDS
from bitrixmail.rules.fields import ADDRESS_FIELDS, ADDRESS_PARTS, FIELDS
from bitrixmail.rules.operators import OPERATORS
from bitrixmail.rules.sentences import LANGUAGES, action_clause, sentence, test_clause

FLAG = (Action("flag"),)


def both(rule: Rule) -> tuple[str, str]:
    return sentence(rule, "en"), sentence(rule, "ru")


def test_a_whole_rule() -> None:
    rule = Rule(
        "Invoices",
        All((Test("subject", "contains", ("invoice", "счёт")),)),
        (Action("move", "Счета"), Action("mark_read")),
        stop=True,
        mailbox="info@example.org",
    )
    assert both(rule) == (
        (
            'For info@example.org, if the subject contains "invoice" or "счёт", then move it to the'
            ' folder "Счета", mark it as read and try no further rule.'
        ),
        (
            "Для info@example.org: если тема содержит «invoice» или «счёт», то переместить в папку"
            " «Счета», отметить прочитанным и другие правила не проверять."
        ),
    )


def test_what_stands_around_a_rule() -> None:
    rule = Rule(
        "nightly",
        All(),
        (Action("delete"),),
        domain="example.org",
        on=frozenset({"schedule"}),
        schedule="0 3 * * *",
        group="Рассылки",
        active=False,
    )
    assert both(rule) == (
        (
            "For all mailboxes of example.org, by the clock (0 3 * * *), always move it to Trash"
            ' (group "Рассылки"; switched off).'
        ),
        (
            "Для всех ящиков домена example.org, по расписанию (0 3 * * *): всегда удалить в корзину"
            " (группа «Рассылки»; правило выключено)."
        ),
    )
    assert sentence(rule, "en", off=True).endswith(
        '(group "Рассылки", switched off; switched off).'
    )
    assert "(группа «Рассылки», выключена; " in sentence(rule, "ru", off=True)


A, B, C = (Test("subject", "contains", (letter,)) for letter in "abc")


@pytest.mark.parametrize(
    ("condition", "english", "russian"),
    [
        (
            AnyOf((A, All((B, C)))),
            'If the subject contains "a" or (the subject contains "b" and the subject contains "c"), then',
            "Если тема содержит «a» или (тема содержит «b» и тема содержит «c»), то",
        ),
        (
            All((A, B, Not(C))),
            'If the subject contains "a", the subject contains "b" and the subject does not contain "c", then',
            "Если тема содержит «a», тема содержит «b» и тема не содержит «c», то",
        ),
        (
            Not(AnyOf((A, B))),
            'If the subject does not contain "a" and the subject does not contain "b", then',
            "Если тема не содержит «a» и тема не содержит «b», то",
        ),
        (
            Not(All((A, B))),
            'If it is not so that (the subject contains "a" and the subject contains "b"), then',
            "Если неверно, что (тема содержит «a» и тема содержит «b»), то",
        ),
        (Not(Not(A)), 'If the subject contains "a", then', "Если тема содержит «a», то"),
        (All((AnyOf((All(),)),)), "Always", "Всегда"),
        (AnyOf(), "Never", "Никогда не выполняется:"),
        (Not(All()), "Never", "Никогда не выполняется:"),
    ],
)  # fmt: skip
def test_conditions_within_conditions(condition: Condition, english: str, russian: str) -> None:
    rule = Rule("x", condition, FLAG)
    assert both(rule) == (f"{english} flag it.", f"{russian} отметить флажком.")


@pytest.mark.parametrize(
    ("test", "english", "russian"),
    [
        (Test("recipient", "not_equals", ("a@b.ru",)),
         'no recipient is "a@b.ru"', "ни один получатель не совпадает с «a@b.ru»"),
        (Test("from.domain", "equals", ("x.ru",)),
         'the domain of From is "x.ru"', "домен поля From совпадает с «x.ru»"),
        (Test("sender.name", "not_contains", ("x",)),
         'the name of no sender contains "x"', "ни одно имя отправителя не содержит «x»"),
        (Test("envelope_sender.domain", "not_equals", ("x.ru",)),
         'the domain of the envelope sender is not "x.ru"',
         "домен отправителя конверта не совпадает с «x.ru»"),
        (Test("header:X-Spam", "exists"), "it has a field X-Spam", "есть поле X-Spam"),
        (Test("attachment_type", "exists"), "it has an attachment", "есть вложение"),
        (Test("attachment_name", "ends_with", (".exe", ".bat")),
         'the name of an attachment ends with ".exe" or ".bat"',
         "имя вложения заканчивается на «.exe» или «.bat»"),
        (Test("size", "greater", ("10MB",)), "the size is greater than 10MB", "размер больше 10MB"),
        (Test("attachment_count", "not_equals", ("0",)),
         "the number of attachments is not 0", "число вложений — не 0"),
        (Test("age", "greater", ("21d",)), "it is older than 21 days", "письмо старше 21 дня"),
        (Test("age", "greater", ("21 дней",)), "it is older than 21 days", "письмо старше 21 дня"),
        (Test("age", "less", ("11h",)), "it is newer than 11 hours", "письмо младше 11 часов"),
        (Test("age", "less", ("1w",)), "it is newer than 1 week", "письмо младше 1 недели"),
        (Test("date", "less", ("2026-01-31",)),
         "its date is earlier than 2026-01-31", "дата письма раньше 2026-01-31"),
        (Test("received", "greater", ("2026-01-31 14:00 Europe/Moscow",)),
         "its arrival is later than 2026-01-31 14:00 Europe/Moscow",
         "время прихода позже 2026-01-31 14:00 Europe/Moscow"),
        (Test("time", "not_equals", ("Mon-Fri 09:00-18:00 Europe/Moscow",)),
         "it is outside Mon-Fri 09:00-18:00 Europe/Moscow",
         "время вне пн-пт 09:00-18:00 Europe/Moscow"),
        (Test("read", "equals", ("no",)), "it is unread", "письмо не прочитано"),
        (Test("read", "not_equals", ("no",)), "it is read", "письмо прочитано"),
        (Test("tag", "equals", ("срочно",)),
         'it has the tag "срочно"', "у письма есть метка «срочно»"),
        (Test("flag", "not_equals", ("$Work",)),
         'it does not have the flag "$Work"', "у письма нет флага «$Work»"),
        (Test("folder", "equals", ("INBOX",)),
         'it lies in the folder "INBOX"', "письмо лежит в папке «INBOX»"),
        (Test("language", "not_equals", ("ru",)),
         "the language is not Russian", "язык письма — не русский"),
        (Test("priority", "equals", ("high",)), "the priority is high", "важность — высокая"),
        (Test("subject", "regex", (r"\d+",), exact=True),
         r'the subject fits the expression "\d+" (capitals told apart)',
         r"тема подходит под выражение «\d+» (с учётом регистра)"),
        (Test("from.address", "equals", ("a@b.ru",), lists=("partners.txt",)),
         'the address in From is "a@b.ru" or a line of the list partners.txt',
         "адрес поля From совпадает с «a@b.ru» или чем-либо из списка partners.txt"),
        (Test("subject", "starts_with", tuple("abcdefg")),
         'the subject starts with "a" or "b" or "c" or "d" or one of 3 more',
         "тема начинается с «a» или «b» или «c» или «d» или одного из ещё 3 значений"),
        (Test("python:shop.customer", "equals", ("vip",)),
         'the answer of shop.customer is "vip"', "ответ shop.customer совпадает с «vip»"),
        (Test("python:shop.customer", "exists"),
         "it has an answer of shop.customer", "есть ответ shop.customer"),
        (Test("subject", "contains", ("a\x1b[2J\nb",)),
         r'the subject contains "a\u{1b}[2J\u{a}b"', r"тема содержит «a\u{1b}[2J\u{a}b»"),
    ],
)  # fmt: skip
def test_comparisons(test: Test, english: str, russian: str) -> None:
    assert (test_clause(test, "en"), test_clause(test, "ru")) == (english, russian)


@pytest.mark.parametrize(
    ("action", "english", "russian"),
    [
        (Action("copy", "A/Б"), 'put a copy into the folder "A/Б"', "положить копию в папку «A/Б»"),
        (Action("unflag"), "take its flag off", "снять флажок"),
        (Action("flag", "$Work"), 'set the flag "$Work"', "поставить флаг «$Work»"),
        (Action("priority", "high"), "set its priority to high", "назначить высокую важность"),
        (Action("reject", "No"), 'refuse it with the words "No"', "отказать со словами «No»"),
        (Action("reject"), "refuse it", "отказать в приёме"),
        (Action("command", "invoice"), 'run the command "invoice"', "запустить команду «invoice»"),
        (
            Action("python", "shop.book"),
            'have the extension do "shop.book"',
            "поручить расширению «shop.book»",
        ),
        (Action("telegram", "@x"), "telegram @x", "telegram @x"),
        (Action("forward", "a@x.org, b@y.org"), 'forward it to "a@x.org", "b@y.org"',
         "переслать на «a@x.org», «b@y.org»"),
        (Action("redirect", "a@x.org"), 'pass it on, its sender as it is, to "a@x.org"',
         "перенаправить, не меняя отправителя, на «a@x.org»"),
        (Action("reply", "", (("text", "x"),)), "answer its sender by itself once in 7 days",
         "ответить отправителю автоматически не чаще раза в 7 дней"),
        (Action("reply", "", (("subject", "Re"), ("once_per", "2h"), ("starts", "2026-12-28"),
                              ("ends", "2027-01-10"))),
         'answer its sender by itself under the subject "Re" from 2026-12-28 until 2027-01-10 once in 2 hours',
         "ответить отправителю автоматически с темой «Re» с 2026-12-28 по 2027-01-10 не чаще раза в 2 часа"),
        (Action("notify", "a@x.org"), 'send a notice of it to "a@x.org"',
         "сообщить о нём на «a@x.org»"),
    ],
)  # fmt: skip
def test_actions(action: Action, english: str, russian: str) -> None:
    assert (action_clause(action, "en"), action_clause(action, "ru")) == (english, russian)


def _words() -> list[str]:
    parts = [f"{base}.{part}" for base in ADDRESS_FIELDS for part in ADDRESS_PARTS]
    return [*FIELDS, *parts]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_of_the_language_has_words(language: str) -> None:
    # What has none shows through: in quotation marks, or with its underscore.
    for field in _words():
        for op in OPERATORS:
            said = test_clause(Test(field, op, () if op == "exists" else ("1",)), language)
            assert f'"{field}"' not in said
            assert f"«{field}»" not in said
            assert "_" not in said
    for do in KINDS:
        said = action_clause(Action(do, "x"), language)
        assert "_" not in said
        assert language == "en" or do not in said


def test_nothing_of_another_language_is_taken_for_english() -> None:
    assert test_clause(A, "de") == test_clause(A, "en")
