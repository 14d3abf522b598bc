"""Where the rules are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zope.interface import Interface

if TYPE_CHECKING:
    from bitrixmail.model.rule import RuleSet


class IRulebook(Interface):
    """The versions of the rule set; the highest is in force."""

    async def current() -> RuleSet:
        """Read the rule set in force; version 0, empty, if none was ever stored."""

    async def replace(rules: RuleSet, author: str, comment: str) -> RuleSet:
        """Store `rules` as the next version and return it; raises StoreUnavailableError."""
