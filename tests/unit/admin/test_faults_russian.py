"""Whatever can be wrong is said in Russian, with what was typed left as it was typed."""

from __future__ import annotations

import re

import pytest

from bitrixmail.admin.events_russian import event_in_russian
from bitrixmail.admin.faults.russian import (
    fault_in_russian,
    place_in_russian,
    sentence_in_russian,
)
from bitrixmail.admin.findings.russian import in_russian
from bitrixmail.admin.phrasebook import Phrasebook
from bitrixmail.admin.troubles_russian import TROUBLES
from bitrixmail.model.errors import Fault
from tests.fakes.fault_texts import fault_texts
from tests.fakes.log_texts import log_texts
from tests.fakes.reply_texts import reply_texts


def test_every_fault_that_can_be_raised_has_its_russian() -> None:
    found = fault_texts()
    assert len(found) > 500
    missing = {text: at for text, at in found.items() if sentence_in_russian(text) == text}
    # A finding of the doctor, one that is made of another, and a command
    assert set(missing) <= {"was not found out within {} s", "{} is {}", "chown {} {} {}"}


@pytest.mark.parametrize(
    ("english", "russian"),
    [
        ("is not listed for all", "в этом списке (для всех) такого нет"),
        ('unknown action "fly"', "такого действия нет: `fly`"),
        ("'much' is not a size", "«much» — не размер"),
        (
            "is not TOML: line 1, a bracket is not closed: [[rule]",
            "это не TOML: строка 1, скобка не закрыта: [[rule]",
        ),
        ("must be a text", "должно быть так: текст"),
        ("names {NAME}, which is not given", "подставляется {NAME}, но значение не дано"),
    ],
)
def test_a_fault_keeps_what_was_typed(english: str, russian: str) -> None:
    assert sentence_in_russian(english) == russian


def test_where_a_fault_is_is_told_place_by_place() -> None:
    assert place_in_russian('rules: rule "is missing": action 2: do') == (
        "правила: правило «is missing»: действие 2: действие"
    )
    assert place_in_russian('--for "?"') == "для кого, «?»"
    assert place_in_russian("smtp.max_size") == "`smtp.max_size`"
    fault = Fault("mailbox bob@example.org", "there is none", "leave it out")
    assert fault_in_russian(fault) == Fault("ящик bob@example.org", "такого нет", "уберите")


@pytest.mark.parametrize(
    ("english", "russian"),
    [
        (
            "from <a@example.net> at 192.0.2.1 by ESMTPS, 351 octets",
            "от a@example.net с 192.0.2.1, ESMTPS, размер 351 Б",
        ),
        ("to Дела, by ann", "в Дела, ann"),
        ("kept in INBOX, Счета, for x@example.org", "положено в INBOX, Счета, для x@example.org"),
        (
            "deferred by mx.example.com[192.0.2.1]: 450 4.2.0 Try again later",
            "отложено, mx.example.com[192.0.2.1]: `450 4.2.0 Try again later`",
        ),
        (
            'acted: forward , rule "is missing": 250 2.0.0 Ok: queued as 1K',
            "пересылка, правило «is missing»: поставлено в очередь: 1K",
        ),
        ("[#1]: given to ann by bob", "[#1]: ответственный — ann, назначил bob"),
        (
            (
                "550 5.1.1 No such mailbox here (from <a@example.net> at 192.0.2.1, 3 times in this"
                " minute)"
            ),
            "такого ящика здесь нет (550) (от a@example.net с 192.0.2.1, раз за минуту: 3)",
        ),
        (
            (
                "550 5.6.0 Content has CR or LF standing alone (from <ann@example.net> at"
                " 127.0.0.1, 66 times in this minute)"
            ),
            (
                "в письме есть CR или LF поодиночке, а не парой CR LF (550) (от ann@example.net с"
                " 127.0.0.1, раз за минуту: 66)"
            ),
        ),
        (
            (
                "450 4.7.1 ann@example.org has sent 9 messages within an hour, try again after"
                " 2026-01-31 10:00:00 UTC"
            ),
            (
                "ann@example.org — уже отправлено писем: 9, срок: час; снова можно после"
                " 2026-01-31 10:00:00 UTC (450)"
            ),
        ),
        ('to Invoices, by "Invoices" (run 1)', "в Invoices, правило «Invoices» (запуск 1)"),
        (
            'to A, copied to B, set \\Seen, tagged x, untagged by, by "one", "two, by" (run 12)',
            (
                "в A, копия в B, поставлен флаг \\Seen, поставлена метка x, снята метка by,"
                " правила «one», «two, by» (запуск 12)"
            ),
        ),
        ('for good, by "A" (run 3)', "навсегда, правило «A» (запуск 3)"),
        ('by "A" (run 3)', "правило «A» (запуск 3)"),
        (
            "govern, handle, manage, see, send",
            "владеть, разбирать, управлять, смотреть, отправлять",
        ),
        ("listening", "принимает соединения"),
        ("reader", "наблюдатель"),
        (
            "listen.smtp: can't listen on 127.0.0.1 port 2525: taken by another program",
            "listen.smtp: нельзя слушать 127.0.0.1, порт 2525: место занято, там другая программа",
        ),
        (
            "listen.smtp: can't listen on port 25 of all addresses: permission denied for user bob",
            (
                "listen.smtp: нельзя слушать порт 25 на всех адресах: у пользователя bob нет на"
                " это права"
            ),
        ),
        ("some words of others", "`some words of others`"),
    ],
)
def test_what_happened_is_told_in_russian(english: str, russian: str) -> None:
    assert event_in_russian(english) == russian


