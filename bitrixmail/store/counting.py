"""How often each rule has matched, written in the transaction of the messages it matched."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, select

from bitrixmail.model.message import Filing
from bitrixmail.model.rulebook import RuleCount
from bitrixmail.store.prepared import PreparedInsert
from bitrixmail.store.schema import rule_count
from bitrixmail.store.values import from_us, storable

# In the words that SQLite and PostgreSQL share; each has its own construct for them.
_ADD = (
    " ON CONFLICT (rule) DO UPDATE SET matched = rule_count.matched + excluded.matched, last ="
    " CASE WHEN excluded.last > rule_count.last THEN excluded.last ELSE rule_count.last END"
)
_UPSERT = PreparedInsert(rule_count, ending=_ADD)
_READ = select(rule_count.c.rule, rule_count.c.matched, rule_count.c.last)


def matched_rules(filing: Filing) -> Iterator[str]:
    """Name the rules that matched; what a trace is like is known only here."""
    return (step.rule for step in filing.trace.steps if step.matched)


class RuleCounts:
    """What the messages of one transaction add. Made by who writes them, ends with it."""

    def __init__(self) -> None:
        self._added: dict[str, tuple[int, int]] = {}

    def add(self, filing: Filing, received: int) -> None:
        """Count the rules that matched for one mailbox of a message that came at `received`."""
        for rule in map(storable, matched_rules(filing)):
            count, last = self._added.get(rule, (0, received))
            self._added[rule] = count + 1, max(last, received)

    def save(self, connection: Connection) -> None:
        """Write what was counted: no statement if nothing matched, else few."""
        rows = [(rule, *added) for rule, added in self._added.items()]
        _UPSERT.rows(connection, rows)


def counts(connection: Connection) -> dict[str, RuleCount]:
    """Read all counts by the name of the rule."""
    return {
        row.rule: RuleCount(row.matched, from_us(row.last)) for row in connection.execute(_READ)
    }
