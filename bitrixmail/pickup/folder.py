"""The pickup directory: hostile ground, where any user of this machine may put anything.

    m.TIME.NUMBER.PID    a message: whole, durable, put there by renaming it
    t.…                  one being written; left by a program that crashed, removed after a day
    bad/                 what is no message, beside each a file that says why
    refused/             messages that nobody would take, likewise

Everything here blocks, and may run in any thread.
"""

from __future__ import annotations

import os
import pwd
import re
import shlex
import stat
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from heapq import nsmallest
from pathlib import Path

from bitrixmail.model.errors import SetupError

MODE = 0o3733  # writable by all, listed by nobody else, files belong to the directory's group
BAD, REFUSED = "bad", "refused"
_NAME = re.compile(r"m\.([0-9]{1,15}\.[0-9]{1,20}\.[0-9]{1,10})")
_UNWRITTEN = "t."
_CRASHED_S = 24 * 3600.0
_MOST_BAD = 1000
_MOST_UNWRITTEN = 100


class UnfitError(ValueError):
    """Something in the directory that is not taken, with the reason for people.

    `uid` is whose it is, if it is a file that could be opened.
    """

    def __init__(self, reason: str, uid: int | None = None) -> None:
        super().__init__(reason)
        self.uid = uid


@dataclass(slots=True)
class Found:
    """A file that was opened; who opened it closes it. `at`: when it came, seconds since 1970."""

    descriptor: int
    uid: int
    size_octets: int
    at: float

    def close(self) -> None:
        """Close it; harmless when done twice."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def blocks(self, offset: int, size: int, most: int) -> Iterator[bytes]:
        """Read on from an offset; raise UnfitError beyond `most` octets, 0 for any number.

        Counts what is read: the file may still grow.
        """
        read = 0
        while octets := os.pread(self.descriptor, size, offset + read):
            read += len(octets)
            if 0 < most < read:
                raise UnfitError(f"has more than {most} octets")
            yield octets


def key_of(name: str) -> str | None:
    """Return what tells a message from every other; None if that is no name of a message."""
    match = _NAME.fullmatch(name)
    return match[1] if match else None


class PickupFolder:
    """The directory. Made by compose, lives as long as the server."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def prepare(self) -> None:
        """Make it if it is missing, and see whether it is fit. Raises SetupError."""
        try:
            if not os.path.lexists(self.path):
                self.make(os.geteuid(), os.getegid())
            self._judge(os.lstat(self.path))
            for name in (BAD, REFUSED):
                self._judge_inner(self.path / name)
        except OSError as error:
            denied = isinstance(error, PermissionError)
            raise self._unfit(
                f"can't be used: {error.strerror or error}",
                f"give it to the server's user: {self._remedy()}",
                exit_code=os.EX_NOPERM if denied else os.EX_CANTCREAT,
            ) from error

    def make(self, uid: int, gid: int) -> None:
        """Make it for a user and his group. Raises OSError.

        Where a service may set no such mode (systemd's RestrictSUIDSGID) it stays the user's alone.
        """
        # Closed until what is inside is there, so that nobody else makes it.
        self.path.mkdir(mode=0o700, parents=True)
        for path in (self.path / BAD, self.path / REFUSED, self.path):
            if path != self.path:
                path.mkdir(mode=0o700)
            if os.geteuid() != uid:
                os.chown(path, uid, gid)
        with suppress(PermissionError):
            self.path.chmod(MODE)

    def give(self, uid: int, gid: int) -> None:
        """Give it, with what is inside, to a user who is yet to run the server. Raises OSError."""
        for path in (self.path, self.path / BAD, self.path / REFUSED):
            with suppress(FileNotFoundError):
                os.chown(path, uid, gid, follow_symlinks=False)

    @property
    def is_shared(self) -> bool:
        """Whether all users may write into it."""
        try:
            return bool(self.path.stat().st_mode & stat.S_IWOTH)
        except OSError:
            return False

    def _judge(self, found: os.stat_result) -> None:
        if not stat.S_ISDIR(found.st_mode):
            raise self._unfit("is no directory", f"remove it: rm {shlex.quote(str(self.path))}")
        me, mode = os.geteuid(), stat.S_IMODE(found.st_mode)
        if me not in (0, found.st_uid):
            raise self._unfit(
                f"belongs to user {user_name(found.st_uid)}, so {user_name(me)} can't take away"
                " what others put there",
                f"give it to the server's user: {self._remedy()}",
            )
        if mode & 0o022 and not mode & stat.S_ISVTX:
            raise self._unfit(
                f"has the mode {mode:o}: its writers could remove each other's messages",
                f"chmod {MODE:o} {shlex.quote(str(self.path))}",
            )
        if mode & 0o022 and me and not mode & stat.S_ISGID:
            raise self._unfit(
                f"has the mode {mode:o}: user {user_name(me)} couldn't read what others put there",
                f"chmod {MODE:o} {shlex.quote(str(self.path))}",
            )

    def _judge_inner(self, path: Path) -> None:
        if not os.path.lexists(path):
            path.mkdir(mode=0o700)
        found = os.lstat(path)
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (0, os.geteuid()):
            raise self._unfit(
                f"holds {path.name}, which is not a directory of user {user_name(os.geteuid())}",
                f"remove it: rm -r {shlex.quote(str(path))}",
            )

    def _remedy(self) -> str:
        me, place = user_name(os.geteuid()), shlex.quote(str(self.path))
        return f"install -d -o {me} -g {os.getegid()} -m {MODE:o} {place}"

    def _unfit(self, what: str, *remedies: str, exit_code: int = os.EX_CONFIG) -> SetupError:
        problem = f"the pickup directory {self.path} {what}"
        return SetupError(problem, *remedies, exit_code=exit_code)

    def waiting(
        self, most: int, now: float, passed_over: Collection[str] = frozenset()
    ) -> list[str]:
        """Return the names of what is there, the first `most` of them, by age as they tell it.

        Without those that are `passed_over`. Removes what crashed programs have left behind. `now`
        in seconds since 1970.
        """
        with os.scandir(self.path) as entries:
            wanted = (entry for entry in entries if entry.name not in passed_over)
            return [name for *_, name in nsmallest(most, self._ranked(wanted, now))]

    def _ranked(
        self, entries: Iterable[os.DirEntry[str]], now: float
    ) -> Iterator[tuple[bool, bool, str]]:
        """Put files first that have a message's name: others can be many, and hard to move."""
        looked_at = 0
        for entry in entries:
            if entry.name in (BAD, REFUSED):
                continue
            if not entry.name.startswith(_UNWRITTEN):
                plain = entry.is_file(follow_symlinks=False)
                yield not plain, key_of(entry.name) is None, entry.name
            elif looked_at < _MOST_UNWRITTEN:
                looked_at += 1
                self._forget_crashed(entry, now)

    @staticmethod
    def _forget_crashed(entry: os.DirEntry[str], now: float) -> None:
        try:
            # Its owner can set the other times.
            if entry.stat(follow_symlinks=False).st_ctime < now - _CRASHED_S:
                Path(entry.path).unlink()
        except OSError:
            return  # gone, or a directory, which takes no room and is nobody's message

    def came(self, name: str) -> float | None:
        """Return when something came, in seconds since 1970; None if it is gone."""
        try:
            return os.lstat(self.path / name).st_ctime
        except OSError:
            return None

    def open(self, name: str) -> Found:
        """Open a message. Raises UnfitError, or OSError: FileNotFoundError if it is gone."""
        if key_of(name) is None:
            raise UnfitError("has not the name of a message")
        path = self.path / name
        # Opening a device or a FIFO may do something; and it may be changed before it is opened.
        _must_be_plain(os.lstat(path))
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
        try:
            descriptor = os.open(path, flags)
        except PermissionError as error:
            raise UnfitError(
                "can't be read by the server: it lacks the directory's group"
            ) from error
        try:
            found = os.fstat(descriptor)
            _must_be_plain(found)
        except BaseException:
            os.close(descriptor)
            raise
        return Found(descriptor, found.st_uid, found.st_size, found.st_ctime)

    def remove(self, name: str) -> None:
        """Remove a message; harmless if it is gone."""
        (self.path / name).unlink(missing_ok=True)

    def set_aside(
        self, name: str, place: str, reason: str, number: int, *, told: bool = False
    ) -> Path:
        """Move something to `bad` or `refused` with its reason; return where it is now.

        `number` makes its name there one of its own. Where very much lies already, what its sender
        was `told` of and given back is removed. Raises OSError.
        """
        folder = self.path / place
        moved = folder / (name if key_of(name) else f"{number}")
        if os.path.lexists(moved):
            moved = folder / f"{moved.name}.{number}"
        there = self.path / name
        crowded = (place == BAD or told) and sum(1 for _ in folder.iterdir()) >= 2 * _MOST_BAD
        if crowded and (told or not stat.S_ISREG(there.lstat().st_mode)):
            there.unlink()
            return there
        if not crowded:
            # First the reason: what lies there without one can't be understood.
            moved.with_name(f"{moved.name}.reason").write_text(f"{reason}\n", "utf-8", "replace")
        try:
            there.rename(moved)
        except PermissionError:
            there.rmdir()  # a directory of somebody else's can't be moved
        return moved


def _must_be_plain(found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise UnfitError("is not a file but a link, a pipe, a socket, a device or a directory")
    if found.st_nlink != 1:
        raise UnfitError("has other names (hard links)")


def user_name(uid: int) -> str:
    """Return the name of a user, or the number if there is none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def full_name(uid: int) -> str:
    """Return the full name of a user, empty if none is kept; `&` stands for the login name."""
    try:
        found = pwd.getpwuid(uid)
    except KeyError:
        return ""
    return found.pw_gecos.partition(",")[0].replace("&", found.pw_name.capitalize())
