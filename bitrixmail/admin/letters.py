"""One stored message taken apart to be looked at: its text, its HTML, its parts, its source.

What takes long is done in threads. Nothing is made harmless here: that is the pages' own work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

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
class Letter:
    """A message as it is looked at. `fields` are names and decoded values, in their order."""

    queue_id: str
    places: tuple[Listed, ...]
    fields: tuple[tuple[str, str], ...]
    unpacked: Unpacked
    size_octets: int

    def first(self, name: str) -> str:
        """Return the first field of a name, in small letters; empty if there is none."""
        return next((value for key, value in self.fields if key.lower() == name), "")


class Letters:
    """See the module. Made by who composes a face, lives as long as it.

    Everywhere NotFoundError is raised for a message that no mailbox keeps.
    """

    def __init__(self, messages: IMessageStore, threads: IThreads) -> None:
        self._messages = messages
        self._threads = threads

    async def look(self, queue_id: str, at: Callable[[Letter], T]) -> T:
        """Take a message apart and let a function look at it, in the same thread."""
        with remedied(WHERE_IDS_STAND):
            places = await self._messages.find(queue_id)
            octets = await self._messages.export(queue_id)
        return await self._threads.run(lambda: at(_letter(queue_id, places, octets)))

    async def open(self, queue_id: str) -> Letter:
        """Take a message apart."""
        return await self.look(queue_id, lambda letter: letter)

    async def outline(self, queue_id: str) -> tuple[Part, ...]:
        """List the parts of a message as they lie within one another."""
        with remedied(WHERE_IDS_STAND):
            octets = await self._messages.export(queue_id)
        return await self._threads.run(_outline, octets)

    async def source(self, queue_id: str) -> tuple[str, bool]:
        """Return the source, the first SOURCE_OCTETS of it; and whether that is all."""
        with remedied(WHERE_IDS_STAND):
            octets = await self._messages.export(queue_id)
        text = octets[:SOURCE_OCTETS].decode("utf-8", "replace").replace("\r\n", "\n")
        return text, len(octets) <= SOURCE_OCTETS

    async def enclosure(self, queue_id: str, number: int) -> Enclosure:
        """Return a file of a message, numbered from 0."""
        letter = await self.open(queue_id)
        found = letter.unpacked.enclosures[number : number + 1] if number >= 0 else ()
        if not found:
            raise NotFoundError(Fault(f"file {number + 1} of {queue_id}", "is not there"))
        return found[0]


def _letter(queue_id: str, places: tuple[Listed, ...], octets: bytes) -> Letter:
    headers = HeaderSection.parse(octets)
    fields = tuple(
        (name.decode("ascii", "replace"), headers.decode(value)) for name, value in headers.fields()
    )
    return Letter(queue_id, places, fields, unpack(octets, headers), len(octets))


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
