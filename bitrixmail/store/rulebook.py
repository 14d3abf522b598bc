"""The rulebook: every version of the rule set, as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, insert, select
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from bitrixmail.interfaces.rulebook import IRulebook
from bitrixmail.model.rule import RuleSet
from bitrixmail.rules.syntax import rules_from_data, rules_to_data
from bitrixmail.store.changes import PolledChanges
from bitrixmail.store.executors import Database
from bitrixmail.store.schema import rule_set
from bitrixmail.store.sequences import bump
from bitrixmail.store.values import storable, to_us
from bitrixmail.tasks import utcnow

_TOPIC = "rules"


@dataclass(frozen=True, slots=True)
class _Version:
    """What is stored of a new version."""

    stored: int
    author: str
    comment: str
    rules: str


@implementer(IRulebook)
class DatabaseRulebook:
    """See IRulebook. Made with the stores, lives as long as they."""

    def __init__(self, database: Database, changes: PolledChanges, clock: IReactorTime) -> None:
        self._database = database
        self._changes = changes
        self._clock = clock

    async def current(self) -> RuleSet:
        """See IRulebook."""
        found = await self._database.read(_current)
        if found is None:
            return RuleSet()
        version, text = found
        rules = rules_from_data(_loaded(text), f"rules, version {version}")
        return replace(rules, version=version)

    async def replace(self, rules: RuleSet, author: str, comment: str) -> RuleSet:
        """See IRulebook."""
        text = json.dumps(rules_to_data(rules), separators=(",", ":"))
        stored = to_us(utcnow(self._clock))
        item = _Version(stored, storable(author), storable(comment), text)
        version, generation = await self._database.write(_replace, item)
        self._changes.seen(_TOPIC, generation)
        return replace(rules, version=version)


def _loaded(text: str) -> dict[str, Any]:
    """Read what is stored; the first versions were a list of rules and nothing beside it."""
    data = json.loads(text)
    return {"rule": data} if isinstance(data, list) else data


def _current(connection: Connection) -> tuple[int, str] | None:
    query = select(rule_set.c.version, rule_set.c.rules).order_by(rule_set.c.version.desc())
    found = connection.execute(query.limit(1)).first()
    return None if found is None else (found.version, found.rules)


def _replace(connection: Connection, items: Sequence[_Version]) -> list[tuple[int, int]]:
    results = []
    for item in items:
        found = _current(connection)
        version = 1 if found is None else found[0] + 1
        connection.execute(
            insert(rule_set).values(
                version=version,
                stored=item.stored,
                author=item.author,
                comment=item.comment,
                rules=item.rules,
            )
        )
        results.append((version, bump(connection, _TOPIC)))
    return results
