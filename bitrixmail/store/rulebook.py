"""The rulebook: every version of the rule set, as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, insert, select
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from bitrixmail.interfaces.rulebook import IRulebook
from bitrixmail.model.errors import Fault, InputError, NotFoundError
from bitrixmail.model.rule import RuleSet
from bitrixmail.model.rulebook import RuleCount, RuleVersion
from bitrixmail.rules.syntax import rules_from_data, rules_to_data
from bitrixmail.store.changes import PolledChanges
from bitrixmail.store.counting import counts
from bitrixmail.store.executors import Database
from bitrixmail.store.schema import rule_set
from bitrixmail.store.sequences import bump
from bitrixmail.store.values import from_us, storable, to_us
from bitrixmail.tasks import utcnow

_TOPIC = "rules"
_MOST = 2**31 - 1


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
        return await self._database.read(_current_rules)

    async def replace(self, rules: RuleSet, author: str, comment: str) -> RuleSet:
        """See IRulebook."""
        text = json.dumps(rules_to_data(rules), separators=(",", ":"))
        stored = to_us(utcnow(self._clock))
        item = _Version(stored, storable(author), storable(comment), text)
        version, generation = await self._database.write(_replace, item)
        self._changes.seen(_TOPIC, generation)
        return replace(rules, version=version)

    async def versions(self, limit: int) -> tuple[RuleVersion, ...]:
        """See IRulebook."""
        return await self._database.read(_versions, limit)

    async def version(self, number: int) -> RuleSet:
        """See IRulebook."""
        if number == 0:
            return RuleSet()
        known = 0 < number <= _MOST  # a greater one no column holds
        rules = await self._database.read(_rules_of, number) if known else None
        if rules is None:
            remedy = "see: bitrixmail rules log"
            raise NotFoundError(Fault(_place(number), "there is none", remedy))
        return rules

    async def counts(self) -> Mapping[str, RuleCount]:
        """See IRulebook."""
        return await self._database.read(counts)


def _place(version: int) -> str:
    return f"rules, version {version}"


def _rules(version: int, text: str) -> RuleSet:
    """Read what is stored. Raises InputError if a later program wrote it, or chance."""
    data = _loaded(text)
    if data is None:
        remedy = "see docs/rules.md, Versions"
        raise InputError(Fault(_place(version), "is not written as rules are", remedy))
    return replace(rules_from_data(data, _place(version)), version=version)


def _loaded(text: str) -> dict[str, Any] | None:
    """Read JSON; the first versions were a list of rules and nothing beside it."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(data, list):
        return {"rule": data}
    return data if isinstance(data, dict) else None


def _count(text: str) -> int:
    rules = (_loaded(text) or {}).get("rule", [])
    return len(rules) if isinstance(rules, list) else 0


def _versions(connection: Connection, limit: int) -> tuple[RuleVersion, ...]:
    query = select(rule_set).order_by(rule_set.c.version.desc()).limit(limit)
    return tuple(
        RuleVersion(row.version, from_us(row.stored), row.author, row.comment, _count(row.rules))
        for row in connection.execute(query)
    )


def _rules_of(connection: Connection, number: int) -> RuleSet | None:
    query = select(rule_set.c.rules).where(rule_set.c.version == number)
    found: str | None = connection.execute(query).scalar()
    return None if found is None else _rules(number, found)


def _current_rules(connection: Connection) -> RuleSet:
    """Read and parse: thousands of rules take longer than a turn of the reactor may."""
    found = _current(connection)
    return RuleSet() if found is None else _rules(*found)


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
