"""The history of the rules, where a version of it can't be read."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import Connection

from bitrixmail.admin.rule_book import RuleBook
from bitrixmail.model.errors import InputError
from bitrixmail.model.rule import Action, All, Rule, RuleSet
from bitrixmail.pipeline.routing import Router
from bitrixmail.rules.judging import Judging
from tests.fakes.stores import result_of
from tests.unit.admin.conftest import House

FLAG = (Action("flag"),)
A, B = Rule("a", All(), FLAG), Rule("b", All(), FLAG)


@pytest.fixture
def book(house: House) -> RuleBook:
    """A book of three versions: a; a and b; b."""
    for rules in ((A,), (A, B), (B,)):
        result_of(house.stores.rulebook.replace(RuleSet(rules=rules), "ann", ""))
    return made(house)


def made(house: House, judging: Judging | None = None) -> RuleBook:
    directory = house.stores.directory
    router = Router(directory, "mx.example.org")
    return RuleBook(
        house.stores.rulebook, house.messages, directory, router, judging or Judging(0.1)
    )


def spoil(house: House, version: int) -> None:
    def write(connection: Connection, _items: Sequence[None]) -> list[None]:
        query = "UPDATE rule_set SET rules = '[{}]' WHERE version = ?"
        connection.exec_driver_sql(query, (version,))
        return [None]

    assert house.stores.database.write(write, None).called


def test_an_unreadable_version_is_logged_and_not_compared(house: House, book: RuleBook) -> None:
    spoil(house, 2)
    third, second, first = result_of(book.log(10))
    assert (third.changes, second.changes) == (None, None)
    assert first.changes is not None
    assert first.changes.named("added") == ("a",)
    for versions in ((1, 2), (2, 3)):
        with pytest.raises(InputError, match="rules, version 2"):
            result_of(book.diff(*versions))
    assert result_of(book.diff(1, 3)).changes.named("removed") == ("a",)
    with pytest.raises(InputError, match="rules, version 2"):
        result_of(book.undo(None, "ann"))
    assert result_of(book.undo(1, "ann")).rules == RuleSet(4, (A,))


def test_an_undo_is_the_way_out_of_rules_that_can_not_be_read(house: House, book: RuleBook) -> None:
    spoil(house, 3)
    undone = result_of(book.undo(None, "ann"))
    assert (undone.restored, undone.changes) == (2, None)
    assert undone.rules == RuleSet(4, (A, B)) == result_of(house.rules.current())
    newest = result_of(house.stores.rulebook.versions(1))[0]
    assert (newest.author, newest.comment) == ("ann", "undo of version 3: back to version 2")


def test_the_log_is_cut_after_what_it_compares(book: RuleBook) -> None:
    (third,) = result_of(book.log(1))
    assert third.version.version == 3
    assert third.changes is not None
    assert third.changes.named("removed") == ("a",)
    assert third.changes.named("added") == ()


SITE = """\
groups_off = ["News"]
[[rule]]
name = "n"
group = "News"
[[rule.action]]
do = "flag"
"""


def test_a_site_says_which_groups_are_off(house: House) -> None:
    made = result_of(house.sites.apply(SITE, "site.toml", "ann"))
    assert [(each.what, each.kind, each.name) for each in made] == [
        ("added", "rule", "n"),
        ("changed", "group", "News"),
    ]
    assert result_of(house.rules.current()).groups_off == {"News"}
    assert result_of(house.sites.apply(SITE, "site.toml", "ann")) == ()
    exported = result_of(house.sites.export(with_secrets=False)).text
    assert exported.startswith('groups_off = ["News"]')
    without = SITE.partition("\n")[2]
    assert result_of(house.sites.apply(without, "site.toml", "ann")) == ()
    assert result_of(house.rules.current()).groups_off == {"News"}
