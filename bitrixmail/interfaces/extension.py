"""What others write to go with this server, and how it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zope.interface import Attribute, Interface

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bitrixmail.model.extension import Context, Parts


class IExtension(Interface):
    """An extension. An entry point names one: a module, an object, or a class without arguments."""

    def parts(context: Context) -> Parts:
        """Say what it gives. Called once in each process, before the server runs."""


class ILetter(Interface):
    """A message as a function of an extension sees it. It changes nothing there."""

    mailbox: str = Attribute("the address of the mailbox; empty for a check, asked once for all")
    recipients: tuple[str, ...] = Attribute("the addresses by which it came here")
    sender: str = Attribute("the reverse-path, empty for the null sender; anybody can invent it")
    folder: str = Attribute("the folder in which it is, or is to be")
    flags: frozenset[str] = Attribute("its flags")
    tags: frozenset[str] = Attribute("its tags")
    size_octets: int = Attribute("its size")
    subject: str = Attribute("its subject, decoded")
    content: bytes = Attribute("the message, header section first; the start of a very large one")
    queue_id: str = Attribute("the name of the message here; empty where it has none yet")
    rule: str = Attribute("the name of the rule; empty for a condition")
    key: str = Attribute("of an action: the same each time this very work is attempted")
    attempt: int = Attribute("of an action: 1 for the first attempt")
    values: Mapping[str, str] = Attribute("of an action: the table `values` in the rule")

    def text(name: str) -> str:
        """Return the decoded text of the first header field of that name, or an empty one."""

    def texts(name: str) -> tuple[str, ...]:
        """Return the decoded texts of all header fields of that name, in their order."""


class IConditions(Interface):
    """Asks extensions about messages."""

    async def answer(name: str, letter: ILetter) -> tuple[str, ...]:
        """Return what a condition says, as texts. Bounded in time.

        Raise LookupError with a sentence for people: there is none, it failed, it took too long.
        """


class IActions(Interface):
    """Has extensions do what rules want."""

    async def act(name: str, letter: ILetter) -> str:
        """Have an action or a courier do it; return its own words. Bounded in time.

        Raise AgainError, NeverError; and LookupError as `answer` does.
        """


class IIntake(Interface):
    """By what a source brings messages in. Made for each, lives as long as it."""

    async def bring(content: bytes, recipient: str, *, sender: str = "", once: str = "") -> str:
        """Hand in a message for an address of this server; it is durable when this returns.

        It goes the way of every message: limits, rules, commit. `sender` is the reverse-path, empty
        for the null sender; nobody is sent a notice. `once` names what is brought, if it may be
        brought again: of what has the same name only the first has an effect. Returns the reply.
        Raise AgainError: try again later; NeverError: it is refused.
        """
