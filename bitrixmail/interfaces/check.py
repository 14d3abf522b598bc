"""Who testifies of a message before the rules decide about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zope.interface import Attribute, Interface

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from bitrixmail.model.directory import Mailbox
    from bitrixmail.model.testimony import Testimony


class ICheck(Interface):
    """Looks at messages whose content is complete. Made by compose, lives as long as the server."""

    name: str = Attribute("what its testimonies are called by")
    idle: bool = Attribute("whether it has nothing to say of any message: none is shown to it then")

    async def inspect(facts: Any, mailboxes: Sequence[Mailbox]) -> Sequence[Testimony | None]:
        """Testify for each mailbox, in their order; None: nothing to say.

        `facts` are those of the message, see rules.facts, with its content at hand. Whoever asks
        has a deadline, and takes any error as a testimony that could not be had.
        """


class INamedChecks(Interface):
    """Checks that are asked only for who wants to know by their names."""

    def named(names: Collection[str] | None) -> Sequence[ICheck]:
        """Return those of these names; None: all. Names of other checks are passed over."""


class IWitnesses(Interface):
    """All checks together. Made by compose, lives as long as the server."""

    async def hear(
        wanted: Sequence[Collection[str]] | None, facts: Any, mailboxes: Sequence[Mailbox]
    ) -> Sequence[tuple[Testimony, ...]]:
        """Return what is testified for each mailbox, in their order; empty: nobody is asked.

        `wanted` are for each mailbox the checks that are wanted by name, beside those that are
        always asked. None is for who looks into it: all, also those behind a final word. Never
        raises: a check that fails says so, and the message goes on without it.
        """
