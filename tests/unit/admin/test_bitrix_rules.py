from __future__ import annotations

import json

import pytest

from bitrixmail.admin.bitrix_dump import Dump, read_dump
from bitrixmail.admin.bitrix_rules import CarriedOver, Fate, carry_over, read_scopes
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.model.errors import InputError
from bitrixmail.model.rule import Action, All, Rule, RuleSet, Test
from bitrixmail.rules.engine import CompiledRules
from bitrixmail.rules.facts import Facts
from bitrixmail.rules.syntax import dump_rules, parse_rules

SCOPES = {"3": "info@example.org", "4": "example.org"}
FILTER = {
    "ID": "7", "MAILBOX_ID": "3", "PARENT_FILTER_ID": "", "NAME": "Счета", "DESCRIPTION": "",
    "SORT": "500", "ACTIVE": "Y", "PHP_CONDITION": "", "WHEN_MAIL_RECEIVED": "Y",
    "WHEN_MANUALLY_RUN": "N", "SPAM_RATING": "", "SPAM_RATING_TYPE": "<", "MESSAGE_SIZE": "",
    "MESSAGE_SIZE_TYPE": "<", "MESSAGE_SIZE_UNIT": "b", "ACTION_STOP_EXEC": "N",
    "ACTION_DELETE_MESSAGE": "N", "ACTION_READ": "Y", "ACTION_SPAM": "-", "ACTION_PHP": "",
    "ACTION_TYPE": "", "ACTION_VARS": "",
}  # fmt: skip
CONDITION = {
    "ID": "1", "FILTER_ID": "7", "TYPE": "SUBJECT", "STRINGS": "счёт\r\ninvoice\r\n\r\n",
    "COMPARE_TYPE": "CONTAIN",
}  # fmt: skip


def carried(*conditions: dict[str, str], **columns: str) -> CarriedOver:
    rows = tuple({**CONDITION, "ID": f"{n}", **each} for n, each in enumerate(conditions, 1))
    return carry_over(Dump(({**FILTER, **columns},), rows), SCOPES)


def only(found: CarriedOver) -> Rule:
    (rule,) = found.rules
    # What was made can be written as a file, and read again.
    assert parse_rules(dump_rules(RuleSet(rules=found.rules)), "x").rules == found.rules
    return rule


def remarks(found: CarriedOver) -> list[str]:
    return [remark.what for remark in found.remarks]


def test_a_rule() -> None:
    found = carried({}, DESCRIPTION="For people", SORT="300", ACTION_STOP_EXEC="Y")
    assert only(found) == Rule(
        name="Счета",
        condition=All((Test("subject", "contains", ("счёт", "invoice")),)),
        actions=(Action("mark_read"),),
        order=300,
        on=frozenset({"receive"}),
        stop=True,
        mailbox="info@example.org",
        description="For people",
        group="bitrix",
    )
    assert (remarks(found), found.fates) == ([], (("Счета", "7", Fate.CARRIED),))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("SENDER", "sender"),
        ("RECIPIENT", "recipient"),
        ("SUBJECT", "subject"),
        ("BODY", "body"),
        ("HEADER", "headers"),
        ("ALL", "message"),
        ("ATTACHMENT", "attachment_name"),
        ("FROM", "from"),
        ("REPLY_TO", "reply_to"),
        ("TO", "to"),
        ("CC", "cc"),
    ],
)
@pytest.mark.parametrize(
    ("compare", "op"),
    [
        ("CONTAIN", "contains"),
        ("NOT_CONTAIN", "not_contains"),
        ("EQUAL", "equals"),
        ("NOT_EQUAL", "not_equals"),
        ("REGEXP", "regex"),
    ],
)
def test_every_condition(old: str, new: str, compare: str, op: str) -> None:
    rule = only(carried({"TYPE": old, "COMPARE_TYPE": compare, "STRINGS": "a\nb"}))
    assert rule.condition == All((Test(new, op, ("a", "b")),))


def test_all_conditions_of_a_rule_must_hold_and_empty_ones_are_none() -> None:
    rule = only(carried({}, {"STRINGS": " \n"}, {"TYPE": "BODY", "STRINGS": "x"}))
    assert rule.condition == All(
        (Test("subject", "contains", ("счёт", "invoice")), Test("body", "contains", ("x",)))
    )


@pytest.mark.parametrize(
    ("pattern", "new", "matches"),
    [
        (r"заявка #\d+", r"заявка #\d+", "Заявка #12"),
        (r"/^Заказ\s+№/i", r"^Заказ\s+№", "заказ №"),
        (r"#a/b#u", r"a/b", "xA/B"),
        (r"~a\~b~", r"a~b", "a~b"),
        (r"/a b/x", r"(?x)a b", "ab"),
        (r"/заказ/A", r"\A(?:заказ)", "заказ"),
        ("a/b", "a/b", "a/b"),
    ],
)
def test_regular_expressions(pattern: str, new: str, matches: str) -> None:
    found = carried({"COMPARE_TYPE": "REGEXP", "STRINGS": pattern})
    rule = only(found)
    assert rule.condition == All((Test("subject", "regex", (new,)),))
    assert "turned into capitals" in remarks(found)[0]
    facts = Facts(HeaderSection.parse(f"Subject: {matches}\r\n\r\n".encode()), "", 1)
    compiled = CompiledRules.compile(RuleSet(rules=(rule,)))
    address = "info@example.org"
    plan = compiled.judge(
        facts.for_mailbox(address, address), mailbox=address, domain="example.org"
    )
    assert plan.flags == {"\\Seen"}


