"""Files of mail, read message by message: an mbox, and a Maildir with its folders.

Memory stays flat whatever the size of a message: its octets come in pieces, as often as asked.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Protocol

from bitrixmail.mime import mbox
from bitrixmail.mime.dovecot_keywords import FILE as KEYWORDS
from bitrixmail.mime.dovecot_keywords import read_keywords
from bitrixmail.mime.folder_names import decode_utf7, from_maildir
from bitrixmail.mime.line_ends import with_crlf
from bitrixmail.mime.stored_marks import Marks, from_head, from_maildir_name
from bitrixmail.model.errors import Fault, InputError
from bitrixmail.model.folder import folder_name
from bitrixmail.model.message import INBOX
from bitrixmail.model.text import printable

_WHOLE_OCTETS = 64 * 1024
_HEAD_OCTETS = 256 * 1024
_PIECE_OCTETS = 1024 * 1024
# What is older than mail, or not yet, is no time at which a message was received.
_EARLIEST = datetime(1980, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(days=1)
_MAX_DEPTH = 20
_IMPORTED = "Imported"


@dataclass(frozen=True, slots=True)
class Letter:
    """One message of a source. Made by it while it is gone through.

    `where` names its place for people, `folder` is the one it goes into. `sender` and `received`
    are None where only the message itself may tell. `pieces` gives its octets in CRLF form, and
    raises OSError. `reached` tells how far the source is gone through with it.
    """

    where: str
    folder: str
    sender: str | None
    received: datetime | None
    marks: Marks
    pieces: Callable[[], Iterator[bytes]]
    reached: int


class Source(Protocol):
    """Where messages come from. `total` is what `reached` goes up to, in whatever unit."""

    @property
    def name(self) -> str:
        """How people know it."""

    @property
    def total(self) -> int:
        """What the last letter's `reached` is."""

    def letters(self) -> Iterator[Letter | Fault]:
        """Go through it once; a fault stands for what can't be taken. Raises InputError, OSError.

        The same source gives the same letters in the same order.
        """


class MboxSource:
    """An mbox file. Made for one import. `quoting` is one of `mime.mbox.QUOTINGS`.

    Making it raises OSError if the file can't be read, InputError if it is none.
    """

    def __init__(self, path: Path, folder: str, quoting: str) -> None:
        self._path = path
        self._folder = folder
        self._quoting = quoting
        self.name = f"mbox {path.absolute()}"
        if path.is_dir():
            remedy = "for a Maildir: bitrixmail import maildir"
            raise InputError(Fault(printable(str(path)), "is a directory, no mbox file", remedy))
        with path.open("rb") as file:
            self.total = os.fstat(file.fileno()).st_size

    def letters(self) -> Iterator[Letter | Fault]:
        """See Source."""
        shown = printable(str(self._path))
        with self._path.open("rb", buffering=0) as file:
            read = partial(_pread, file.fileno())
            for span in mbox.spans(read, shown):
                yield self._letter(read, span, shown)

    def _letter(self, read: mbox.Read, span: mbox.Span, shown: str) -> Letter | Fault:
        where = f"{self.name}, octet {span.offset}"
        if span.end <= span.start:
            return Fault(f"{shown}: octet {span.offset}", "there is no message behind this line")
        # A large one opens the file again: it is read when this reading of it may have ended.
        raw: Callable[[], Iterator[bytes]] = partial(_span_of, self._path, span)
        if span.end - span.start <= _WHOLE_OCTETS:
            raw = partial(iter, (b"".join(mbox.octets_of(read, span)),))

        def stream() -> Iterator[bytes]:
            return with_crlf(mbox.unquoted(raw(), self._quoting))

        _, marks = from_head(next(_head_first(stream()), b""))
        received = _plausible(span.date)
        pieces = partial(_without_marks, stream)
        return Letter(where, self._folder, span.sender, received, marks, pieces, span.end)


def _pread(descriptor: int, offset: int, length: int) -> bytes:
    return os.pread(descriptor, length, offset)


def _span_of(path: Path, span: mbox.Span) -> Iterator[bytes]:
    with path.open("rb", buffering=0) as file:
        yield from mbox.octets_of(partial(_pread, file.fileno()), span)


