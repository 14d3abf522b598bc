"""The TLSA records of a host."""

from __future__ import annotations

import pytest

from bitrixmail.model.destination import TLSA, MailHost
from bitrixmail.outbound.security.dane import HostTLSA, tlsa_of, usable
from tests.fakes.resolver import TableResolver
from tests.fakes.stores import result_of

DIGEST = "0a" * 32
NAME = "_25._tcp.mx.example.org"


def asked(
    *lines: str,
    signed: tuple[str, ...],
    authentic: bool = True,
    failing: str = "",
    canonical: str = "",
) -> HostTLSA:
    resolver = TableResolver(*lines)
    resolver.signed, resolver.failing = set(signed), {failing}
    host = MailHost("mx.example.org", ("8.8.1.1",), canonical=canonical, authentic=authentic)
    return result_of(tlsa_of(resolver, host))


def test_records_that_are_proved() -> None:
    found = asked(f"{NAME}. 60 IN TLSA 3 1 1 {DIGEST}", signed=(NAME,))
    assert found == HostTLSA(
        secure=True, base="mx.example.org", records=(TLSA(3, 1, 1, b"\n" * 32),)
    )


def test_no_dane_without_dnssec() -> None:
    line = f"{NAME}. 60 IN TLSA 3 1 1 {DIGEST}"
    assert asked(line, signed=()) == HostTLSA()
    assert asked(line, signed=(NAME,), authentic=False) == HostTLSA()
    assert asked(signed=(NAME,)) == HostTLSA()


def test_a_question_without_an_answer_is_told() -> None:
    found = asked(signed=(NAME,), failing=NAME)
    assert found.failed is not None
    assert not found.secure


def test_the_end_of_the_aliases_comes_first() -> None:
    deep = "_25._tcp.real.example.net"
    both = (f"{NAME}. 60 IN TLSA 3 1 1 {DIGEST}", f"{deep}. 60 IN TLSA 3 1 1 {'0b' * 32}")
    found = asked(*both, signed=(NAME, deep), canonical="real.example.net")
    assert (found.base, found.records[0].data[0]) == ("real.example.net", 11)
    found = asked(*both[:1], signed=(NAME,), canonical="real.example.net")
    assert (found.base, found.records[0].data[0]) == ("mx.example.org", 10)


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        (f"3 1 1 {DIGEST}", True),
        (f"2 0 2 {'0a' * 64}", True),
        ("3 0 0 30820122", True),
        (f"1 1 1 {DIGEST}", False),
        (f"0 1 1 {DIGEST}", False),
        (f"3 2 1 {DIGEST}", False),
        (f"3 1 3 {DIGEST}", False),
        (f"3 1 2 {DIGEST}", False),
        ("3 1 1 0a0a", False),
        ("3 1 1 zz", False),
        ("3 1", False),
        ("", False),
    ],
)
def test_only_usages_2_and_3_with_whole_data(text: str, fits: bool) -> None:
    assert bool(usable([text])) is fits
    found = asked(f"{NAME}. 60 IN TLSA 1 1 1 {DIGEST}", signed=(NAME,))
    assert (found.secure, found.records) == (True, ())
