"""A message on its way into the pickup directory: durable before anybody sees it.

The lines before it, its slip, are explained in `pickup/slip.py`. Raises Refused, with a code of
sysexits.h. Imports as little as can be: a page waits for it.
"""

from __future__ import annotations

import errno
import os
import time

from bitrixmail.inject.place import FOLDER, MOST_OCTETS

TYPE_CHECKING = False
if TYPE_CHECKING:  # importing typing is slow
    from collections.abc import Iterator
    from typing import BinaryIO

FIRST = "bitrixmail-pickup 1"
MOST_SLIP_OCTETS = 1024 * 1024
LINE_OCTETS = 64 * 1024
LINE_ENDS = frozenset("\r\n\0")
_CONTROL = frozenset(map(chr, (*range(0x20), 0x7F)))


class Refused(Exception):  # noqa: N818 - what it is: a call that fails with a code
    """The call fails with this code, and a sentence for people."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


def as_slip(lines: list[str]) -> bytes:
    """Write lines as a slip, with the empty one at its end."""
    octets = "".join(line + "\n" for line in (*lines, "")).encode("utf-8", "surrogateescape")
    if len(octets) > MOST_SLIP_OCTETS:
        raise Refused(os.EX_USAGE, "too many recipients for one call (at most 1 MiB of them)")
    return octets


def address_of(given: str, what: str) -> str:
    """Write an address as stands in a slip: white space means the same there, whichever it is."""
    text = given.replace("\t", " ")
    if LINE_ENDS.intersection(text):
        raise Refused(os.EX_USAGE, f"{what} holds a line end")
    if _CONTROL.intersection(text):
        raise Refused(os.EX_USAGE, f"{what} holds a control character")
    return text


def notify_of(value: str) -> str:
    """Check a NOTIFY (RFC 3461 §4.1)."""
    words = value.lower().split(",")
    if words != ["never"] and not {"success", "failure", "delay"}.issuperset(words):
        raise Refused(os.EX_USAGE, "-N takes never, or some of success,failure,delay")
    return value


class Message:
    """A file of the pickup directory while it is written. Ends with `keep` or `forget`."""

    def __init__(self, slip: bytes) -> None:
        self._most = MOST_OCTETS
        self._size = 0
        self._descriptor, self._path = self._open()
        self._write(slip)

    @staticmethod
    def _open() -> tuple[int, str]:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        os.umask(0)
        for number in range(10):
            moment = time.time_ns() + number
            path = f"{FOLDER}/t.{moment}.{os.getpid()}"
            try:
                # The directory's group may read it, which is the server's; nobody else.
                return os.open(path, flags, 0o640), path
            except FileExistsError:
                continue
            except OSError as error:
                code = os.EX_NOPERM if isinstance(error, PermissionError) else os.EX_TEMPFAIL
                raise Refused(
                    code, f"{FOLDER}: {error.strerror} (who may write there: docs/sendmail.md)"
                ) from error
        raise Refused(os.EX_TEMPFAIL, f"{FOLDER}: no new file can be made there")

    def write(self, octets: bytes) -> None:
        """Take octets of the message."""
        self._size += len(octets)
        if 0 < self._most < self._size:
            raise Refused(
                os.EX_DATAERR,
                f"the message is larger than {self._most} octets (set smtp.max_size, then run"
                " again: bitrixmail sendmail install)",
            )
        self._write(octets)

    def _write(self, octets: bytes) -> None:
        try:
            while octets:
                octets = octets[os.write(self._descriptor, octets) :]
        except OSError as error:
            raise self._failed(error) from error

    @staticmethod
    def _failed(error: OSError) -> Refused:
        return Refused(os.EX_TEMPFAIL, f"the message can't be kept: {error.strerror}")

    def keep(self) -> None:
        """Make it durable, then visible, and that durable too."""
        try:
            os.fsync(self._descriptor)
            # No two files of that directory have the same number.
            number = os.fstat(self._descriptor).st_ino
            kept = f"{FOLDER}/m.{time.time_ns() // 10**9}.{number}.{os.getpid()}"
            os.rename(self._path, kept)  # noqa: PTH104 - pathlib is slow to import
            self._path = kept
            self._sync_name()
        except OSError as error:
            # Where it can't be taken back the server has it already, and that is durable.
            if self.forget():
                raise self._failed(error) from error
        os.close(self._descriptor)

    def _sync_name(self) -> None:
        try:
            folder = os.open(FOLDER, os.O_RDONLY | os.O_DIRECTORY)
        except OSError:
            # Who may not list the directory can't sync it; the file's own sync writes its name too.
            os.fsync(self._descriptor)
            return
        try:
            os.fsync(folder)
        except OSError as error:
            if error.errno != errno.EINVAL:  # nothing to sync in directories of this kind
                raise
        finally:
            os.close(folder)

    def forget(self) -> bool:
        """Remove it; False if somebody did so already."""
        try:
            os.unlink(self._path)  # noqa: PTH108 - pathlib is slow to import
        except FileNotFoundError:
            return False
        except OSError:
            return True
        return True


def lines_of(source: BinaryIO, *, dots: bool) -> Iterator[bytes]:
    """Yield lines, long ones in pieces, up to the end or, without `dots`, a line of one dot."""
    starts = True
    while line := source.readline(LINE_OCTETS):
        if starts and not dots and line in (b".\n", b".\r\n", b".", b".\r"):
            return
        starts = line.endswith(b"\n")
        yield line
