"""A message for the dry run, with the envelope it had, from a file or from the store."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from bitrixmail.admin.messages import WHERE_IDS_STAND, remedied
from bitrixmail.interfaces.store import IMessageStore
from bitrixmail.mime.addresses import parse_addresses
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.model.directory import Mailbox
from bitrixmail.model.errors import Fault, InputError
from bitrixmail.model.text import printable
from bitrixmail.rules.judging import HEAD_LIMIT_OCTETS

# What this server puts before a message once it is judged: mime.trace_fields writes it so.
_OWN_FIELDS = re.compile(
    rb"\A(?:Return-Path: <.*>\r\n)?(?:Delivered-To: .*\r\n)?"
    # To the line of its date: the message's own first line may begin with a blank too.
    rb"Received: (?:from .*\r\n )?by \S+ \(bitrixmail\) with .*\r\n"
    rb"(?:[ \t].*\r\n)*?[ \t][A-Z][a-z]{2}, .* [+-]\d{4}\r\n"
)
_SLICE_OCTETS = 256 * 1024


@dataclass(frozen=True, slots=True)
class Specimen:
    """A message as the rules saw it or would see it; `octets` are without our own fields.

    `recipients` are the forward-paths, none if nothing tells them; `received` may be None.
    """

    octets: bytes
    sender: str
    recipients: tuple[str, ...] = ()
    received: datetime | None = None


def from_file(octets: bytes) -> Specimen:
    """Take a message from a file, its envelope from the fields that tell of it.

    Those are Return-Path and Delivered-To, else From: most senders write their own address there.
    Lines that end in a bare CR or LF are mended, as they would be on the way here. A large one
    takes a while: call it in a thread.
    """
    whole = b"".join(_mended(octets))
    headers = HeaderSection.parse(whole[:HEAD_LIMIT_OCTETS])
    if headers.count("return-path"):
        sender = headers.text("return-path").strip().removeprefix("<").removesuffix(">")
    else:
        found = parse_addresses(headers.first("from") or b"", headers.decode, 1)
        sender = found[0].address if found else ""
    delivered_to = headers.text("delivered-to").strip()
    recipients = (delivered_to,) if delivered_to else ()
    return Specimen(_without_own(whole), sender, recipients)


def _mended(octets: bytes) -> Iterator[bytes]:
    """Yield slices with their line ends mended: between them other threads have their turn."""
    at = 0
    while at < len(octets):
        end = at + _SLICE_OCTETS
        if octets[end - 1 : end + 1] == b"\r\n":
            end += 1
        piece = octets[at:end].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        yield piece.replace(b"\n", b"\r\n")
        at = end


def _without_own(octets: bytes) -> bytes:
    own = _OWN_FIELDS.match(octets)
    return octets if own is None else octets[own.end() :]


async def from_store(queue_id: str, mailbox: Mailbox, messages: IMessageStore) -> Specimen:
    """Take a stored message with the envelope it came in.

    Raises NotFoundError if it was never seen, InputError if no mailbox kept it.
    """
    with remedied(WHERE_IDS_STAND):
        places = await messages.find(queue_id)
    if not places:
        remedy = "bitrixmail trace shows what became of it; test a copy of it from a file"
        where = f"message {printable(queue_id)}"
        raise InputError(Fault(where, "no mailbox kept it", remedy))
    own = (place.recipients for place in places if place.mailbox == mailbox.address)
    octets = await messages.export(queue_id)
    first = places[0]
    return Specimen(_without_own(octets), first.sender, next(own, ()), first.received)