@pytest.mark.parametrize(
    ("pattern", "why"),
    [("(", "can't be used: not a regular expression"), ("/a/e", "has the flag e")],
)
def test_a_regular_expression_that_can_not_be_used_leaves_the_rule_out(
    pattern: str, why: str
) -> None:
    found = carried({"COMPARE_TYPE": "REGEXP", "STRINGS": pattern})
    assert (found.rules, found.fates[0][2]) == ((), Fate.LEFT)
    assert any(why in what for what in remarks(found)), remarks(found)


@pytest.mark.parametrize(
    ("columns", "fate", "why"),
    [
        ({"PHP_CONDITION": "return true;"}, Fate.LEFT, "condition in PHP"),
        ({"MAILBOX_ID": "9"}, Fate.LEFT, "--mailbox 9=ADDRESS"),
        ({"ACTION_READ": "-"}, Fate.LEFT, "nothing of what it did is left"),
        ({"ACTION_READ": "-", "ACTION_PHP": "mail();"}, Fate.LEFT, "its action in PHP"),
        ({"PARENT_FILTER_ID": "99"}, Fate.LEFT, "the rule above it, 99, is not in the dump"),
        ({"PARENT_FILTER_ID": "7"}, Fate.LEFT, "the rule above it, 7, is not in the dump"),
        ({"ACTION_TYPE": "support"}, Fate.OFF, 'its template "support"'),
        ({"SPAM_RATING": "90", "SPAM_RATING_TYPE": ">"}, Fate.OFF, "spam probability"),
        ({"WHEN_MAIL_RECEIVED": "N"}, Fate.OFF, "neither on receipt nor by hand"),
        ({"ACTION_DELETE_MESSAGE": "Y"}, Fate.CARRIED, "now they go into Trash"),
        ({"ACTION_PHP": "mail();"}, Fate.CARRIED, "its action in PHP"),
        ({"MESSAGE_SIZE": "5", "MESSAGE_SIZE_UNIT": "q"}, Fate.LEFT, "a unit unknown here"),
    ],
)
def test_what_is_not_as_it_was(columns: dict[str, str], fate: Fate, why: str) -> None:
    found = carried({}, **columns)
    assert found.fates[0][2] is fate
    assert any(why in what for what in remarks(found)), remarks(found)
    if fate is not Fate.LEFT:
        assert only(found).active is (fate is Fate.CARRIED)


def test_an_unknown_kind_of_condition_leaves_the_rule_out() -> None:
    found = carried({"TYPE": "MOON"})
    assert (found.rules, remarks(found)) == (
        (), ["a condition of a kind unknown here: MOON CONTAIN"],
    )  # fmt: skip


def test_size_spam_and_what_is_done() -> None:
    rule = only(
        carried(
            MESSAGE_SIZE="10", MESSAGE_SIZE_TYPE=">", MESSAGE_SIZE_UNIT="m",
            SPAM_RATING="90.5", SPAM_RATING_TYPE=">", ACTION_READ="N", ACTION_DELETE_MESSAGE="Y",
            ACTION_SPAM="N",
        )
    )  # fmt: skip
    assert rule.condition == All(
        (Test("spam_score", "greater", ("90",)), Test("size", "greater", ("10 MiB",)))
    )
    assert rule.actions == (Action("not_spam"), Action("mark_unread"), Action("delete"))


def test_scopes() -> None:
    assert only(carried(MAILBOX_ID="4")).domain == "example.org"
    both = only(carried(MAILBOX_ID="0"))
    assert (both.domain, both.mailbox) == ("", "")
    mailboxes = ({"ID": "9", "NAME": "Shop", "LOGIN": "shop@example.org"},)
    dump = Dump(({**FILTER, "MAILBOX_ID": "9"},), (), mailboxes)
    assert only(carry_over(dump, {})).mailbox == "shop@example.org"
    assert only(carry_over(dump, {"9": "other@example.org"})).mailbox == "other@example.org"


def test_a_rule_below_another_has_its_conditions() -> None:
    child = {**FILTER, "ID": "8", "NAME": "Child", "PARENT_FILTER_ID": "7"}
    own = {**CONDITION, "ID": "2", "FILTER_ID": "8", "STRINGS": "b"}
    found = carry_over(Dump((FILTER, child), (CONDITION, own)), SCOPES)
    assert found.rules[1].condition == All(
        (Test("subject", "contains", ("счёт", "invoice")), Test("subject", "contains", ("b",)))
    )
    found = carry_over(Dump(({**FILTER, "PHP_CONDITION": "x"}, child), (own,)), SCOPES)
    assert [fate for _, _, fate in found.fates] == [Fate.LEFT, Fate.LEFT]


