"""The settings of actions that make mail of mail: what is wrong with them is said at the import."""

from __future__ import annotations

import pytest

from bitrixmail.model.errors import InputError
from bitrixmail.rules.syntax import dump_rules, parse_rules

RIGHT = 'do = "reply"\n  text = "Dear {from_name}"\n  '


def imported(action: str) -> str:
    """Import a rule with this action; return it as it is exported."""
    rules = f'[[rule]]\nname = "A"\n  [[rule.action]]\n  {action}\n'
    return dump_rules(parse_rules(rules, "rules.toml"))


@pytest.mark.parametrize(
    "action",
    [
        RIGHT,
        RIGHT + 'html = "<b>{subject}</b>"\n  subject = "Re: {subject} {{x}}"',
        RIGHT + 'from = "Отдел продаж <sales@example.org>"\n  once_per = "1h"',
        RIGHT + 'starts = "2026-12-28"\n  ends = "2027-01-10 18:00 Europe/Moscow"',
        'do = "reply"\n  text = "in {days_to_answer} days"\n  days_to_answer = 2',
        RIGHT + "only_if_named = false",
        'do = "forward"\n  to = ["a@x.example", "b@y.example"]',
        'do = "redirect"\n  to = "a@x.example"',
        'do = "notify"\n  to = "a@x.example"\n  text = "{text} {folder} {size}"\n  per_hour = 5',
    ],
)
def test_what_is_right_comes_back_as_it_was(action: str) -> None:
    once = imported(action)
    assert dump_rules(parse_rules(once, "rules.toml")) == once
    for part in action.replace(" ", "").replace("'", '"').split("\n"):
        assert part in once.replace(" ", "")


@pytest.mark.parametrize(
    ("action", "told"),
    [
        ('do = "reply"', "text: is missing"),
        ('do = "reply"\n  text = ""', "1 to 10000 characters"),
        (
            'do = "reply"\n  text = "{name}"',
            'has an unknown name "name": did you mean "from_name"?',
        ),
        ('do = "reply"\n  text = "{zzz}"', "use one of from_name, from_address, subject"),
        ('do = "reply"\n  text = "{from_name.x}"', "has {from_name.x}, which is no name"),
        ('do = "reply"\n  text = "{"', "write it twice"),
        ('do = "reply"\n  text = "{text}"', 'has an unknown name "text"'),
        ('do = "reply"\n  text = "until {ends}"', "names {ends}, which is not given"),
        (RIGHT + 'subject = "a\\nBcc: x"', "must be one line"),
        (RIGHT + 'from = "a@b.example, c@d.example"', "must be one address"),
        (RIGHT + 'from = "boss"', "must be one address"),
        (RIGHT + 'once_per = "5m"', "between an hour and a year"),
        (RIGHT + 'once_per = "soon"', "an age is a number and a unit"),
        (RIGHT + 'starts = "tomorrow"', "a time is a day"),
        (RIGHT + 'starts = "2027-01-02"\n  ends = "2027-01-01"', "lies before starts"),
        (RIGHT + "days_to_answer = 0", "a whole number from 1 to 365"),
        (RIGHT + 'only_if_named = "yes"', "true or false"),
        (RIGHT + 'html = "{unknown}"', 'has an unknown name "unknown"'),
        (RIGHT + 'repeat = "x"', "repeat"),
        ('do = "forward"', '"forward" needs it'),
        ('do = "forward"\n  to = "boss"', "must be one address"),
        ('do = "forward"\n  to = []', '"forward" needs it'),
        ('do = "forward"\n  to = [1]', "is not one address"),
        ('do = "forward"\n  to = ["a@b.example, c@d.example"]', "is not one address"),
        ('do = "forward"\n  to = "a@b.example"\n  keep = false', "keep"),
        ('do = "notify"\n  to = "a@b.example"\n  per_hour = 0', "from 1 to 1000"),
        ('do = "notify"\n  to = "a@b.example"\n  text = "{ends}"', 'has an unknown name "ends"'),
    ],
)
def test_what_is_wrong_is_said(action: str, told: str) -> None:
    with pytest.raises(InputError) as error:
        imported(action)
    assert told in str(error.value)


def test_too_many_addresses_are_a_fault() -> None:
    many = ", ".join(f'"a{number}@x.example"' for number in range(21))
    with pytest.raises(InputError, match="up to 20"):
        imported(f'do = "forward"\n  to = [{many}]')
