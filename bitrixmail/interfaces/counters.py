"""Where the spam filter keeps what it has learned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from zope.interface import Attribute, Interface

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bitrixmail.model.bayes import Corpus, Learned, Lesson, Scope


class ITable(Protocol):
    """The counts of one scope."""

    def get(self, token: int) -> tuple[int, int] | None:
        """Return in how many ham and spam messages a token was; None if in none."""


class ICounters(Interface):
    """Counts by scope: `model.bayes.SITE`, or a mailbox's id.

    Every method raises StoreUnavailableError or StoreFullError when the disk or database fails.
    """

    least: int = Attribute("with fewer messages of either kind a scope's counts are not read")
    idle: bool = Attribute("whether it is known that no scope has learned enough")

    async def tables(
        scopes: Sequence[int], tokens: Sequence[int]
    ) -> tuple[tuple[Corpus, ITable], ...]:
        """Return what is known of tokens in those scopes that have learned enough, in order."""

    async def learn(scope: int, lessons: Sequence[Lesson]) -> Learned:
        """Count lessons, some hundred at a time. One that was learned before counts once.

        Of one that was learned as the other kind that is taken back first.
        """

    async def add(
        scope: int, corpus: Corpus, counts: Sequence[tuple[int, int, int]], mark: bytes
    ) -> bool:
        """Add counts that were learned elsewhere, as (token, ham, spam), in several transactions.

        Those of a `mark` that a scope has had are not added again: False.
        """

    async def scopes() -> tuple[Scope, ...]:
        """Tell what each scope has learned."""

    async def forget(scope: int) -> None:
        """Forget all that a scope has learned."""

    async def expire(now: datetime) -> int:
        """Drop tokens that have not been seen for long; return how many."""
