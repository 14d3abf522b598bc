"""Mail that programs hand in to be sent: in parts or whole, once for each key, now or later."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from html import escape
from typing import Annotated, ClassVar

from pydantic import AwareDatetime, ConfigDict, Field
from twisted.logger import Logger

from bitrixmail.admin.sending import Handed, Parcel, RecipientState, Sending, address_of
from bitrixmail.mime.composing import File, Person, Sheet, compose
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.mime.line_ends import with_crlf
from bitrixmail.model.errors import Fault, InputError, MailError
from bitrixmail.model.user import Right
from bitrixmail.rules.fill import MOST_FILLED, check, fill
from bitrixmail.web.api.operation import EXACT, Call, Operation, Text

_log = Logger()
_MOST_OCTETS = 60 * 1024 * 1024
_MOST_PEOPLE = 1000
_MOST_FILES = 100
Body = Annotated[str, Field(max_length=8 * 1024 * 1024)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """An attached file, its octets in base64. With `content_id` the HTML shows it as `cid:`."""

    __pydantic_config__: ClassVar[ConfigDict] = EXACT
    name: Text
    content: str
    content_type: Text = "application/octet-stream"
    content_id: Text = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """Texts with places like {name}, which `values` fill in; in `html` they are escaped."""

    __pydantic_config__: ClassVar[ConfigDict] = EXACT
    subject: Text = ""
    text: Body = ""
    html: Body = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message to be sent.

    Addresses stand alone or with a name: "Shop <shop@example.org>". With `template` in place of
    subject, text and html. `sender`: where bounces go, else to `from`. `send_at`: not before.
    `idempotency_key` does what the field Idempotency-Key does.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    from_: Annotated[str, Field(alias="from", max_length=1000)]
    to: Annotated[tuple[Text, ...], Field(max_length=_MOST_PEOPLE)] = ()
    cc: Annotated[tuple[Text, ...], Field(max_length=_MOST_PEOPLE)] = ()
    bcc: Annotated[tuple[Text, ...], Field(max_length=_MOST_PEOPLE)] = ()
    reply_to: Annotated[tuple[Text, ...], Field(max_length=10)] = ()
    sender: Text = ""
    subject: Text = ""
    text: Body = ""
    html: Body = ""
    template: Template | None = None
    values: Annotated[dict[Text, Body], Field(max_length=1000)] | None = None
    headers: Annotated[dict[Text, Text], Field(max_length=50)] | None = None
    attachments: Annotated[tuple[Attachment, ...], Field(max_length=_MOST_FILES)] = ()
    send_at: AwareDatetime | None = None
    idempotency_key: Annotated[str, Field(max_length=200)] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvelopeOf:
    """The envelope of a message that is handed in whole."""

    __pydantic_config__: ClassVar[ConfigDict] = EXACT
    sender: Text
    recipient: Annotated[tuple[Text, ...], Field(min_length=1, max_length=_MOST_PEOPLE)]
    send_at: AwareDatetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a message stands for each recipient."""

    id: str
    recipients: tuple[RecipientState, ...]


class SendingOperations:
    """Made by the contents, lives as long as they."""

    def __init__(self, sending: Sending) -> None:
        self._sending = sending

    def operations(self) -> Iterator[Operation]:
        """Yield them."""
        send = Right.SEND
        yield Operation(
            "POST", "/send", self.letter, send, Handed, None, Letter, 202,
            most_octets=_MOST_OCTETS, keeps_keys=True,
        )  # fmt: skip
        yield Operation(
            "POST", "/send/raw", self.raw, send, Handed, EnvelopeOf, bytes, 202,
            reads="message/rfc822", most_octets=_MOST_OCTETS, keeps_keys=True,
        )  # fmt: skip
        yield Operation("GET", "/send/{id}", self.standing, send, Standing)

    async def letter(self, call: Call) -> Handed:
        """Send a message that is written here from its parts.

        It is in the queue, or in the mailboxes here, when this answers. The same call again with
        the same Idempotency-Key sends nothing, and tells where the first stands.
        Another one with it is a fault.
        """
        body: Letter = call.body
        author = await self._author(body.from_)
        to, cc, bcc = (
            _people(people, name)
            for people, name in ((body.to, "to"), (body.cc, "cc"), (body.bcc, "bcc"))
        )
        parcel = Parcel(
            user=call.caller.user,
            sender=body.sender or author.address,
            recipients=[person.address for person in (*to, *cc, *bcc)],
            not_before=body.send_at,
            key=call.key or body.idempotency_key,
            digest=call.digest,
        )
        queue_id = self._sending.id_for(parcel)
        known = await self._sending.repeated(queue_id, parcel)
        if known is not None:
            return known
        at = max(body.send_at or self._sending.now(), self._sending.now())
        message_id = self._sending.message_id(queue_id)
        octets = await call.apart(_written, body, (author, to, cc), at, message_id)
        handed = await self._sending.hand_in(queue_id, parcel, octets, call.caller.peer)
        await _record(call, handed)
        return handed

    async def raw(self, call: Call) -> Handed:
        """Send a message as it stands, to the recipients of the query.

        Bcc is taken out; Date and Message-ID are added where they are missing.
        """
        envelope: EnvelopeOf = call.query
        parcel = Parcel(
            user=call.caller.user,
            sender=envelope.sender,
            recipients=envelope.recipient,
            not_before=envelope.send_at,
            key=call.key,
            digest=call.digest,
        )
        queue_id = self._sending.id_for(parcel)
        known = await self._sending.repeated(queue_id, parcel)
        if known is not None:
            return known
        octets = await call.apart(self._whole, call.body, queue_id)
        handed = await self._sending.hand_in(queue_id, parcel, octets, call.caller.peer)
        await _record(call, handed)
        return handed

    async def standing(self, call: Call) -> Standing:
        """Tell where a message stands, for each recipient."""
        queue_id = call.parts["id"].upper()
        return Standing(queue_id, await self._sending.states(queue_id))

    async def _author(self, text: str) -> Person:
        (author,) = _people([text], "from")
        await self._sending.own_address(author.address, "from")
        return author

    def _whole(self, given: bytes, queue_id: str) -> bytes:
        """Put before a message what it lacks (RFC 6409 §8)."""
        octets = b"".join(with_crlf([given]))
        headers = HeaderSection.parse(octets)
        added = b""
        if not headers.count("date"):
            added += f"Date: {format_datetime(self._sending.now())}\r\n".encode()
        if not headers.count("message-id"):
            added += f"Message-ID: {self._sending.message_id(queue_id)}\r\n".encode()
        return added + octets


