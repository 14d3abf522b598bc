"""The drop-in for sendmail, made for this machine: its programs, with the places filled in.

Blocking. The programs themselves are those of the room `inject`, which are read as files.
"""

from __future__ import annotations

import os
import platform
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile, ZipInfo

_ROOM = Path(__file__).parents[1] / "inject"
_MARK = b"bitrixmail sendmail install"  # stands in both programs
_PERL, _PYTHON = Path("/usr/bin/perl"), Path("/usr/bin/python3")
# The number of fsync(2), by what uname(2) calls the machine; a system may run programs of another.
_FSYNC = {
    "x86_64": 74, "aarch64": 82, "riscv64": 82, "loongarch64": 82, "i386": 118, "i686": 118,
    "armv6l": 118, "armv7l": 118, "ppc64": 118, "ppc64le": 118, "s390x": 118,
}  # fmt: skip
# A pipe can't be synced, and says so by EINVAL; another call, or none, would not end so.
_TRIAL = (
    "pipe(R, W); $! = 0; exit 1 if syscall($ARGV[0] + 0, fileno R) != -1 || $! != 22;"
    " open(F, '>', $ARGV[1]) || exit 1; exit(syscall($ARGV[0] + 0, fileno F) != 0)"
)


@dataclass(frozen=True, slots=True)
class DropIn:
    """What is filled in. `target` is the program that others call, the rest stands beside it.

    `command`: the words that run `bitrixmail` with the server's settings, the first one absolute.
    """

    target: Path
    folder: Path
    most_octets: int
    command: tuple[str, ...]
    python: Path

    @property
    def whole(self) -> Path:
        """The program in Python; by itself it is all that is needed."""
        return self.target.with_name("bitrixmail-sendmail")

    def quick(self, fsync: int) -> bytes:
        """Return the program in Perl for a machine where `fsync` is the number of that call."""
        text = (_ROOM / "sendmail.pl").read_text("utf-8")
        create = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        filled = {
            "FOLDER": _perl_text(self.folder),
            "MOST": str(self.most_octets),
            "CREATE": str(create),
            "LISTING": str(os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC),
            "FSYNC": str(fsync),
            "PYTHON": _perl_text(self.python),
            "WHOLE": _perl_text(self.whole),
        }
        for name, value in filled.items():
            text = text.replace(f"@{name}@", value)
        return text.encode("utf-8", "surrogateescape")

    def packed(self) -> bytes:
        """Return the program in Python: one file, which Python runs as it is."""
        octets = BytesIO()
        octets.write(f"#!{self.python} -IS\n".encode("utf-8", "surrogateescape"))
        with ZipFile(octets, "a", ZIP_STORED) as archive:
            for name, text in self._members():
                # Every archive of the same text is the same.
                archive.writestr(ZipInfo(name), text.encode("utf-8", "surrogateescape"))
        return octets.getvalue()

    def _members(self) -> Iterator[tuple[str, str]]:
        yield (
            "__main__.py",
            (
                f"# Written by `{_MARK.decode()}`\n"
                "import sys\n\nfrom bitrixmail.inject.sendmail import main\n\nsys.exit(main())\n"
            ),
        )
        yield "bitrixmail/__init__.py", ""
        for file in sorted(_ROOM.glob("*.py")):
            text = file.read_text("utf-8")
            if file.name == "place.py":
                text = (
                    f"FOLDER = {str(self.folder)!r}\nMOST_OCTETS = {self.most_octets}\n"
                    f"COMMAND = {self.command!r}\n"
                )
            yield f"bitrixmail/inject/{file.name}", text


def python_for_all() -> Path:
    """Return a Python that every user may run: the system's, if there is one."""
    return _PYTHON if _PYTHON.exists() else Path(os.path.realpath("/proc/self/exe"))


def fsync_number(perl: Path = _PERL, machine: str = "") -> int | None:
    """Find the number of fsync(2) as Perl can call it here, and try it; None: it can't."""
    number = _FSYNC.get(machine or platform.machine())
    if number is None or not perl.exists():
        return None
    with tempfile.NamedTemporaryFile() as file:
        done = subprocess.run(  # noqa: S603 - no shell, the words are ours
            [perl, "-e", _TRIAL, str(number), file.name],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    return number if done.returncode == 0 else None


def is_ours(path: Path) -> bool:
    """Tell whether a program was installed by us, so that it may be written anew."""
    try:
        return _MARK in path.read_bytes()[: 256 * 1024]
    except OSError:
        return False


def put(path: Path, octets: bytes) -> None:
    """Write a program in one step: whoever calls it meanwhile gets the old one or the new."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.write_bytes(octets)
    fresh.chmod(0o755)
    fresh.rename(path)


def link(path: Path, target: str) -> bool:
    """Make a link beside the program; False if something else stands there."""
    if os.path.lexists(path):
        return path.is_symlink() and str(path.readlink()) == target
    path.symlink_to(target)
    return True


def _perl_text(path: Path) -> str:
    r"""Write a path as stands between single quotes in Perl, where only \ and ' are special."""
    return str(path).replace("\\", "\\\\").replace("'", "\\'")
