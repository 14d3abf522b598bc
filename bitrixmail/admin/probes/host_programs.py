"""Programs of this machine that print what a probe reads. Blocking; bounded in time and size."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass

_PATIENCE_S = 5.0
_MOST_OCTETS = 32 * 2**20
# Who is not root often has no sbin in his PATH.
_PLACES = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# How a remedy that is a line of the settings begins; the line stands alone behind it.
IN_THE_FILE = "in the file of settings:"


@dataclass(frozen=True, slots=True)
class Printed:
    """What a program printed. `code` is None if it took too long or could not be run."""

    code: int | None
    text: str = ""
    complaint: str = ""


def program(name: str) -> str:
    """Return the path of a program, or nothing."""
    return shutil.which(name, path=_PLACES) or ""


def printed_by(*argv: str) -> Printed:
    """Run a program by its path, with its own words in English, and read what it prints."""
    try:
        done = subprocess.run(  # noqa: S603 - the argv is ours, the path from a fixed list
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE_S,
            env={"PATH": _PLACES, "LC_ALL": "C"},
            cwd="/",
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return Printed(None, "", str(error))
    if len(done.stdout) > _MOST_OCTETS:
        return Printed(None, "", f"more than {_MOST_OCTETS} octets")
    return Printed(
        done.returncode,
        done.stdout.decode("utf-8", "replace"),
        done.stderr.decode("utf-8", "replace").strip(),
    )


def doctor_again(probe: str) -> str:
    """Write the command that looks once more, as root; app.doctor completes its first word."""
    return sudo(f"bitrixmail doctor --only {probe}")


def sudo(command: str) -> str:
    """Write a command as this user must type it to be root for it."""
    return command if os.geteuid() == 0 else f"sudo {command}"
