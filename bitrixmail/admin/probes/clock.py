"""Whether the clock is right: dates of mail, expiry and certificates hang on it. Blocking."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bitrixmail.admin.probes.host_programs import program, sudo
from bitrixmail.model.finding import Finding, Severity

NAME = "clock"
_TIME_ERROR = 5
_STA_UNSYNC = 0x0040
_LATEST_YEAR = 2100


class _Timex(ctypes.Structure):
    """struct timex as far as it is read; the rest is room (adjtimex(2))."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("room", ctypes.c_byte * 256),
    )


@dataclass(frozen=True, slots=True)
class Kernel:
    """What the kernel knows of its clock. `most_wrong_s`: how far off it may be."""

    synchronised: bool
    most_wrong_s: float = 0.0


def kernels_word() -> Kernel | None:
    """Ask the kernel; None where it does not tell."""
    timex = _Timex()
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(timex))
    except (OSError, AttributeError):
        return None
    if state < 0:
        return None
    good = state != _TIME_ERROR and not timex.status & _STA_UNSYNC
    return Kernel(good, timex.maxerror / 1e6)


class ClockProbe:
    """Made by app for one examination; `look` runs in a thread.

    `installed_at`: when this program was installed; a clock behind that is wrong for sure.
    """

    def __init__(
        self,
        now: Callable[[], datetime],
        installed_at: datetime,
        ask: Callable[[], Kernel | None] = kernels_word,
        systemd: Path = Path("/run/systemd/system"),
    ) -> None:
        self._now = now
        self._installed_at = installed_at
        self._ask = ask
        self._systemd = systemd

    def look(self) -> tuple[Finding, ...]:
        """Compare the clock with what is known for sure, and ask the kernel who sets it."""
        now = self._now()
        shown = f"{now:%Y-%m-%d %H:%M} UTC"
        if now < self._installed_at or now.year >= _LATEST_YEAR:
            found = self._wrong(shown)
        else:
            kernel = self._ask()
            if kernel is None:
                found = self._finding(Severity.OK, f"it is {shown}; who sets it is not told here")
            elif kernel.synchronised:
                found = self._finding(Severity.OK, f"it is {shown}, and is kept right over the net")
            else:
                found = self._left_alone(shown)
        return (found,)

    def _wrong(self, shown: str) -> Finding:
        return self._finding(
            Severity.FAILURE,
            f"it shows {shown}, which can't be: the program was installed at"
            f" {self._installed_at:%Y-%m-%d %H:%M} UTC",
            "Mail gets wrong dates, may be expired too early, and certificates seem out of date.",
            *self._remedies(),
        )

    def _left_alone(self, shown: str) -> Finding:
        return self._finding(
            Severity.WARNING,
            f"it shows {shown}, and nothing keeps it right",
            "A clock left alone goes wrong by seconds a day; mail then seems to come from the"
            " future, and certificates out of date.",
            *self._remedies(),
        )

    def _remedies(self) -> tuple[str, ...]:
        """Return how to have the clock set, by what is here."""
        if program("chronyd"):
            return ("Start the service that sets it:", sudo(self._starting("chrony", "chronyd")))
        if program("timedatectl") and self._systemd.exists():
            return ("Let systemd set it over the net:", sudo("timedatectl set-ntp true"))
        return (
            "Install a service that sets it over the net (of a container: on its host):",
            sudo("apt-get install chrony"),
        )

    def _starting(self, unit: str, daemon: str) -> str:
        return f"systemctl enable --now {unit}" if self._systemd.exists() else daemon

    @staticmethod
    def _finding(severity: Severity, what: str, why: str = "", *remedies: str) -> Finding:
        return Finding(NAME, "system clock", severity, what, why, remedies)
