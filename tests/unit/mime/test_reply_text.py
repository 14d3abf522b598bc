from __future__ import annotations

import time

import pytest

from bitrixmail.mime.reply_text import reply_text

LETTERS = {
    "english": "Yes, please.\n\nOn Tue, 3 May 2026 at 10:00, Ann <ann@example.net> wrote:\n> Do you want it?\n",
    "folded": "Yes, please.\n\nOn Tue, 3 May 2026 at 10:00, Ann Maria Petrova\n<ann@example.net> wrote:\n\n> Do you want it?\n",
    "russian": "Yes, please.\n\n3 мая 2026 г., 10:00, Анна <ann@example.net> пишет:\n> Вам нужно?\n",
    "gmail": "Yes, please.\n\nвт, 3 мая 2026 г. в 10:00, Анна <ann@example.net>:\n\n> Вам нужно?\n> Или нет?\n",
    "bare": "Yes, please.\n\n> Do you want it?\n>\n> Really?\n",
    "original": "Yes, please.\n\n-----Original Message-----\nFrom: Ann\nDo you want it?\n",
    "исходное": "Yes, please.\n\n-------- Исходное сообщение --------\nОт: Анна\nВам нужно?\n",
    "outlook": "Yes, please.\n\nFrom: Ann <ann@example.net>\nSent: Tuesday, May 3, 2026 10:00\nTo: Bob\nSubject: it\n\nDo you want it?\n",
    "аутлук": "Yes, please.\n\nОт: Анна <ann@example.net>\nОтправлено: 3 мая 2026 г. 10:00\nКому: Боб\nТема: оно\n\nВам нужно?\n",
    "plain": "Yes, please.",
}  # fmt: skip


@pytest.mark.parametrize("text", LETTERS.values(), ids=LETTERS)
def test_what_is_quoted_goes(text: str) -> None:
    found = reply_text(text).text
    assert found.startswith("Yes, please.")
    assert "?" not in found
    assert reply_text(text.replace("\n", "\r\n")).text == found


def test_a_signature_is_told_apart() -> None:
    found = reply_text("Yes.\n\n-- \nAnn Petrova\nRomashka\n\n> No?\n")
    assert (found.text, found.signature) == ("Yes.", "-- \nAnn Petrova\nRomashka")
    assert reply_text("Да.\n\nОтправлено с iPhone\n").text == "Да."


def test_an_answer_line_by_line_stays() -> None:
    text = "Hi!\n\nAnn <a@example.net> wrote:\n> Red?\nYes.\n> Blue?\nNo.\n"
    found = reply_text(text).text
    assert "Yes." in found
    assert "No." in found
    assert "Red?" not in found


@pytest.mark.parametrize(
    "text",
    [
        "He wrote: no.\nI wrote: yes.",
        "Please note:\nfrom Monday on we are closed",
        "Subject: to change\nis what I want",
    ],
)
def test_a_sentence_is_no_quotation(text: str) -> None:
    assert reply_text(text).text == text


def test_nothing_new_at_all_is_the_text_as_it_is() -> None:
    assert reply_text("> only\n> quoted\n").text == "> only\n> quoted"
    assert reply_text("") == ("", "")


@pytest.mark.parametrize(
    "hostile",
    ["wrote:\n" * 30_000, "> \n" * 30_000 + "x", "From: a\n" * 30_000, "--\n" * 30_000, "a: " * 50_000,
     "On 1.1 x\n" * 20_000 + "wrote:\n> a\nb\n" * 5_000],
    ids=len,
)  # fmt: skip
def test_time_grows_with_the_length(hostile: str) -> None:
    begun = time.perf_counter()
    reply_text(hostile)
    assert time.perf_counter() - begun < 2