def _head_first(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Give the header section as the first piece, bounded, then the rest."""
    head = b""
    for piece in pieces:
        head += piece
        end = 0 if head.startswith(b"\r\n") else head.find(b"\r\n\r\n") + 2
        if end != 1:
            yield head[:end]
            yield head[end:]
            break
        if len(head) > _HEAD_OCTETS:
            yield head
            break
    else:
        yield head
    yield from pieces


def _without_marks(stream: Callable[[], Iterator[bytes]]) -> Iterator[bytes]:
    """Give a message without the fields in which mail programs note their marks."""
    pieces = _head_first(stream())
    yield from_head(next(pieces, b""))[0]
    yield from pieces


def _plausible(moment: datetime | None) -> datetime | None:
    return moment if moment is not None and moment >= _EARLIEST else None


@dataclass(frozen=True, slots=True)
class _Listed:
    """The files of a Maildir or a folder in it, as (time of change, name below `path`)."""

    path: Path
    folder: str
    files: list[tuple[float, str]]


class MaildirSource:
    """A Maildir and the folders within it. Made for one import.

    Its own messages go into `folder`; those of its folders into folders of their names, which stand
    below `folder` unless that is INBOX. `now` tells times that are still to come. Making it raises
    OSError if it can't be read, InputError if it is none.
    """

    def __init__(self, path: Path, folder: str, now: datetime) -> None:
        self._latest = now + _AHEAD
        self.name = f"Maildir {path.absolute()}"
        self._faults: list[Fault] = []
        path.stat()  # raises if it is not there
        if not (path / "cur").is_dir() and not (path / "new").is_dir():
            what = "is no Maildir: it has neither a folder cur nor a folder new"
            remedy = "name the folder in which cur, new and tmp are"
            raise InputError(Fault(printable(str(path)), what, remedy))
        self._listed: list[_Listed] = []
        self._list(path, folder, "" if folder == INBOX else f"{folder}/", 0)
        self.total = sum(len(listed.files) for listed in self._listed)

    def _list(self, path: Path, folder: str, below: str, depth: int) -> None:
        """List the files of a Maildir, then those of the folders in it."""
        # UIDs rise with the time at which messages came.
        files = sorted([*_files_in(path, "new"), *_files_in(path, "cur")])
        self._listed.append(_Listed(path, folder, files))
        if depth < _MAX_DEPTH:
            for entry in sorted(_folders_in(path)):
                name = self._folder(entry, below)
                self._list(entry, name, f"{name}/", depth + 1)

    def _folder(self, path: Path, below: str) -> str:
        name = from_maildir(path.name) if path.name.startswith(".") else decode_utf7(path.name)
        try:
            return folder_name(below + name)
        except ValueError as error:
            fault = Fault(printable(str(path)), f"{error}", f"its messages go into {_IMPORTED}")
            self._faults.append(fault)
            return below + _IMPORTED

    def letters(self) -> Iterator[Letter | Fault]:
        """See Source."""
        yield from self._faults
        reached = 0
        for listed in self._listed:
            keywords = _keywords_of(listed.path)
            for modified, name in listed.files:
                reached += 1
                yield Letter(
                    where=f"Maildir {listed.path.absolute() / name}",
                    folder=listed.folder,
                    sender=None,
                    received=self._received(modified),
                    marks=_marks(name, keywords),
                    pieces=partial(_octets_of, listed.path / name),
                    reached=reached,
                )

    def _received(self, modified: float) -> datetime | None:
        try:
            moment = datetime.fromtimestamp(modified, UTC)
        except (OverflowError, ValueError, OSError):
            return None
        return _plausible(moment) if moment < self._latest else None


def _files_in(path: Path, part: str) -> Iterator[tuple[float, str]]:
    try:
        entries = os.scandir(path / part)
    except FileNotFoundError:
        return
    with entries:
        for entry in entries:
            if not entry.name.startswith(".") and entry.is_file(follow_symlinks=False):
                yield entry.stat(follow_symlinks=False).st_mtime, f"{part}/{entry.name}"


def _keywords_of(path: Path) -> dict[str, str]:
    try:
        return read_keywords((path / KEYWORDS).read_text("utf-8", "replace"))
    except OSError:
        return {}


def _marks(name: str, keywords: dict[str, str]) -> Marks:
    """Read the marks in a file's name; words like $Junk are flags, others are tags."""
    unique, marks = from_maildir_name(name)
    words = {keywords[letter] for letter in name[len(unique) :] if letter in keywords}
    flags = {word for word in words if word.startswith("$")}
    return replace(marks, flags=marks.flags | flags, tags=marks.tags | (words - flags))


def _folders_in(path: Path) -> Iterator[Path]:
    with os.scandir(path) as entries:
        for entry in entries:
            if entry.name in {"cur", "new", "tmp"} or not entry.is_dir(follow_symlinks=False):
                continue
            found = Path(entry.path)
            if (found / "cur").is_dir() or (found / "new").is_dir():
                yield found


def _octets_of(path: Path) -> Iterator[bytes]:
    with path.open("rb", buffering=0) as file:
        yield from with_crlf(iter(partial(file.read, _PIECE_OCTETS), b""))
