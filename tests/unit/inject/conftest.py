"""Both programs, as they are installed, with a pickup directory of the test's."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from bitrixmail.admin.sendmail import DropIn, fsync_number, link, put, python_for_all

PROGRAMS = ("sendmail", "bitrixmail-sendmail")  # in Perl, in Python
MOST = 200_000


@dataclass
class Sendmail:
    """One of the programs. Made by a test."""

    program: Path
    folder: Path

    def run(
        self, *words: str | bytes, stdin: bytes = b"Subject: x\n\nHi\n", name: str = ""
    ) -> subprocess.CompletedProcess[bytes]:
        program = self.program.with_name(name) if name else self.program
        return subprocess.run(
            [program, *words], input=stdin, capture_output=True, timeout=20, check=False
        )

    def sends(self, *words: str | bytes, stdin: bytes = b"Subject: x\n\nHi\n") -> tuple[str, bytes]:
        """Run it; return the slip, without its first line and the sum, and the message."""
        done = self.run(*words, stdin=stdin)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
        return self.taken()

    def taken(self) -> tuple[str, bytes]:
        (path,) = self.folder.iterdir()
        slip, _, message = path.read_bytes().partition(b"\n\n")
        path.unlink()
        first, _, rest = slip.decode().partition("\n")
        assert first == "bitrixmail-pickup 1"
        lines = rest.split("\n")
        if lines[-1].startswith("whole "):
            assert lines.pop() == f"whole {len(message)} {sum(message)}"
        return "\n".join(lines), message

    def fails(self, code: int, *words: str, stdin: bytes = b"Subject: x\n\nHi\n") -> str:
        """Run it; it must fail with a code, keep nothing, and say one line why."""
        done = self.run(*words, stdin=stdin)
        said = done.stderr.decode()
        assert (done.returncode, done.stdout, said.count("\n")) == (code, b"", 1), said
        assert said.startswith("sendmail: ")
        assert list(self.folder.iterdir()) == []
        return said


def installed(
    home: Path,
    folder: Path | None = None,
    most: int = MOST,
    command: tuple[str, ...] = ("/bin/false",),
) -> DropIn:
    """Install the programs in `home`; their mail goes to `folder`, or to `home/pickup`."""
    if folder is None:
        folder = home / "pickup"
        folder.mkdir(exist_ok=True)
    made = DropIn(home / "sendmail", folder, most, command, python_for_all())
    number = fsync_number()
    put(made.whole, made.packed())
    put(made.target, made.packed() if number is None else made.quick(number))
    for name in ("mailq", "newaliases"):
        link(home / name, "sendmail")
    return made


@pytest.fixture(params=PROGRAMS)
def sendmail(request: pytest.FixtureRequest, tmp_path: Path) -> Sendmail:
    installed(tmp_path)
    return Sendmail(tmp_path / request.param, tmp_path / "pickup")
