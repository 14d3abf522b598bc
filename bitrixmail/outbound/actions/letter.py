"""A job's message as somebody outside is told of it: taken apart, with what rules made of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bitrixmail.interfaces.jobs import IJobStore
from bitrixmail.interfaces.threads import IThreads
from bitrixmail.mime.addresses import HeaderAddress, parse_addresses
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.mime.reply_text import reply_text
from bitrixmail.mime.unpacking import Unpacked, unpack
from bitrixmail.model.job import Job
from bitrixmail.model.work import Order

_PIECE_OCTETS = 256 * 1024
# From here on the reactor has better things to do meanwhile
_IN_THREAD_OCTETS = 64 * 1024
_MOST_ADDRESSES = 200


@dataclass(frozen=True, slots=True)
class Letter:
    """See the module. Made by `read_letter` for one attempt.

    `octets` are the beginning of the message if that is larger than what was asked for.
    """

    job: Job
    order: Order
    octets: bytes
    headers: HeaderSection
    body: Unpacked

    @property
    def whole(self) -> bool:
        """Whether all of the message is in `octets`."""
        return len(self.octets) >= self.job.size_octets

    def addresses(self, field: str) -> tuple[HeaderAddress, ...]:
        """Return the addresses of a header field."""
        value = self.headers.first(field) or b""
        return parse_addresses(value, self.headers.decode, _MOST_ADDRESSES)

    def value(self, name: str) -> str:
        """Return what stands for a name of rules.fill.NAMES; empty for any other."""
        found = _VALUES.get(name)
        return found(self) if found is not None else self.headers.text(_FIELDS.get(name, name))


async def read_letter(
    jobs: IJobStore, threads: IThreads, job: Job, order: Order, most_octets: int
) -> Letter:
    """Read a job's message, no more than that of it. Raises MailError."""
    octets = await read_octets(jobs, job, most_octets)
    if len(octets) > _IN_THREAD_OCTETS:
        return await threads.run(_taken_apart, job, order, octets)
    return _taken_apart(job, order, octets)


async def read_octets(jobs: IJobStore, job: Job, most_octets: int) -> bytes:
    """Read the beginning of a job's message. Raises MailError."""
    if job.content is not None:
        return job.content[:most_octets]
    pieces = []
    wanted = min(job.size_octets, most_octets)
    for offset in range(0, wanted, _PIECE_OCTETS):
        length = min(_PIECE_OCTETS, wanted - offset)
        pieces.append(await jobs.read(job.message_id, offset, length))
    return b"".join(pieces)


def _taken_apart(job: Job, order: Order, octets: bytes) -> Letter:
    headers = HeaderSection.parse(octets)
    return Letter(job, order, octets, headers, unpack(octets, headers))


def _first(letter: Letter, *fields: str) -> HeaderAddress:
    for field in fields:
        for address in letter.addresses(field):
            if address.address:
                return address
    return HeaderAddress("", "")


def _name(letter: Letter) -> str:
    first = _first(letter, "from")
    return first.name or first.address


# Names that are header fields under another name
_FIELDS = {"message_id": "message-id"}
_VALUES: dict[str, Callable[[Letter], str]] = {
    "from": lambda letter: str(_first(letter, "from")),
    "from_name": _name,
    "from_address": lambda letter: _first(letter, "from").address,
    "reply_to": lambda letter: _first(letter, "reply-to", "from").address,
    "text": lambda letter: letter.body.text,
    "reply_text": lambda letter: reply_text(letter.body.text).text,
    "html": lambda letter: letter.body.html,
    "sender": lambda letter: letter.job.sender,
    "recipient": lambda letter: letter.order.recipient,
    "mailbox": lambda letter: letter.order.mailbox,
    "folder": lambda letter: letter.order.folder,
    "tags": lambda letter: ", ".join(letter.order.tags),
    "rule": lambda letter: letter.order.rule,
    "id": lambda letter: letter.job.queue_id,
    "received": lambda letter: f"{letter.job.created:%Y-%m-%d %H:%M:%S}",
    "attachments": lambda letter: ", ".join(each.name for each in letter.body.enclosures),
}
