"""What rules know of a message: its fields by name, decoded once and only when asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from functools import lru_cache

from zope.interface import implementer

from bitrixmail.interfaces.rules import IFacts, IValues
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.mime.parts import Body
from bitrixmail.model.message import INBOX
from bitrixmail.model.testimony import Testimony
from bitrixmail.rules.actions import HIGH_PRIORITY, LOW_PRIORITY, SEEN
from bitrixmail.rules.address_facts import AddressReader, parts_of, spellings
from bitrixmail.rules.body_facts import BODY_TEXTS, BodyReader
from bitrixmail.rules.field_kinds import FieldKind, kind_of
from bitrixmail.rules.fields import (
    ADDRESS_FIELDS,
    BODY_FIELDS,
    FIELDS,
    NUMBER_FIELDS,
    STANDING_FIELDS,
    TIME_FIELDS,
    header_name,
    reads_body,
    reads_spam,
)
from bitrixmail.rules.foreign import Foreign
from bitrixmail.rules.header_facts import all_fields, list_ids, priority_of
from bitrixmail.rules.letter import Letter
from bitrixmail.rules.testified import scores_said, values_said
from bitrixmail.rules.times import age_text, date_of, moment_text, zone_of
from bitrixmail.rules.values import NOTHING, Values, compose, fold, lasting, number_text

__all__ = [
    "ADDRESS_FIELDS",
    "BODY_FIELDS",
    "FIELDS",
    "NUMBER_FIELDS",
    "STANDING_FIELDS",
    "TIME_FIELDS",
    "Facts",
    "Standing",
    "Values",
    "compose",
    "fold",
    "header_name",
    "reads_body",
    "reads_spam",
]

# These differ between the mailboxes of one message.
# Before what is seen of a content that was too much to be read to its end.
_CUT = "[cut]"
# Recipients of one mailbox that are remembered from one message to the next.
_FEW = 4
# Regular expressions may cost a message this much in all, however many mailboxes it has.
_PATIENCE_S = 1.0


@dataclass(slots=True)
class Standing:
    """Where a message stands while its rules are asked. Made for each mailbox, ends with its plan.

    Who judges changes it as the actions of earlier rules take effect. `priority` is what an action
    has set, empty if none has.
    """

    folder: str = INBOX
    flags: set[str] = field(default_factory=set)
    tags: set[str] = field(default_factory=set)
    priority: str = ""


class _Message:
    """What the facts of all mailboxes share. Made by the first Facts, lives as long as they."""

    __slots__ = (
        "addresses", "answers", "content", "foreign", "hurried", "now", "patience_s", "received",
        "values", "zone",
    )  # fmt: skip

    def __init__(
        self,
        headers: HeaderSection,
        octets: bytes | None,
        received: datetime | None,
        now: datetime | None,
        zone: tzinfo,
    ) -> None:
        self.patience_s = _PATIENCE_S
        self.hurried = False
        self.answers: dict[tuple[int, int], tuple[IValues, tuple[int, int] | None]] = {}
        self.values: dict[str, Values] = {}
        self.addresses = AddressReader(headers)
        self.content = BodyReader(headers, octets)
        self.received = received
        self.now = now or received
        self.zone = zone
        self.foreign: Foreign | None = None


@implementer(IFacts)
class Facts:
    """See IFacts. Made once per message by who judges it, then for each mailbox by `for_mailbox`.

    `sender` is the reverse-path as text, empty for the null sender; `recipients` the forward-paths
    that led here, then the mailbox. `octets` is the content with its header section, or as much of
    it as may be looked at; None where no rule asks for it. `received` is when the message came,
    `now` when its rules are asked, if not then; `timezone` is that of days and hours without one.
    """

    __slots__ = (
        "_message", "_own", "headers", "mailbox", "recipients", "said", "sender", "size_octets",
        "standing",
    )  # fmt: skip

    def __init__(
        self,
        headers: HeaderSection,
        sender: str,
        size_octets: int,
        *,
        recipients: tuple[str, ...] = (),
        octets: bytes | None = None,
        received: datetime | None = None,
        now: datetime | None = None,
        timezone: str = "UTC",
        standing: Standing | None = None,
        said: Sequence[Testimony] = (),
        message: _Message | None = None,
        mailbox: str = "",
    ) -> None:
        self.headers = headers
        self.sender = sender
        self.size_octets = size_octets
        self.recipients = recipients
        self.mailbox = mailbox
        self.standing = standing or Standing()
        self.said = said
        self._message = message or _Message(headers, octets, received, now, zone_of(timezone))
        self._own: dict[str, Values] = {}

    def for_mailbox(
        self,
        address: str,
        *recipients: str,
        standing: Standing | None = None,
        said: Sequence[Testimony] = (),
    ) -> Facts:
        """Return the facts for one mailbox, sharing everything decoded so far and later.

        `address` is the mailbox, `recipients` the forward-paths that led to it, `standing` where
        the message stands in it: unmarked in INBOX if not given. `said` is what checks found.
        """
        return Facts(
            self.headers,
            self.sender,
            self.size_octets,
            recipients=tuple(dict.fromkeys((*recipients, address))),
            standing=standing,
            said=said,
            message=self._message,
            mailbox=address,
        )

    @property
    def octets(self) -> bytes | None:
        """The content as far as it may be looked at, if any rule asks for it."""
        return self._message.content.octets

    @property
    def body(self) -> Body:
        """The body, read. Raises LookupError if the content is not at hand."""
        return self._message.content.body

    @property
    def present(self) -> Mapping[bytes, object]:
        """See IFacts."""
        return self.headers.present

    @property
    def zone(self) -> tzinfo:
        """See IFacts."""
        return self._message.zone

    @property
    def patience_s(self) -> float:
        """See IFacts."""
        return self._message.patience_s

    @property
    def answers(self) -> dict[tuple[int, int], tuple[IValues, tuple[int, int] | None]]:
        """See IFacts."""
        return self._message.answers

    @property
    def foreign(self) -> Foreign | None:
        """What extensions say of it; None: nobody asks them."""
        return self._message.foreign

    def ask_extensions(self, foreign: Foreign) -> None:
        """Let rules ask extensions; their answers are kept there."""
        self._message.foreign = foreign

    @property
    def hurried(self) -> bool:
        """Whether running out of patience ends the judging, which will be begun anew."""
        return self._message.hurried

    def hurry(self, patience_s: float) -> None:
        """Let regular expressions take no longer than this, or give the judging up."""
        self._message.patience_s, self._message.hurried = patience_s, True

    def take_time(self) -> None:
        """Give regular expressions the usual time again."""
        self._message.patience_s, self._message.hurried = _PATIENCE_S, False

    def spend(self, seconds: float) -> None:
        """See IFacts."""
        self._message.patience_s -= seconds

    def values(self, field: str) -> Values:
        """See IFacts. A field that is unknown has no texts.

        Raises LookupError for a field of the content if that is not at hand.
        """
        shared = self._message.values
        found = shared.get(field) or self._own.get(field)
        if found is not None:
            return found
        kind, name, part = kind_of(field)
        if kind is FieldKind.HEADER:
            texts = self.headers.texts(name)
            found = shared[field] = Values(texts) if texts else NOTHING
        elif kind is FieldKind.ADDRESSES:
            found = shared[field] = self._addresses(name, part)
        elif kind is FieldKind.STANDING:
            return _values_of(self._standing(field))
        elif kind is FieldKind.OF_MAILBOX:
            found = self._own[field] = self._addresses(name, part)
        elif kind is FieldKind.FOREIGN:
            return _values_of(self._foreign_texts(name))
        elif kind is FieldKind.TESTIFIED:
            found = self._own[field] = values_said(self.said, field)
        else:
            found = shared[field] = self._read(field)
        return found

    def numbers(self, field: str) -> tuple[float, ...]:
        """See IFacts."""
        message = self._message
        if field == "size":
            return (self.size_octets,)
        if field == "attachment_size":
            return message.content.sizes()
        if field == "attachment_count":
            return (len(message.content.sizes()),)
        if kind_of(field)[0] is FieldKind.TESTIFIED:
            return scores_said(self.said, field)
        if field != "age" or message.received is None or message.now is None:
            return ()
        return (max(0, int((message.now - message.received).total_seconds())),)

    def moments(self, field: str) -> tuple[datetime, ...]:
        """See IFacts."""
        moment = self._message.received
        if field == "date":
            moment = date_of(self.headers.text("date"))
        return () if moment is None else (moment,)

    def _foreign_texts(self, name: str) -> tuple[str, ...]:
        """Return what an extension says. Raises LookupError if that can't be had."""
        foreign = self._message.foreign
        if foreign is None:
            raise LookupError(f"{name} can't be asked here")
        return foreign.texts(name, self.mailbox, self._letter)

    def _letter(self) -> Letter:
        standing = self.standing
        return Letter(
            mailbox=self.mailbox,
            sender=self.sender,
            recipients=self.recipients,
            size_octets=self.size_octets,
            content=self.octets or b"",
            folder=standing.folder,
            flags=frozenset(standing.flags),
            tags=frozenset(standing.tags),
        )

    def _read(self, field: str) -> Values:
        if field == "message":
            body, headers = self.values("body"), self.values("headers")
            return Values(body.texts, headers.texts, behind=headers, lines=True)
        if field in BODY_TEXTS:
            texts = self._message.content.texts(field)
            if not self._message.content.body.complete:
                return Values(texts, (_CUT, *texts), lines=field == "body")
        elif field == "headers":
            texts = all_fields(self.headers)
        elif field == "list_id":
            texts = list_ids(self.headers)
        elif field in TIME_FIELDS:
            texts = tuple(moment_text(each, self.zone) for each in self.moments(field))
        elif field == "age":
            texts = tuple(age_text(int(each)) for each in self.numbers(field))
        elif field in NUMBER_FIELDS:
            texts = tuple(map(number_text, self.numbers(field)))
        else:
            texts = ()
        return Values(texts, lines=field == "body") if texts else NOTHING

    def _standing(self, field: str) -> tuple[str, ...]:
        """Tell how the message stands now, after the rules before."""
        standing = self.standing
        if field == "tag":
            return tuple(sorted(standing.tags))
        if field == "flag":
            return tuple(sorted(standing.flags))
        if field == "folder":
            return (standing.folder,)
        if field == "read":
            return ("yes" if SEEN in standing.flags else "no",)
        return (self._priority(),)

    def _priority(self) -> str:
        flags = self.standing.flags
        if flags:
            if HIGH_PRIORITY in flags:
                return "high"
            if LOW_PRIORITY in flags:
                return "low"
        return self.standing.priority or priority_of(self.headers)

    def _addresses(self, base: str, part: str) -> Values:
        names = ADDRESS_FIELDS[base]
        if base == "envelope_sender":
            return _of_sender(self.sender, part)
        if base == "envelope_recipient":
            return self._reached(part)
        addresses = self._message.addresses
        if base != "recipient":
            return addresses.read(names, part)
        # To and Cc may be long: they are read once for all mailboxes.
        kept = self._message.values
        key = f"to+cc.{part}"
        both = kept.get(key)
        if both is None:
            both = kept[key] = addresses.read(names, part)
        own = self._reached(part).texts
        shown = own if part else self.recipients[:1]
        return Values(own, (*shown, *both.whole), behind=both)

    def _reached(self, part: str) -> Values:
        """Return the addresses by which the message came here, in all spellings."""
        few = len(self.recipients) <= _FEW
        return (_of_known_recipients if few else _of_recipients)(self.recipients, part)


@lru_cache(maxsize=1024)  # most messages stand alike
def _values_of(texts: tuple[str, ...]) -> Values:
    return lasting(Values(texts))


@lru_cache(maxsize=1024)  # who has written once writes again
def _of_sender(sender: str, part: str) -> Values:
    return lasting(parts_of((sender,), part) if part else Values(spellings(sender)))


def _of_recipients(addresses: tuple[str, ...], part: str) -> Values:
    if part:
        return parts_of(addresses, part)
    return Values(tuple([each for one in addresses for each in spellings(one)]), addresses)


@lru_cache(maxsize=1024)  # there are few mailboxes, as against messages
def _of_known_recipients(addresses: tuple[str, ...], part: str) -> Values:
    return lasting(_of_recipients(addresses, part))