def test_order_and_names() -> None:
    rows = (
        {**FILTER, "ID": "9", "SORT": "500", "NAME": "Same"},
        {**FILTER, "ID": "10", "SORT": "100", "NAME": "Same"},
        {**FILTER, "ID": "2", "SORT": "500", "NAME": ""},
        {**FILTER, "ID": "3", "SORT": "500", "NAME": "Mine"},
    )
    found = carry_over(Dump(rows), SCOPES, taken=frozenset({"Mine"}))
    assert [(rule.name, rule.order) for rule in found.rules] == [
        ("Same", 100),
        ("Rule 2", 500),
        ("Mine (3)", 500),
        ("Same (9)", 500),
    ]


def test_dumps_of_all_forms_give_the_same() -> None:
    whole = json.dumps({"b_mail_filter": [FILTER], "b_mail_filter_cond": [CONDITION]})
    expected = read_dump([("x.json", whole.encode())])
    admin = [
        {"type": "header", "version": "5"},
        {"type": "table", "name": "b_mail_filter", "data": [FILTER]},
        {"type": "table", "name": "b_mail_filter_cond", "data": [CONDITION]},
    ]
    assert read_dump([("x.json", json.dumps(admin).encode())]) == expected
    lists = [json.dumps([CONDITION]).encode(), json.dumps([FILTER], ensure_ascii=False).encode()]
    assert read_dump([("c", lists[0]), ("f", lists[1])]) == expected
    for charset in ("utf-8-sig", "cp1251", "utf-8"):
        for delimiter in ";,\t":
            files = [
                (name, as_csv(row, delimiter).encode(charset))
                for name, row in (("f.csv", FILTER), ("c.csv", CONDITION))
            ]
            assert read_dump(files) == expected


def test_what_mysql_prints() -> None:
    row = {**CONDITION, "STRINGS": "a\\d\nb\tc"}
    printed = "\t".join(row) + "\n" + "\t".join([*row.values()][:3]) + "\ta\\\\d\\nb\\tc\tREGEXP\n"
    filters = (
        "\t".join(FILTER) + "\n" + "\t".join(value or "NULL" for value in FILTER.values()) + "\n"
    )
    found = read_dump([("c", printed.encode()), ("f", filters.encode())])
    assert found.conditions == ({**row, "COMPARE_TYPE": "REGEXP"},)
    assert found.filters == (FILTER,)


def as_csv(row: dict[str, str], delimiter: str) -> str:
    quoted = ['"' + value.replace('"', '""') + '"' if value else "NULL" for value in row.values()]
    return (
        delimiter.join(f'"{name.lower()}"' for name in row) + "\n" + delimiter.join(quoted) + "\n"
    )


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        (b"{", "x: is not JSON"),
        (b'{"b_user": []}', "x: none of b_mail_filter_cond, b_mail_filter"),
        (b'{"b_mail_filter": 5}', "x: b_mail_filter: is no list of rows"),
        (b"7;3;a\n", "x: its first line names no columns: 7;3;a"),
        (b"ID;LOGIN\n1;a\n", "x: is none of the tables that are known; its columns: ID, LOGIN"),
        (b"[]", "x: is none of the tables that are known; its columns: nothing"),
    ],
)
def test_a_dump_that_is_none(octets: bytes, said: str) -> None:
    with pytest.raises(InputError) as caught:
        read_dump([("x", octets)])
    assert str(caught.value.faults[0]).startswith(said)


def test_rules_without_their_conditions_are_refused() -> None:
    filters = {"b_mail_filter": [FILTER]}
    with pytest.raises(InputError, match="b_mail_filter_cond is not in it"):
        read_dump([("x", json.dumps(filters).encode())])
    strange = {**filters, "b_mail_filter_cond": [{**CONDITION, "FILTER_ID": "99"}]}
    with pytest.raises(InputError, match="belongs to a rule"):
        read_dump([("x", json.dumps(strange).encode())])
    none = {**filters, "b_mail_filter_cond": []}
    assert len(read_dump([("x", json.dumps(none).encode())]).filters) == 1


def test_what_deletes_everything_comes_switched_off() -> None:
    found = carried(ACTION_DELETE_MESSAGE="Y")
    assert not only(found).active
    assert any("it would take every message" in what for what in remarks(found))
    child = {**FILTER, "ID": "8", "NAME": "Child", "PARENT_FILTER_ID": "7"}
    found = carry_over(Dump(({**FILTER, "ACTIVE": "N"}, child), (CONDITION,)), SCOPES)
    assert [rule.active for rule in found.rules] == [False, False]


def test_conditions_alone_are_no_rules() -> None:
    with pytest.raises(InputError, match="there are no rows of b_mail_filter in it"):
        read_dump([("x", json.dumps([CONDITION]).encode())])


def test_scopes_as_typed() -> None:
    assert read_scopes(["3=Info@Example.org", "4=почта.рф"]) == {
        "3": "info@example.org",
        "4": "xn--80a1acny.xn--p1ai",
    }
    with pytest.raises(InputError) as caught:
        read_scopes(["x=a@b.c", "3=", "4=@"])
    assert len(caught.value.faults) == 3
