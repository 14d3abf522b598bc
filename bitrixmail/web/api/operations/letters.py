"""A stored message taken apart: its text, its header fields, its parts and files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bitrixmail.admin.letters import Letter, Part
from bitrixmail.admin.office import Office
from bitrixmail.model.errors import Fault, NotFoundError
from bitrixmail.model.message import Listed
from bitrixmail.model.user import Right
from bitrixmail.web.api.operation import Call, Operation, Raw

_MOST_LETTERS = 1024 * 1024
_MOST_DIGITS = 4


@dataclass(frozen=True, slots=True)
class LetterField:
    """A header field, decoded."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class LetterFile:
    """A file of a message, by its number from 0. Name and type are what the message says."""

    number: int
    name: str
    type: str
    content_id: str
    inline: bool
    size_octets: int


@dataclass(frozen=True, slots=True)
class LetterShown:
    """A message taken apart. `text` and `html` have a million letters at most.

    The HTML is as it came: whoever shows it must make it harmless. `complete`: nothing was cut.
    """

    id: str
    places: tuple[Listed, ...]
    fields: tuple[LetterField, ...]
    text: str
    html: str
    files: tuple[LetterFile, ...]
    size_octets: int
    complete: bool


class LettersOperations:
    """Made by the contents, lives as long as they."""

    def __init__(self, office: Office) -> None:
        self._letters = office.letters

    def operations(self) -> Iterator[Operation]:
        """Yield them."""
        see, one = Right.SEE, "/messages/{id}"
        yield Operation("GET", f"{one}/letter", self.open, see, LetterShown)
        yield Operation("GET", f"{one}/outline", self.outline, see, tuple[Part, ...])
        yield Operation(
            "GET", f"{one}/files/{{number}}", self.file, see, bytes,
            gives="application/octet-stream",
        )  # fmt: skip

    async def open(self, call: Call) -> LetterShown:
        """Take a message apart: its fields, text, HTML, and its files by name."""
        return await self._letters.look(call.parts["id"], _shown)

    async def outline(self, call: Call) -> tuple[Part, ...]:
        """List the parts of a message as they lie within one another."""
        return await self._letters.outline(call.parts["id"])

    async def file(self, call: Call) -> Raw:
        """Give a file of a message, whatever it says it is."""
        text = call.parts["number"]
        if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
            raise NotFoundError(Fault("number", "is that of no file", "see files of the letter"))
        found = await self._letters.enclosure(call.parts["id"], int(text))
        await call.record("message.file", call.parts["id"], text)
        return Raw(found.octets, "application/octet-stream")


def _shown(letter: Letter) -> LetterShown:
    unpacked = letter.unpacked
    text, html = unpacked.text[:_MOST_LETTERS], unpacked.html[:_MOST_LETTERS]
    cut = len(unpacked.text) > _MOST_LETTERS or len(unpacked.html) > _MOST_LETTERS
    return LetterShown(
        id=letter.queue_id,
        places=letter.places,
        fields=tuple(LetterField(name, value) for name, value in letter.fields),
        text=text,
        html=html,
        files=tuple(
            LetterFile(number, each.name, each.type, each.content_id, each.inline, each.size_octets)
            for number, each in enumerate(unpacked.enclosures)
        ),
        size_octets=letter.size_octets,
        complete=unpacked.complete and not cut,
    )
