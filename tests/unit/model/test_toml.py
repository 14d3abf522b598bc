"""Slips of people who don't know TOML: each is told with its line and the way to mend it."""

from __future__ import annotations

import pytest

from bitrixmail.model.errors import InputError
from bitrixmail.model.toml import read_toml

OTHERWISE = "see the page"


def told(text: str) -> tuple[str, str]:
    with pytest.raises(InputError) as caught:
        read_toml(text, "f.toml", OTHERWISE)
    (fault,) = caught.value.faults
    assert fault.where == "f.toml"
    return fault.what.removeprefix("is not TOML: "), fault.remedy


@pytest.mark.parametrize(
    ("text", "what", "remedy"),
    [
        ("name = «Счета»", "line 1, curled quotes: name = «Счета»", 'name = "Счета"'),
        ("\r\nvalue = [“a”, ‘b’]\r\n", "line 2, curled quotes: value = [", 'value = ["a", "b"]'),
        ('name = "Счета”\nx = 1', "line 1, curled quotes", 'name = "Счета"'),
        ("value = “\\d+”", "line 1, curled quotes", r"value = '\d+'"),
        ("value = [\n “a”,\n]", "line 2, curled quotes: “a”,", 'write straight quotes, "…"'),
        ("name = Invoices # x", "line 1, a text without quotes", 'name = "Invoices"'),
        ("value = 10MB", "line 1, a text without quotes", 'value = "10MB"'),
        ("schedule = 0 3 * * *", "line 1, a text without quotes", 'schedule = "0 3 * * *"'),
        ("value = ^a\\d", "line 1, a text without quotes", r"value = '^a\d'"),
        ("on = [schedule]", "line 1, a text without quotes", 'on = ["schedule"]'),
        ("on = [receive, manual]", "line 1, a text without quotes", 'put it between quotes: "rec'),
        ("active = True", "line 1, a wrong word", "active = true"),
        ("stop = нет", "line 1, a wrong word", "stop = false"),
        ('a = 1\nvalue = ["\\d+", "x"]', "line 2, a lone \\", "value = ['\\d+', \"x\"]"),
        ('value = "C:\\users"', "line 1, a lone \\", r"value = 'C:\users'"),
        ('name = "abc\nb = 1\n', 'line 1, a quote is not closed: name = "abc', "the same quote"),
        ("x = 1\nname = 'abc", "line 2, a quote is not closed: name = 'abc", "the same quote"),
        ('x = 1\na = """x\ny\n\nb = 1\n', 'line 2, a quote is not closed: a = """x', "same quote"),
        ('a = 1\nname = "b"\na = 2', 'line 3, a key twice in the same table, "a"', "leave one"),
        ("a = {b = 1, b = 2}", 'line 1, a key twice in the same table, "b"', "leave one"),
        ("[rule]\n[rule]", "line 2, a table that is there already: [rule]", "[[rule]]"),
        ("[[rule]\n", "line 1, a bracket is not closed", "write [[rule]]"),
        ("[smtp\n", "line 1, a bracket is not closed", "write [smtp]"),
        ('name: "x"', "line 1, no = behind a key", 'name = "x"'),
        ("name: x", "line 1, no = behind a key", 'name = "x"'),
        ("max_size 50MiB", "line 1, no = behind a key: max_size 50MiB", 'key = "value"'),
        ('a = ["a" "b"]', 'line 1, a "," or "]" is missing', "a comma"),
        ('a = { b = "x" c = "y" }', 'line 1, a "," or "}" is missing', "a comma"),
        ('a = { b = "x",\n c = 1 }', "line 1, a { … } that goes on", "on one line"),
        ('имя = "x"', 'line 1, no key: имя = "x"', "English word"),
        ('\u00a0name = "x"', "line 1, a blank that is no space", "plain spaces"),
        ("// a comment", "line 1, Invalid statement: // a comment", OTHERWISE),
    ],
)
def test_a_slip_is_shown_with_its_line_and_how_to_mend_it(
    text: str, what: str, remedy: str
) -> None:
    found = told(text)
    assert found[0].startswith(what)
    assert remedy in found[1]


@pytest.mark.parametrize(
    "text",
    ["password = geheim", "a = { PassWord = geheim }", 'url = "x://u:geheim', "token: geheim"],
)
def test_what_may_be_a_secret_is_not_shown(text: str) -> None:
    assert "geheim" not in "".join(told(text))


def test_lines_of_any_length_and_letters_are_cut_and_printable() -> None:
    long = told("x" * 300_000 + " = " + "y" * 300_000)[0]
    assert "xxx = yyy" in long
    assert len(long) < 150
    assert told('a = "\x1b[2J')[0].isprintable()
    assert "4300" in told("a = " + "9" * 5000)[0]
    assert told("a = " + "[" * 100_000) == ("is nested too deep", OTHERWISE)
    assert told(".".join("a" * 300_000) + " = 1") == ("has a key of too many parts", OTHERWISE)


def test_a_byte_order_mark_does_no_harm() -> None:
    assert read_toml("\ufeffa = 1", "f", OTHERWISE) == {"a": 1}


@pytest.mark.parametrize("number", ["0x" + "f" * 4000, str(2**63), str(-(2**63) - 1)])
@pytest.mark.parametrize("line", ["a = {}", "a = [1, {}]", "[t]\nu = {{ v = [{}] }}"])
def test_a_number_that_toml_forbids(line: str, number: str) -> None:
    with pytest.raises(InputError, match=r"f.toml: [av]: is a number of more than 64 bits"):
        read_toml(line.format(number), "f.toml", OTHERWISE)
    assert read_toml(line.format(2**63 - 1), "f.toml", OTHERWISE)
