"""Whether both OpenSSLs still get security fixes: that of Python and that of the doors. Blocking.

Python's module ssl brings one, the package cryptography (which Twisted's TLS uses) another.
"""

from __future__ import annotations

import re
import ssl
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from bitrixmail.admin.probes.host_programs import sudo
from bitrixmail.model.finding import Finding, Severity

NAME = "openssl"
_VERSION = re.compile(r"OpenSSL (\d+)\.(\d+)\.")
# When the project's own support of a line ends; a line that is missing here came later.
_ENDS = {
    (1, 0): date(2019, 12, 31),
    (1, 1): date(2023, 9, 11),
    (3, 0): date(2026, 9, 7),
    (3, 1): date(2025, 3, 14),
    (3, 2): date(2025, 11, 23),
    (3, 3): date(2026, 4, 9),
    (3, 4): date(2026, 10, 22),
    (3, 5): date(2030, 4, 8),
    (3, 6): date(2026, 11, 1),
}
# When a distribution stops mending the packages of a release, its long-term support included.
_RELEASES = {
    ("debian", "11"): date(2026, 8, 31),
    ("debian", "12"): date(2028, 6, 30),
    ("debian", "13"): date(2030, 6, 30),
    ("ubuntu", "22.04"): date(2027, 4, 30),
    ("ubuntu", "24.04"): date(2029, 4, 30),
}


@dataclass(frozen=True, slots=True)
class Library:
    """One OpenSSL: whose it is, what it calls itself, and whether the distribution mends it."""

    owner: str
    version: str
    of_distribution: bool = False


def libraries() -> Iterator[Library]:
    """Yield both OpenSSLs of this process."""
    from OpenSSL import SSL  # noqa: PLC0415 - a tenth of a second, in a thread

    # A Python that was put together elsewhere has an OpenSSL of its own.
    system = Path(sys.executable).resolve().parent in (Path("/usr/bin"), Path("/bin"))
    yield Library("module ssl", ssl.OPENSSL_VERSION, of_distribution=system)
    yield Library("doors", SSL.SSLeay_version(SSL.SSLEAY_VERSION).decode("ascii", "replace"))


class OpenSSLProbe:
    """Made by app for one examination; `look` runs in a thread."""

    def __init__(
        self,
        now: Callable[[], datetime],
        found: Callable[[], Iterator[Library]] = libraries,
        release: Path = Path("/etc/os-release"),
    ) -> None:
        self._now = now
        self._found = found
        self._release = release

    def look(self) -> tuple[Finding, ...]:
        """Tell of each whether it is still mended."""
        return tuple(self._of(library) for library in self._found())

    def _of(self, library: Library) -> Finding:
        today = self._now().date()
        match = _VERSION.match(library.version)
        if match is None:
            return self._unknown(library)
        end = _ENDS.get((int(match[1]), int(match[2])))
        if library.of_distribution:
            end = max(filter(None, (end, self._release_end())), default=None)
        if end is None or today <= end:
            until = f"mended until {end}" if end else "a newer one than this program knows of"
            return Finding(NAME, library.owner, Severity.OK, f"{library.version}: {until}")
        return Finding(
            NAME,
            library.owner,
            Severity.WARNING,
            f"{library.version}: no security fixes since {end}",
            "Faults found in it later stay open to everyone who can connect.",
            self._newer(library),
        )

    def _newer(self, library: Library) -> tuple[str, ...]:
        if library.owner == "doors":
            pip = f"{sys.executable} -m pip install --upgrade cryptography pyOpenSSL"
            return ("Install the newest, then start the server again:", pip)
        if library.of_distribution:
            return (
                "Upgrade the distribution; until then at least:",
                sudo("apt-get install --only-upgrade openssl libssl3"),
            )
        return ("Run the server with a newer Python: make clean; make run PY=python3.13.",)

    def _release_end(self) -> date | None:
        try:
            text = self._release.read_text("utf-8", "replace")
        except OSError:
            return None
        told = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
        key = told.get("ID", "").strip('"'), told.get("VERSION_ID", "").strip('"')
        return _RELEASES.get(key)

    @staticmethod
    def _unknown(library: Library) -> Finding:
        return Finding(
            NAME,
            library.owner,
            Severity.WARNING,
            f"{library.version}: not an OpenSSL that is known here",
            "Whether it still gets security fixes can't be told.",
            ("Ask its maker how long it is supported.",),
        )
