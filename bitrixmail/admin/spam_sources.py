"""Where mail to learn from stands: a Maildir, an mbox, a folder of files, or one file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path

from bitrixmail.admin.mail_sources import Letter, MaildirSource, MboxSource, Source
from bitrixmail.mime.line_ends import with_crlf
from bitrixmail.mime.stored_marks import Marks
from bitrixmail.model.errors import Fault, InputError
from bitrixmail.model.message import INBOX
from bitrixmail.model.text import printable

_PIECE_OCTETS = 256 * 1024
_MBOX = b"From "
_QUOTING = "mboxrd"


def source_of(path: Path, now: datetime) -> Source:
    """Return what reads the messages below a path. Raises OSError, InputError if there are none."""
    if path.is_dir():
        if (path / "cur").is_dir() or (path / "new").is_dir():
            return MaildirSource(path, INBOX, now)
        return FilesSource(path)
    with path.open("rb") as file:
        is_mbox = file.read(len(_MBOX)) == _MBOX
    return MboxSource(path, INBOX, _QUOTING) if is_mbox else FilesSource(path)


class FilesSource:
    """Files of one message each: one, or all below a folder. Made for one reading of them."""

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._files = sorted(_below(path)) if path.is_dir() else [path]
        self.total = len(self._files)
        if not self._files:
            remedy = "name a Maildir, an mbox file, or a folder with a file for each message"
            raise InputError(Fault(printable(str(path)), "holds no message", remedy))

    def letters(self) -> Iterator[Letter | Fault]:
        """See Source."""
        for reached, file in enumerate(self._files, 1):
            yield Letter(
                where=str(file),
                folder=INBOX,
                sender=None,
                received=None,
                marks=Marks(),
                pieces=partial(_pieces, file),
                reached=reached,
            )


def _below(path: Path) -> Iterator[Path]:
    for found in path.rglob("*"):
        if found.is_file() and not found.is_symlink() and not found.name.startswith("."):
            yield found


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from with_crlf(iter(partial(file.read, _PIECE_OCTETS), b""))
