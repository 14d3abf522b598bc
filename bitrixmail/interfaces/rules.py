"""The parts that rules are made of once compiled. All of them are pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

from zope.interface import Attribute, Interface

if TYPE_CHECKING:
    from bitrixmail.model.effects import Effects
    from bitrixmail.model.plan import TestResult


class IValues(Interface):
    """The texts of one field of a message, in the forms that comparisons want."""

    texts: tuple[str, ...] = Attribute("the texts that are compared; none if the field is absent")
    shown: str = Attribute("the field for people: one printable line, cut")
    lasting: bool = Attribute("whether other messages will have this very object")

    def forms(exact: bool) -> tuple[str, ...]:
        """Return the texts composed (NFC) and, unless `exact`, case-folded; as many as `texts`.

        In long texts each run of white space is one blank.
        """

    def written() -> tuple[str, ...]:
        """Return the texts composed (NFC), with the lines they were written in."""

    def show(index: int, position: int = 0) -> str:
        """Return one of the texts for people: one printable line, cut to what stands around.

        `position` is one of `forms`.
        """


class IFacts(Interface):
    """What is known of a message for one mailbox. Decodes on demand; one thread at a time."""

    size_octets: int = Attribute("the size of the content")
    present: Mapping[bytes, object] = Attribute("by the names, in small letters, of header fields")
    patience_s: float = Attribute("how long regular expressions may still take, for all mailboxes")
    hurried: bool = Attribute("whether running out of patience ends the judging")
    answers: dict[tuple[int, int], tuple[IValues, tuple[int, int] | None]] = Attribute(
        "what patterns found, by the ids of patterns and values, with those values; None: no time"
    )
    zone: tzinfo = Attribute("the time zone of days and hours that name none")

    def values(field: str) -> IValues:
        """Return what a test of this field compares; for a number or a time what people see."""

    def numbers(field: str) -> tuple[float, ...]:
        """Return what a test of a field of numbers compares; none if the field is absent."""

    def moments(field: str) -> tuple[datetime, ...]:
        """Return what a test of a field of times compares; none if the field is absent."""

    def spend(seconds: float) -> None:
        """Take time from the patience."""


class ICondition(Interface):
    """A compiled condition, used again and again."""

    def matches(facts: IFacts, results: list[TestResult]) -> bool:
        """Tell whether it holds, adding to `results` what each comparison saw.

        Parts that can't change the outcome any more are not looked at. Raise TimeoutError if a
        comparison took too long.
        """


class IAction(Interface):
    """A compiled action."""

    def plan(facts: IFacts) -> Effects:
        """Say what is wished for this message; nothing happens here."""
