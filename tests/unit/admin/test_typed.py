"""What a person types: the forms it is brought into, and the faults with their remedies."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bitrixmail.admin import typed
from bitrixmail.model.errors import InputError


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Example.ORG", "example.org"),
        (" example.org. ", "example.org"),
        ("Пример.РФ", "xn--e1afmkfd.xn--p1ai"),
        ("straße.example", "xn--strae-oqa.example"),
        ("localhost", "localhost"),
    ],
)
def test_domains(text: str, name: str) -> None:
    assert typed.domain_name(text) == name


@pytest.mark.parametrize(
    "text", ["", "exa mple", "a@example.org", "_dmarc.example.org", "a..b", "-", "x" * 64 + ".org"]
)
def test_what_is_no_domain(text: str) -> None:
    with pytest.raises(InputError, match=r"write it like example\.org"):
        typed.domain_name(text)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Info@Example.org", "info@example.org"),
        ("Счета@пример.рф", "счета@xn--e1afmkfd.xn--p1ai"),
        ("Info+Bills@example.org", "info+bills@example.org"),
        ("o'brien!#$%&*/=?^_`{|}~-@example.org", "o'brien!#$%&*/=?^_`{|}~-@example.org"),
        ("e\u0301@example.org", "\u00e9@example.org"),
    ],
)
def test_addresses(text: str, key: str) -> None:
    assert typed.address_key(text) == key


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("info", "is not an address"),
        ("@example.org", "is not an address"),
        ("info@", "has a wrong domain: not a domain name"),
        ("in fo@example.org", "has a local-part that can't be used here"),
        ('"info"@example.org', "has a local-part that can't be used here"),
        (".info@example.org", "has a local-part that can't be used here"),
        ("in..fo@example.org", "has a local-part that can't be used here"),
        ("in\u202efo@example.org", "has a local-part that can't be used here"),
        ("in\nfo@example.org", "has a local-part that can't be used here"),
        ("x" * 65 + "@example.org", "has more than 64 octets before the @"),
        ("ы" * 33 + "@example.org", "has more than 64 octets before the @"),
        ("x@" + ".".join(["y" * 60] * 5), "wrong domain"),
        ("x" * 60 + "@" + ".".join(["y" * 60] * 3) + ".yyyyyyyyyyyyyyy", "more than 254 octets"),
    ],
)
def test_what_is_no_address(text: str, what: str) -> None:
    with pytest.raises(InputError) as caught:
        typed.address_key(text, "target")
    (fault,) = caught.value.faults
    assert what in fault.what
    assert fault.where.startswith("target ")
    assert fault.where.isprintable()
    assert fault.remedy


def test_who_owns_an_address_has_no_plus_in_it() -> None:
    assert typed.owned_address("a@example.org") == "a@example.org"
    with pytest.raises(InputError, match=r"has a \+ before the @"):
        typed.owned_address("a+b@example.org")


@pytest.mark.parametrize(
    ("text", "octets"),
    [("0", 0), ("17", 17), ("5 b", 5), ("500MiB", 500 * 2**20), ("2gb", 2 * 10**9), (5, 5)],
)
def test_sizes(text: object, octets: int) -> None:
    assert typed.size_octets(text) == octets


@pytest.mark.parametrize("text", ["", "-1", "1.5GiB5", "much", "1PiB", -1, True, 1.0, None])
def test_what_is_no_size(text: object) -> None:
    with pytest.raises(InputError, match="is not a size"):
        typed.size_octets(text)


@pytest.mark.parametrize(
    ("text", "count"), [("0", 0), ("30", 30), ("30d", 30), ("2 Weeks", 14), ("1 y", 365), (7, 7)]
)
def test_days(text: object, count: int) -> None:
    assert typed.days(text) == count


@pytest.mark.parametrize("text", ["", "soon", "1.5d", "3 months", -1, False, None])
def test_what_are_no_days(text: object) -> None:
    with pytest.raises(InputError, match="is not a number of days"):
        typed.days(text)


def test_there_are_limits_to_limits() -> None:
    with pytest.raises(InputError, match="is too large"):
        typed.size_octets("2000000TiB")
    with pytest.raises(InputError, match="more than a hundred years"):
        typed.days("101y")


@pytest.mark.parametrize("octets", [0, 1, 1023, 1024, 3 * 2**20, 2**30 + 1, 2**50])
def test_a_size_is_read_as_it_was_written(octets: int) -> None:
    assert typed.size_octets(typed.size_text(octets)) == octets
    assert typed.days(typed.days_text(octets % 1000)) == octets % 1000


def test_descriptions() -> None:
    assert typed.description("  И\u0306од ") == "Йод"
    for wrong in ("a\nb", "a\x1bb", "x" * 501):
        with pytest.raises(InputError, match="must be one line"):
            typed.description(wrong)


def test_folders() -> None:
    assert typed.folder("inbox") == "INBOX"
    assert typed.folder("Счета/2026") == "Счета/2026"
    with pytest.raises(InputError, match="write it like INBOX"):
        typed.folder("a//b")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "is empty"),
        ("a\x00b", "control"),
        ("a\ud800", "broken"),
        ("x" * 1025, "more than 1024"),
    ],
)
def test_what_can_not_be_a_password_anywhere(text: str, what: str) -> None:
    with pytest.raises(InputError, match=what) as caught:
        typed.password(text)
    # Nobody else may read it over a shoulder.
    assert caught.value.faults[0].where == "password"


def test_every_form_is_its_own_form() -> None:
    forms: list[tuple[Callable[[str], str], str]] = [
        (typed.domain_name, "Пример.РФ"),
        (typed.address_key, "Straße@Пример.рф"),
        (typed.folder, "Inbox"),
        (typed.description, " e\u0301 "),
    ]
    for form, text in forms:
        assert form(form(text)) == form(text)
