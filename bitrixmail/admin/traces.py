"""Traces as people read them: the short form that is kept, made whole by its rule set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bitrixmail.interfaces.rulebook import IRulebook
from bitrixmail.model.errors import InputError, NotFoundError
from bitrixmail.model.plan import Trace
from bitrixmail.model.rule import RuleSet
from bitrixmail.rules.engine import CompiledRules


class Traces:
    """Reads traces of the event log. Made by who composes a face, lives as long as it.

    `read` reads the detail of an event as the store wrote it; ValueError: it is no trace.
    """

    def __init__(self, read: Callable[[str], Trace], rulebook: IRulebook) -> None:
        self._read = read
        self._rulebook = rulebook
        self._compiled: dict[int, CompiledRules | None] = {}

    async def read(self, detail: str) -> Trace:
        """Return a trace with all its steps. Raises ValueError if it is none."""
        return await self.whole(self._read(detail))

    async def whole(self, trace: Trace) -> Trace:
        """Complete a trace; if its rule set can't be read any more, say how much is missing."""
        if trace.skimmed is None:
            return trace
        version = trace.rule_set_version
        if version not in self._compiled:
            self._compiled[version] = await self._rules(version)
        compiled = self._compiled[version]
        if compiled is not None:
            return compiled.whole(trace)
        missing = trace.skimmed.asked - len(trace.steps)
        note = f"{missing} steps that did not match can't be told: the rule set can't be read"
        return replace(trace, note=f"{note}\n{trace.note}".strip(), skimmed=None)

    async def _rules(self, version: int) -> CompiledRules | None:
        if not version:
            return CompiledRules.compile(RuleSet())
        try:
            rules = await self._rulebook.version(version)
            return CompiledRules.compile(rules, lists=lambda _name: ())
        except (InputError, NotFoundError):
            return None
