"""One stored message taken apart to be looked at: its text, its HTML, its parts, its source.

What takes long is done in threads, and what has a whole message in memory a few at a time: the
others wait. Nothing is made harmless here: that is the pages' own work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from twisted.internet.defer import DeferredSemaphore

from bitrixmail.admin.messages import WHERE_IDS_STAND, remedied
from bitrixmail.interfaces.store import IMessageStore
from bitrixmail.interfaces.threads import IThreads
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.mime.multipart import Leaf, Multipart, SplitLimits, split_parts
from bitrixmail.mime.parameters import parse_parameters
from bitrixmail.mime.transfer import Content
from bitrixmail.mime.unpacking import Enclosure, Unpacked, unpack
from bitrixmail.model.errors import Fault, NotFoundError
from bitrixmail.model.message import Listed

SOURCE_OCTETS = 256 * 1024
# Of a header section that is looked at without the rest
_HEAD_OCTETS = 256 * 1024
# Each with all its octets, and again as much for what is made of them
_MOST_AT_ONCE = 2
T = TypeVar("T")
_LIMITS = SplitLimits(max_parts=200, max_depth=20, max_delimiters=20_000, max_head_octets=65_536)


@dataclass(frozen=True, slots=True)
class Part:
    """A line of the outline. `depth` counts from 0; `size_octets` is decoded, 0 of a multipart."""

    depth: int
    type: str
    charset: str
    encoding: str
    disposition: str
    content_id: str
    size_octets: int


@dataclass(frozen=True, slots=True)
class Head:
    """What stands before a message. `fields` are names and decoded values, in their order."""

    queue_id: str
    places: tuple[Listed, ...]
    fields: tuple[tuple[str, str], ...]
    size_octets: int

    def first(self, name: str) -> str:
        """Return the first field of a name, in small letters; empty if there is none."""
        return next((value for key, value in self.fields if key.lower() == name), "")


@dataclass(frozen=True, slots=True)
class Letter(Head):
    """A message as it is looked at."""

    unpacked: Unpacked


class Letters:
    """See the module. Made by who composes a face, lives as long as it.

    Everywhere NotFoundError is raised for a message that no mailbox keeps.
    """

    def __init__(self, messages: IMessageStore, threads: IThreads) -> None:
        self._messages = messages
        self._threads = threads
        self._few = DeferredSemaphore(_MOST_AT_ONCE)

    async def head(self, queue_id: str) -> Head:
        """Read what stands before a message, its first 256 KiB; the rest is not touched."""
        with remedied(WHERE_IDS_STAND):
            places = await self._messages.find(queue_id)
            octets, whole = await self._messages.cut(queue_id, 0, _HEAD_OCTETS)
        return await self._threads.run(lambda: Head(queue_id, places, _fields(octets), whole))

    async def look(self, queue_id: str, at: Callable[[Letter], T]) -> T:
        """Take a message apart and let a function look at it, in the same thread."""
        with remedied(WHERE_IDS_STAND):
            places = await self._messages.find(queue_id)
        return await self._whole(queue_id, lambda octets: at(_letter(queue_id, places, octets)))

    async def open(self, queue_id: str) -> Letter:
        """Take a message apart."""
        return await self.look(queue_id, lambda letter: letter)

    async def outline(self, queue_id: str) -> tuple[Part, ...]:
        """List the parts of a message as they lie within one another."""
        return await self._whole(queue_id, _outline)

    async def source(self, queue_id: str) -> tuple[str, bool]:
        """Return the source, the first SOURCE_OCTETS of it; and whether that is all."""
        with remedied(WHERE_IDS_STAND):
            octets, whole = await self._messages.cut(queue_id, 0, SOURCE_OCTETS)
        text = octets.decode("utf-8", "replace").replace("\r\n", "\n")
        return text, whole <= SOURCE_OCTETS

    async def enclosure(self, queue_id: str, number: int) -> Enclosure:
        """Return a file of a message, numbered from 0."""

        def chosen(letter: Letter) -> tuple[Enclosure, ...]:
            return letter.unpacked.enclosures[number : number + 1] if number >= 0 else ()

        found = await self.look(queue_id, chosen)
        if not found:
            raise NotFoundError(Fault(f"file {number + 1} of {queue_id}", "is not there"))
        return found[0]

    async def _whole(self, queue_id: str, work: Callable[[bytes], T]) -> T:
        async with self._few:
            with remedied(WHERE_IDS_STAND):
                octets = await self._messages.export(queue_id)
            return await self._threads.run(work, octets)


def _letter(queue_id: str, places: tuple[Listed, ...], octets: bytes) -> Letter:
    unpacked = unpack(octets, HeaderSection.parse(octets))
    return Letter(queue_id, places, _fields(octets), len(octets), unpacked)


def _fields(octets: bytes) -> tuple[tuple[str, str], ...]:
    headers = HeaderSection.parse(octets[:_HEAD_OCTETS])
    return tuple(
        (name.decode("ascii", "replace"), headers.decode(value)) for name, value in headers.fields()
    )


def _outline(octets: bytes) -> tuple[Part, ...]:
    root, _ = split_parts(octets, HeaderSection.parse(octets), _LIMITS)
    return tuple(_lines(root, octets, 0))


def _lines(node: Leaf | Multipart, octets: bytes, depth: int) -> Iterator[Part]:
    if isinstance(node, Multipart):
        yield Part(depth, f"multipart/{node.subtype}", "", "", "", "", 0)
        for part in node.parts:
            yield from _lines(part, octets, depth + 1)
        return
    headers = node.headers
    disposition = parse_parameters(headers.first("content-disposition") or b"")[0]
    yield Part(
        depth,
        node.declared_type,
        node.parameters.get("charset", ""),
        headers.text("content-transfer-encoding").lower(),
        disposition,
        headers.text("content-id"),
        Content(octets, node.start, node.end, headers).size_octets(),
    )
