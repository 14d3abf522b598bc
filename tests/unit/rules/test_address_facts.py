"""Addresses of domains in other alphabets: both spellings, at a bounded cost."""

from __future__ import annotations

import sys
from types import FrameType

from bitrixmail.mime.headers import HeaderSection
from bitrixmail.rules.address_facts import _MAX_FOREIGN, AddressReader


def looked_up(field: str) -> tuple[int, tuple[str, ...]]:
    """Read a To; return how many domains were spelled anew, and what rules see."""
    reader = AddressReader(HeaderSection.parse(f"To: {field}\r\n\r\n".encode()))
    calls = 0

    def note(frame: FrameType, event: str, _: object) -> None:
        nonlocal calls
        calls += event == "call" and frame.f_code.co_name == "_domain_spellings"

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        texts = reader.whole(("to",)).texts
        domains = reader.part(("to",), "domain").texts
    finally:
        sys.setprofile(before)
    return calls, (*texts, *domains)


def test_both_spellings_are_known_and_a_domain_is_looked_up_once() -> None:
    calls, texts = looked_up(", ".join(["a@пример.рф"] * 50 + ["b@xn--e1afmkfd.xn--p1ai"]))
    assert calls == 2
    for wanted in ("a@пример.рф", "a@xn--e1afmkfd.xn--p1ai", "b@пример.рф", "пример.рф"):
        assert wanted in texts


def test_a_flood_of_domains_costs_no_more_than_so_many() -> None:
    calls, texts = looked_up(", ".join(f"a@пример{number}.рф" for number in range(2000)))
    assert calls == _MAX_FOREIGN
    assert "a@пример1999.рф" in texts
