"""Files of mail that are written: an mbox, and a Maildir with its folders."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Protocol

from bitrixmail.mime import mbox
from bitrixmail.mime.dovecot_keywords import FILE as KEYWORDS
from bitrixmail.mime.dovecot_keywords import Keywords
from bitrixmail.mime.folder_names import to_maildir
from bitrixmail.mime.line_ends import with_lf
from bitrixmail.mime.stored_marks import from_head, maildir_letters, mark_fields
from bitrixmail.model.errors import ExistsError, Fault
from bitrixmail.model.message import INBOX
from bitrixmail.model.text import printable

_HEAD_OCTETS = 256 * 1024


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message on its way into a file. Made by an export for each."""

    queue_id: str
    uid: int
    folder: str
    sender: str
    received: datetime
    flags: frozenset[str]
    tags: frozenset[str]


class Target(Protocol):
    """Where messages are written. Nothing is there under its name before `finish`."""

    def write(self, letter: Outgoing, pieces: Iterable[bytes]) -> tuple[Fault, ...]:
        """Write a message, its octets in CRLF form; return what could not be kept of it.

        Raises OSError.
        """

    def finish(self) -> None:
        """Bring all to the disk and give it its name. Raises OSError."""

    def abort(self) -> None:
        """Remove what was written. Never fails; harmless after `finish`."""


class MboxTarget:
    """An mbox file in the mboxrd form, which nobody else may read.

    Made for one export; the file must not be there yet.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_name(path.name + ".part")
        if path.exists():
            raise ExistsError(Fault(printable(str(path)), "is there already", "name another file"))
        # One of an export that was killed: whoever else may read it is to have nothing of this
        self._part.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        self._file: BinaryIO | None = os.fdopen(os.open(self._part, flags, 0o600), "wb")

    def write(self, letter: Outgoing, pieces: Iterable[bytes]) -> tuple[Fault, ...]:
        """See Target."""
        file = self._file
        if file is None:
            raise ValueError("it is finished")
        file.write(mbox.from_line(letter.sender, letter.received))
        file.write(mark_fields(letter.flags, letter.tags))
        last = b"\n"
        for piece in mbox.quoted(_without_fields(with_lf(pieces))):
            file.write(piece)
            last = piece[-1:] or last
        file.write(b"\n" if last == b"\n" else b"\n\n")
        return ()

    def finish(self) -> None:
        """See Target."""
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._file = None
            self._part.rename(self._path)

    def abort(self) -> None:
        """See Target."""
        if self._file is not None:
            self._file.close()
            self._file = None
            self._part.unlink(missing_ok=True)


def _without_fields(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Leave out fields of marks that came with a message: they would be taken for ours."""
    head = b""
    for piece in pieces:
        head += piece
        end = 0 if head.startswith(b"\n") else head.find(b"\n\n") + 1
        if end or head.startswith(b"\n"):
            yield from_head(head[:end])[0]
            yield from chain((head[end:],), pieces)
            return
        if len(head) > _HEAD_OCTETS:
            break
    yield from_head(head)[0]
    yield from pieces


class MaildirTarget:
    """A Maildir; INBOX is the Maildir itself. Made for one export; it must not be there yet."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_name(path.name + ".part")
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            remedy = "name another directory, or an empty one"
            raise ExistsError(Fault(printable(str(path)), "is there already", remedy))
        self._keywords: dict[Path, Keywords] = {}
        self._made: set[Path] = set()
        self._part.mkdir(mode=0o700)
        self._folder(INBOX)

    def _folder(self, name: str) -> Path:
        folder = self._part if name == INBOX else self._part / to_maildir(name)
        if folder not in self._made:
            for part in ("tmp", "new", "cur"):
                (folder / part).mkdir(mode=0o700, parents=True)
            if name != INBOX:
                (folder / "maildirfolder").touch()
            self._made.add(folder)
        return folder

    def write(self, letter: Outgoing, pieces: Iterable[bytes]) -> tuple[Fault, ...]:
        """See Target."""
        folder = self._folder(letter.folder)
        words = {flag for flag in letter.flags if flag[0] != "\\" and flag != "$Forwarded"}
        keywords = self._keywords.setdefault(folder, Keywords())
        letters, left = keywords.letters({*letter.tags, *words})
        at = letter.received.timestamp()
        unique = f"{int(at)}.Q{letter.queue_id}U{letter.uid}.bitrixmail"
        path = folder / "cur" / f"{unique}:2,{maildir_letters(letter.flags)}{letters}"
        with path.open("wb") as file:
            file.writelines(with_lf(pieces))
            file.flush()
            os.fsync(file.fileno())
        os.utime(path, (at, at))
        if not left:
            return ()
        where = f"message {letter.queue_id} in {letter.folder}"
        what = f"lost the tags {', '.join(left)}: a folder of a Maildir has 26 of them"
        return (Fault(printable(where), printable(what), "an mbox keeps them"),)

    def finish(self) -> None:
        """See Target."""
        if self._path.is_dir():
            self._path.rmdir()
        for folder, keywords in self._keywords.items():
            if text := keywords.text():
                (folder / KEYWORDS).write_text(text, "utf-8")
        self._part.rename(self._path)

    def abort(self) -> None:
        """See Target."""
        if not self._part.is_dir():
            return
        for folder, _, names in os.walk(self._part, topdown=False):
            for name in names:
                Path(folder, name).unlink(missing_ok=True)
            Path(folder).rmdir()
