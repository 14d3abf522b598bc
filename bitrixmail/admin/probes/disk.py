"""Whether there is room for mail, and whether the data directory can be written. Blocking."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bitrixmail.admin.probes.host_programs import sudo
from bitrixmail.admin.probes.mounts import mount_of, nearest
from bitrixmail.admin.probes.server_user import Known, server_user
from bitrixmail.admin.probes.units import FOLDERS
from bitrixmail.admin.probes.users import user_name
from bitrixmail.model.finding import Finding, Severity

NAME = "disk"
_MIB, _GIB = 2**20, 2**30


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Below what it is told. `*_share` are of the whole; what is warned of needs both."""

    failing_octets: int = 200 * _MIB
    doubtful_octets: int = 2 * _GIB
    doubtful_share: float = 0.10
    failing_inodes: int = 1_000
    doubtful_inodes: int = 20_000


class DiskProbe:
    """Made by app for one examination; `look` runs in a thread.

    `largest_octets`: the largest message, several of which must find room.
    """

    def __init__(
        self,
        data_dir: Path,
        largest_octets: int,
        thresholds: Thresholds | None = None,
        proc: Path = Path("/proc"),
        units: Sequence[Path] = FOLDERS,
    ) -> None:
        self._data_dir = data_dir
        self._largest_octets = largest_octets
        self._thresholds = thresholds or Thresholds()
        self._proc = proc
        self._units = units

    def look(self) -> tuple[Finding, ...]:
        """Look at the room, the number of files that may still be made, and the rights."""
        return tuple(self._findings())

    def _findings(self) -> Iterator[Finding]:
        mount = mount_of(self._data_dir, self._proc)
        point = mount.point if mount is not None else str(nearest(self._data_dir))
        room = os.statvfs(nearest(self._data_dir))
        if room.f_flag & os.ST_RDONLY:
            yield self._finding(
                Severity.FAILURE,
                f"{point} is mounted read-only",
                "No mail can be kept; a disk with errors is often made read-only by the system.",
                "See why, then make it writable:",
                sudo("dmesg --level=err"),
                sudo(f"mount -o remount,rw {point}"),
            )
            return
        yield self._free(room, point)
        if room.f_files:
            yield from self._inodes(room, point)
        yield from self._rights()

    def _rights(self) -> Iterator[Finding]:
        """Compare the owner with who runs the server; who asks is neither, often."""
        try:
            owner = self._data_dir.stat().st_uid
        except OSError:
            return
        user = server_user(self._data_dir, self._proc, self._units)
        new: tuple[str, ...] = ()
        if user.uid is None:
            new = (sudo(f"useradd --system --shell /usr/sbin/nologin {user.name}"),)
        if user.known is Known.UNIT and user.uid not in (owner, 0):
            yield self._finding(
                Severity.FAILURE,
                f"belongs to user {user_name(owner)}, and {user.unit} runs the server as"
                f" {user.name}",
                "The server does not start if it may not write there.",
                "Give it to that user:",
                *new,
                sudo(f"chown -R {user.name} {self._data_dir}"),
            )
        elif owner == 0 and user.known is Known.OWNER:
            yield self._finding(
                Severity.WARNING,
                "belongs to root",
                "A server that runs as another user, as it should, may not write there.",
                "Give it to the user that is to run the server, here bitrixmail:",
                sudo(f"chown -R bitrixmail {self._data_dir}"),
            )

    def _free(self, room: os.statvfs_result, point: str) -> Finding:
        free, whole = room.f_bavail * room.f_frsize, max(room.f_blocks * room.f_frsize, 1)
        limits = self._thresholds
        what = f"{_size(free)} of {_size(whole)} are free on {point}"
        failing = max(limits.failing_octets, 3 * self._largest_octets)
        if free < failing:
            severity, why = Severity.FAILURE, "When the disk is full, mail is put off (452 4.3.1)."
        elif free < limits.doubtful_octets and free < whole * limits.doubtful_share:
            severity, why = Severity.WARNING, "When the disk is full, mail will be put off."
        else:
            return self._finding(Severity.OK, what)
        return self._finding(severity, what, why, "See what takes the room:", _largest(point))

    def _inodes(self, room: os.statvfs_result, point: str) -> Iterator[Finding]:
        free, limits = room.f_favail, self._thresholds
        if free >= limits.doubtful_inodes:
            return
        failing = free < limits.failing_inodes
        yield self._finding(
            Severity.FAILURE if failing else Severity.WARNING,
            f"only {free} more files can be made on {point}",
            "A large message is a file; when none can be made, it is put off.",
            "See where the many files are:",
            sudo(f"du --inodes -x -d 3 {point} | sort -n | tail"),
        )

    def _finding(self, severity: Severity, what: str, why: str = "", *remedies: str) -> Finding:
        return Finding(NAME, str(self._data_dir), severity, what, why, remedies)


def _largest(point: str) -> str:
    return sudo(f"du -x -d 3 {point} | sort -n | tail")


def _size(octets: int) -> str:
    return f"{octets / _GIB:.1f} GiB" if octets >= _GIB else f"{octets / _MIB:.0f} MiB"