def test_what_a_phrase_is_made_of_is_taken_once() -> None:
    book = Phrasebook([("{} has {} of {}", "{1}: {0}, {{{2}}}"), ("a {}", "A {}"), ("one", "один")])
    assert book.said("x has one of y") == "один: x, {y}"
    assert book.said("a one") == "A один"
    assert book.said("else") is None
    assert book.said("a " + "has of " * 100_000) is None


def test_every_warning_of_the_log_has_its_russian() -> None:
    found = log_texts()
    assert len(found) > 80
    # A text that is a value alone, or two, is said by what it holds
    bare = {text for text in found if not re.search(r"\w", text.replace("{}", ""))}
    assert {text: at for text, at in found.items() if text not in TROUBLES} == {
        text: found[text] for text in bare - set(TROUBLES)
    }


def test_every_reply_of_our_own_has_its_russian() -> None:
    found = reply_texts()
    assert len(found) > 100
    missing = {
        line: at for line, at in found.items() if not re.search("[а-я]", event_in_russian(line))
    }
    # Made of what is said elsewhere: the reason of a mailbox's state, of TLS, of an attempt
    assert set(missing) <= {"451 4.4.3 {}: {}", "250 2.0.0 {} as {}"}
    foreign = {line for line in found if "`" in event_in_russian(line).replace("{}", "")}
    assert not foreign


@pytest.mark.parametrize(
    ("english", "russian"),
    [
        (
            "its MX records could not be looked up: 127.0.0.1:53 answers SERVFAIL",
            "записи MX узнать не удалось: 127.0.0.1:53 отвечает ошибкой SERVFAIL",
        ),
        (
            (
                "its MX records could not be looked up: 192.0.2.1:53 answers REFUSED, 192.0.2.2:53"
                " answers SERVFAIL"
            ),
            (
                "записи MX узнать не удалось: 192.0.2.1:53 отвечает ошибкой REFUSED, 192.0.2.2:53"
                " отвечает ошибкой SERVFAIL"
            ),
        ),
        (
            "its MX records could not be looked up: 127.0.0.1:53 refuses",
            "записи MX узнать не удалось: 127.0.0.1:53 отказывает",
        ),
        (
            "listen.smtp: can't listen on 127.0.0.1 port 31215: this machine has no such address",
            "listen.smtp: нельзя слушать 127.0.0.1, порт 31215: у этой машины нет такого адреса",
        ),
    ],
)
def test_what_name_servers_and_sockets_answer_is_told_in_russian(
    english: str, russian: str
) -> None:
    assert in_russian(english) == russian