async def _record(call: Call, handed: Handed) -> None:
    """Write down who has sent what; it is sent, so a failure of this may not have it sent again."""
    try:
        await call.record("message.send", handed.id, f"recipients: {len(handed.recipients)}")
    except MailError as error:
        _log.error(
            "not in the audit log: {user} has sent {queue_id}: {reason}",
            user=call.caller.name,
            queue_id=handed.id,
            reason=error.cause or error.reply.text,
        )


def _written(
    body: Letter,
    people: tuple[Person, tuple[Person, ...], tuple[Person, ...]],
    at: datetime,
    message_id: str,
) -> bytes:
    """Write a letter from its parts. Raises InputError."""
    author, to, cc = people
    subject, text, html = _texts(body)
    sheet = Sheet(
        author=author,
        to=to,
        copies=cc,
        reply_to=_people(body.reply_to, "reply_to"),
        subject=subject,
        text=text,
        html=html,
        at=at,
        message_id=message_id,
        fields=body.headers or {},
        files=_files(body.attachments),
    )
    try:
        return compose(sheet)
    except ValueError as error:
        raise InputError(Fault("body", str(error))) from None


def _people(texts: Sequence[str], where: str) -> tuple[Person, ...]:
    return tuple(_person(text, where) for text in texts)


def _person(text: str, where: str) -> Person:
    """Read an address with a name before it, or alone. Raises InputError."""
    name, bracket, rest = text.strip().rpartition("<")
    if not bracket:
        return Person("", str(address_of(text, where)))
    if not rest.endswith(">"):
        remedy = 'write it like "Shop <shop@example.org>"'
        raise InputError(Fault(where, "has no > at its end", remedy))
    return Person(name.strip().strip('"'), str(address_of(rest[:-1], where)))


def _texts(body: Letter) -> tuple[str, str, str]:
    """Return subject, text and HTML, filled in. Raises InputError."""
    template = body.template
    if template is None:
        if body.values is not None:
            raise InputError(Fault("body.values", "belong to a template", "give a template too"))
        return body.subject, body.text, body.html
    if body.subject or body.text or body.html:
        what = "stands beside subject, text or html"
        raise InputError(Fault("body.template", what, "put them into the template"))
    values = body.values or {}
    faults = []
    for name, text in (
        ("subject", template.subject),
        ("text", template.text),
        ("html", template.html),
    ):
        try:
            check(text, values)
        except ValueError as error:
            faults.append(Fault(f"body.template.{name}", str(error), "give it in body.values"))
    if faults:
        raise InputError(*faults)
    subject = " ".join(fill(template.subject, values).split())
    text, html = fill(template.text, values), fill(template.html, values, escape)
    if max(len(subject), len(text), len(html)) >= MOST_FILLED:
        what = f"has {MOST_FILLED} characters or more when it is filled in"
        raise InputError(Fault("body.template", what, "make it shorter, or attach a file"))
    return subject, text, html


def _files(attachments: Sequence[Attachment]) -> tuple[File, ...]:
    found = []
    for number, each in enumerate(attachments):
        try:
            octets = b64decode(each.content, validate=True)
        except (binascii.Error, ValueError):
            where = f"body.attachments.{number}.content"
            raise InputError(Fault(where, "is no base64", "encode the octets (RFC 4648)")) from None
        found.append(File(each.name, each.content_type, octets, each.content_id))
    return tuple(found)
