"""Where a server writes: every file, every call on it, and which errors that call can have.

`FILES` says what a file of the server's is called here, in the order in which its name is looked
for. A write that the table does not hold fails `test_faults.py`, which compares it with a trace of
a whole life of a server.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

FULL = ("ENOSPC", "EDQUOT")
WRITE = (*FULL, "EIO")
CHANGE = (*WRITE, "EROFS")
OPEN = (*CHANGE, "EMFILE")
ACCEPT = ("EMFILE", "ENFILE", "ENOMEM", "ENOBUFS")
MAP = ("ENOMEM",)

# What a name below the server's home stands for.
FILES = (
    ("database", re.compile(r"var/bitrixmail\.sqlite$")),
    ("write-ahead log", re.compile(r"var/bitrixmail\.sqlite-wal$")),
    ("shared memory", re.compile(r"var/bitrixmail\.sqlite-shm$")),
    ("journal", re.compile(r"var/bitrixmail\.sqlite-journal$")),
    ("content", re.compile(r"var/blobs/[0-9a-f]{2}/[0-9a-f]{32}$")),
    ("folder of contents", re.compile(r"var/blobs/[0-9a-f]{2}$")),
    ("folder of folders", re.compile(r"var/blobs$")),
    ("data directory", re.compile(r"var$")),
    ("home", re.compile(r"^$")),
    ("probe", re.compile(r"var/\.writable$")),
    ("lock", re.compile(r"var/server\.lock$")),
    ("certificate", re.compile(r"var/self-signed\.(new|pem)$")),
    ("log", re.compile(r"server\.log$")),
    ("pid", re.compile(r"twistd\.pid$")),
)


def name_of(path: str) -> str:
    """Return what a file below the home of a server is called; its path if nothing fits."""
    return next((name for name, pattern in FILES if pattern.match(path)), path)


class How(Enum):
    """What a fault is expected to do while it lasts."""

    REFUSED = "451 or 452"
    KEPT = "250"
    EITHER = "250, 451 or 452"
    WAITS = "no greeting yet"


class By(Enum):
    """What has to happen for the call to be made."""

    SMALL = "a small message"
    CROWD = "many messages at once"
    LARGE = "a message whose content is a file"
    GIVEN_UP = "a content given up"
    REOPENED = "a connection to the database opened anew"
    CHECKPOINT = "a log moved into its file"
    GROWTH = "a log longer than its index"
    CONNECTION = "a connection"
    READ = "a message read by POP3"
    DELETED = "a message deleted by POP3"
    END = "an orderly end"


@dataclass(frozen=True)
class Site:
    """One call on one file of a running server. `when` chooses among those of its thread."""

    file: str
    call: str
    errors: tuple[str, ...]
    by: By
    how: How = How.REFUSED
    when: str = ""

    @property
    def name(self) -> str:
        return f"{self.call} of {self.file}"


RUNNING = (
    Site("write-ahead log", "pwrite64", WRITE, By.SMALL),
    Site("write-ahead log", "fdatasync", CHANGE, By.SMALL),
    # Some of what is written together fails, also when it is written once more, one by one.
    Site("write-ahead log", "fdatasync", CHANGE, By.CROWD, How.EITHER, when="2+3"),
    Site("write-ahead log", "pwrite64", WRITE, By.CROWD, How.EITHER, when="20+90"),
    Site("write-ahead log", "pwrite64", WRITE, By.DELETED),
    Site("write-ahead log", "openat", OPEN, By.REOPENED),
    Site("write-ahead log", "fchown", ("EIO", "EROFS"), By.REOPENED, How.EITHER),
    Site("database", "openat", OPEN, By.REOPENED),
    Site("database", "pread64", ("EIO",), By.REOPENED),
    Site("database", "pwrite64", WRITE, By.CHECKPOINT, How.KEPT),
    Site("database", "fdatasync", CHANGE, By.CHECKPOINT, How.KEPT),
    Site("database", "ftruncate", ("EIO",), By.CHECKPOINT, How.KEPT),
    Site("shared memory", "pwrite64", WRITE, By.GROWTH),
    Site("shared memory", "mmap", MAP, By.GROWTH),
    Site("folder of contents", "mkdir", CHANGE, By.LARGE, How.EITHER),
    Site("content", "openat", OPEN, By.LARGE),
    # The first of each thread: behind it come signals to the reactor, and the folders.
    Site("content", "write", WRITE, By.LARGE, when="1"),
    Site("content", "fsync", CHANGE, By.LARGE, when="1"),
    Site("content", "close", WRITE, By.LARGE, when="1"),
    Site("folder of contents", "openat", ("EIO", "EMFILE"), By.LARGE),
    Site("folder of contents", "fsync", CHANGE, By.LARGE),
    Site("folder of folders", "openat", ("EIO", "EMFILE"), By.LARGE),
    Site("folder of folders", "fsync", CHANGE, By.LARGE),
    Site("content", "unlink", ("EIO", "EROFS"), By.GIVEN_UP, How.KEPT),
    Site("content", "openat", ("EIO", "EMFILE"), By.READ),
    Site("log", "write", WRITE, By.SMALL, How.KEPT),
    Site("sockets", "accept4", ACCEPT, By.CONNECTION, How.WAITS),
)


@dataclass(frozen=True)
class StartSite:
    """One call on one file at the start of a server. `file` is its path below the home."""

    file: str
    call: str
    errors: tuple[str, ...]
    # A start that goes on all the same.
    harmless: bool = False
    # What twistd does by itself, and tells in its own way.
    twistds: bool = False

    @property
    def name(self) -> str:
        return f"{self.call} of {self.file} at the start"


_DB = "var/bitrixmail.sqlite"
STARTING = (
    StartSite("var", "mkdir", CHANGE),
    StartSite("var", "fdatasync", ("EIO",), harmless=True),
    StartSite("var", "fsync", CHANGE),
    StartSite("var", "flock", ("ENOLCK", "EIO")),
    StartSite("var/.writable", "openat", OPEN),
    StartSite("var/.writable", "unlink", ("EIO", "EROFS")),
    StartSite("var/server.lock", "openat", OPEN),
    StartSite("var/server.lock", "flock", ("ENOLCK", "EIO")),
    StartSite("var/server.lock", "ftruncate", ("EIO",)),
    StartSite("var/server.lock", "write", WRITE),
    StartSite("var/self-signed.new", "openat", OPEN),
    StartSite("var/self-signed.new", "write", WRITE),
    StartSite("var/self-signed.new", "fsync", CHANGE),
    StartSite("var/self-signed.new", "rename", CHANGE),
    StartSite("var/pickup", "mkdir", CHANGE),
    StartSite("var/pickup", "chmod", CHANGE),
    StartSite("var/pickup/bad", "mkdir", CHANGE),
    StartSite("var/pickup/refused", "mkdir", CHANGE),
    StartSite("var/blobs", "mkdir", CHANGE),
    StartSite(_DB, "openat", OPEN),
    StartSite(_DB, "pwrite64", WRITE),
    StartSite(_DB, "fdatasync", CHANGE),
    StartSite(f"{_DB}-journal", "openat", OPEN),
    StartSite(f"{_DB}-journal", "pwrite64", WRITE),
    StartSite(f"{_DB}-journal", "fdatasync", CHANGE),
    StartSite(f"{_DB}-journal", "unlink", ("EIO", "EROFS")),
    StartSite(f"{_DB}-wal", "openat", OPEN),
    StartSite(f"{_DB}-wal", "pwrite64", WRITE),
    StartSite(f"{_DB}-shm", "openat", OPEN),
    StartSite(f"{_DB}-shm", "ftruncate", ("EIO",)),
    StartSite(f"{_DB}-shm", "pwrite64", WRITE),
    StartSite(f"{_DB}-shm", "mmap", MAP),
    StartSite("twistd.pid", "openat", OPEN, twistds=True),
    StartSite("twistd.pid", "write", WRITE, twistds=True),
)
# At an orderly end the log is moved into the file and removed; the next start does what was not.
ENDING = (
    Site("database", "pwrite64", WRITE, By.END, How.KEPT),
    Site("database", "fdatasync", CHANGE, By.END, How.KEPT),
    Site("database", "ftruncate", ("EIO",), By.END, How.KEPT),
    Site("write-ahead log", "unlink", ("EIO", "EROFS"), By.END, How.KEPT),
    Site("shared memory", "unlink", ("EIO", "EROFS"), By.END, How.KEPT),
)
# Calls that change nothing, and whose failing is tried all the same.
READING = {"pread64", "close", "openat"}
# (file, call) that a life of a server shows, and whose failing nothing depends on.
BESIDE = {
    ("home", "fsync"): "of the data directory's own name, when it is made",
    ("pid", "unlink"): "by twistd at its end; a stale file is found out at the next start",
    ("journal", "fchown"): "SQLite as root gives it to the owner of the database",
    ("shared memory", "fchown"): "as the journal",
    ("certificate", "unlink"): "of what a start that was cut off may have left behind",
}
