"""A message for the dry run, with the envelope it had, from a file or from the store."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from bitrixmail.admin.messages import WHERE_IDS_STAND, remedied
from bitrixmail.interfaces.store import IMessageStore
from bitrixmail.mime.addresses import parse_addresses
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.model.directory import Mailbox
from bitrixmail.model.errors import Fault, InputError
from bitrixmail.model.text import printable

# What this server puts before a message once it is judged: mime.trace_fields writes it so.
_OWN_FIELDS = re.compile(
    rb"\A(?:Return-Path: <.*>\r\n)?(?:Delivered-To: .*\r\n)?"
    rb"Received: (?:from .*\r\n )?by \S+ \(bitrixmail\) with .*\r\n(?:[ \t].*\r\n)+"
)
_BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_MAX_PREFIX_OCTETS = 16 * 1024


@dataclass(frozen=True, slots=True)
class Specimen:
    """A message as the rules saw it or would see it; `octets` are without our own fields.

    `recipient` is empty if nothing tells it, `received` None.
    """

    octets: bytes
    sender: str
    recipient: str
    received: datetime | None = None


def from_file(octets: bytes) -> Specimen:
    """Take a message from a file, its envelope from the fields that tell of it.

    Those are Return-Path and Delivered-To, else From: most senders write their own address there.
    Lines that end in a bare CR or LF are mended, as they would be on the way here.
    """
    whole = _BARE.sub(b"\r\n", octets)
    headers = HeaderSection.parse(whole)
    if headers.count("return-path"):
        sender = headers.text("return-path").strip().removeprefix("<").removesuffix(">")
    else:
        found = parse_addresses(headers.first("from") or b"", headers.decode, 1)
        sender = found[0].address if found else ""
    return Specimen(_OWN_FIELDS.sub(b"", whole), sender, headers.text("delivered-to").strip())


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
    recipient = ""
    for place in places:
        if place.mailbox == mailbox.address:
            recipient = await _recipient(mailbox, place.folder, place.uid, messages)
            break
    octets = await messages.export(queue_id)
    first = places[0]
    return Specimen(_OWN_FIELDS.sub(b"", octets), first.sender, recipient, first.received)


async def _recipient(mailbox: Mailbox, folder: str, uid: int, messages: IMessageStore) -> str:
    """Return the forward-path that led to a place: its Delivered-To tells."""
    view = await messages.folder(mailbox.id, folder)
    for place in view.places if view is not None else ():
        if place.uid == uid:
            prefix = await messages.read(place.id, 0, _MAX_PREFIX_OCTETS)
            return HeaderSection.parse(prefix).text("delivered-to").strip()
    return ""
