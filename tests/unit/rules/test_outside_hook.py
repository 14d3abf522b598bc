from __future__ import annotations

from typing import Any

import pytest

from bitrixmail.model.errors import InputError
from bitrixmail.rules.actions import compile_action
from bitrixmail.rules.judging import Allowed, Judging
from bitrixmail.rules.outside_hook import seconds_of
from bitrixmail.rules.sentences import action_clause
from bitrixmail.rules.syntax import dump_rules, parse_rules

WHOLE = """[[rule]]
name = "A"

[[rule.action]]
do = "webhook"
url = "https://crm.example.org/in"
format = "json"
secret = "crm"
attachments = "none"
timeout = "15s"

[rule.action.headers]
Authorization = "Bearer {secret:crm}"

[[rule.action]]
do = "bitrix24"
portal = "crm"
entity = "lead"
find_contact = false
responsible = 5

[rule.action.fields]
TITLE = "{subject}"
"""


def test_a_rule_goes_out_and_comes_in_as_it_was() -> None:
    rules = parse_rules(WHOLE, "rules.toml")
    assert parse_rules(dump_rules(rules), "again") == rules
    webhook, portal = rules.rules[0].actions
    works = [compile_action(each, "A").effects.work for each in (webhook, portal)]
    assert [(work.kind, work.reach) for work in works if work] == [
        ("webhook", "crm.example.org:443"),
        ("bitrix24", "crm"),
    ]
    # A path may hold a key
    assert action_clause(webhook, "en") == "call crm.example.org:443"
    assert action_clause(portal, "ru") == "создать лид на портале Битрикс crm"


def complaints(**settings: Any) -> str:
    do = settings.pop("do", "webhook")
    first = {"webhook": 'url = "https://a.example/"', "bitrix24": 'portal = "crm"'}[do]
    lines = "".join(f"{key} = {value}\n" for key, value in settings.items())
    try:
        parse_rules(f'[[rule]]\nname = "A"\n[[rule.action]]\ndo = "{do}"\n{first}\n{lines}', "x")
    except InputError as error:
        return "\n".join(map(str, error.faults))
    return ""


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"secret": '"hmac key!"'}, "not the secret itself"),
        ({"format": '"xml"'}, "must be one of json, mailgun"),
        ({"format": '"postal"', "attachments": '"url"'}, 'is for format = "json" alone'),
        ({"timeout": "10"}, 'must be a time from "1s" to "120s"'),
        ({"timeout": '"1h"'}, 'must be a time from "1s" to "120s"'),
        ({"timeout": '"3m"'}, 'must be a time from "1s" to "120s"'),
        ({"headers": '{ "a b" = "x" }'}, "no name of a header field"),
        ({"headers": '{ Content-Length = "1" }'}, "set by this program"),
        ({"headers": '{ x-bitrixmail-id = "1" }'}, "set by this program"),
        ({"headers": '{ a = "x\\r\\nb: c" }'}, "must be one line"),
        ({"do": "bitrix24", "entity": '"chat"'}, "dialog: is missing: a chat has to be named"),
        ({"do": "bitrix24", "entity": '"deal"'}, "must be one of lead, activity"),
        ({"do": "bitrix24", "fields": '{ TITLE = "{subjekt}" }'}, 'did you mean "subject"?'),
        ({"do": "bitrix24", "fields": '{ "A B" = "x" }'}, "no name of a field"),
    ],
)
def test_what_is_wrong_is_told_at_import(settings: dict[str, Any], complaint: str) -> None:
    assert complaint in complaints(**settings)
    assert not complaints(secret='"crm"', timeout='"1m"')


def test_a_portal_is_named_and_not_shown() -> None:
    url = "https://portal.example/rest/1/c0de/"
    rule = f'[[rule]]\nname = "A"\n[[rule.action]]\ndo = "bitrix24"\nportal = "{url}"\nentity = "task"\n'
    with pytest.raises(InputError, match="not the secret itself"):
        parse_rules(rule, "x")


def test_durations() -> None:
    assert [seconds_of(text) for text in ("1s", "90s", "2m")] == [1, 90, 120]


def test_links_to_attachments_are_refused_where_nothing_serves_them() -> None:
    text = """[[rule]]
name = "A"
[[rule.action]]
do = "webhook"
url = "https://a.example/"
attachments = "url"
"""
    rules = parse_rules(text, "x")
    Judging(allowed=Allowed()).check(rules)
    with pytest.raises(InputError) as caught:
        Judging(allowed=Allowed(attachment_urls=False)).check(rules)
    (fault,) = caught.value.faults
    assert "the settings have no actions.attachment_url" in fault.what
    assert "listen.attachments" in fault.remedy
