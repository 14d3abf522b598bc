"""Where the rules are kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from zope.interface import Interface

if TYPE_CHECKING:
    from bitrixmail.model.rule import RuleSet
    from bitrixmail.model.rulebook import RuleCount, RuleVersion


class IRulebook(Interface):
    """The versions of the rule set; the highest is in force, and none is ever forgotten."""

    async def current() -> RuleSet:
        """Read the rule set in force; version 0, empty, if none was ever stored.

        Raises InputError if this program can't read it.
        """

    async def replace(rules: RuleSet, author: str, comment: str) -> RuleSet:
        """Store `rules` as the next version and return it; raises StoreUnavailableError."""

    async def versions(limit: int) -> tuple[RuleVersion, ...]:
        """List the last `limit` versions, newest first, also those that can't be read any more."""

    async def version(number: int) -> RuleSet:
        """Read one version; number 0 is the empty set.

        Raises NotFoundError if there is none of that number, InputError if this program can't
        read it.
        """

    async def counts() -> Mapping[str, RuleCount]:
        """Tell by name how often rules have matched, also those that are in force no more.

        What never matched is left out. A rule that is changed, or comes back, goes on counting.
        """
