"""A whole life of a server under strace: which files it writes, by which calls."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

from tests.fakes.server import until
from tests.faults.injection import strace
from tests.faults.patient import LARGE, SMALL, Patient
from tests.faults.sites import name_of
from tests.faults.starts import begin

# Every call by which Linux lets a program change a file, a name or what is kept of them.
_ALWAYS = [
    "write",
    "writev",
    "pwrite64",
    "pwritev",
    "pwritev2",
    "sendfile",
    "copy_file_range",
    "splice",
    "ftruncate",
    "truncate",
    "fallocate",
    "fsync",
    "fdatasync",
    "sync_file_range",
    "msync",
    "mkdir",
    "mkdirat",
    "rmdir",
    "unlink",
    "unlinkat",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "symlink",
    "symlinkat",
    "mknod",
    "mknodat",
    "chmod",
    "fchmod",
    "fchmodat",
    "chown",
    "fchown",
    "fchownat",
    "lchown",
    "utimensat",
    "setxattr",
    "fsetxattr",
    "flock",
    "accept4",
]
# These only with some of their flags.
_SOMETIMES = {
    "openat": re.compile(r"O_(CREAT|WRONLY|RDWR|TRUNC)"),
    "open": re.compile(r"O_(CREAT|WRONLY|RDWR|TRUNC)"),
    "creat": re.compile(""),
    "mmap": re.compile(r"PROT_WRITE.*MAP_SHARED[^_]"),
}
_CALL = re.compile(r"^\d+ +(\w+)\((.*)$")
# The first file that a call names: by its descriptor, or as a string.
_FILE = re.compile(r'\d+<([^>]+)>|"([^"]*)"')


def written(home: Path) -> set[tuple[str, str]]:
    """Let a server start, take mail, give it out, delete and end; return (file, call) of writes.

    A file below `home` that has no name in FILES is given as its path.
    """
    patient = Patient(home)
    trace = home / "trace"
    _live(patient, trace)
    found = set()
    for line in trace.read_text(errors="replace").splitlines():
        call = _CALL.match(line)
        if call is None or not _writes(call[1], call[2]):
            continue
        file = _named(home, call[1], call[2])
        if file is not None:
            found.add((file, call[1]))
    return found


def _writes(call: str, rest: str) -> bool:
    flags = _SOMETIMES.get(call)
    return call in _ALWAYS or (flags is not None and flags.search(rest) is not None)


def _named(home: Path, call: str, rest: str) -> str | None:
    """Return what a call works on; None if it is none of the server's files."""
    if call == "accept4":
        return "sockets"
    names = [by_descriptor or quoted for by_descriptor, quoted in _FILE.findall(rest)]
    if call in ("openat", "open"):  # behind the folder it is sought in
        names = [quoted for _, quoted in _FILE.findall(rest) if quoted]
    if not names or not names[0].startswith(str(home)) or "__pycache__" in names[0]:
        return None
    return name_of(names[0].removeprefix(str(home)).lstrip("/"))


def _live(patient: Patient, trace: Path) -> None:
    pidfile = patient.server.home / "twistd.pid"
    process = begin(patient.server, [*strace(trace, [*_ALWAYS, *_SOMETIMES]), "-f"], pidfile)
    try:
        until(lambda: "ready as" in patient.server.log.read_text(), "it does not start")
        patient.furnish()
        patient.give_up()
        for size in (SMALL, LARGE):
            patient.send(size)
        reader = patient.reader()
        reader.retr(2)
        reader.dele(1)
        reader.quit()
        # strace is the parent; the server is who wrote the pid file
        os.kill(int(pidfile.read_text()), signal.SIGTERM)
        process.wait(40)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
