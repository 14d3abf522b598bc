"""Whether what is synced is on a disk, as a 250 promises (RFC 5321 §6.1). Blocking.

Told by the kind of the file system, its options, programs that make syncs do nothing, and by a
measurement: a few syncs of a small file.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from bitrixmail.admin.probes.host_programs import sudo
from bitrixmail.admin.probes.mounts import Mount, mount_of, nearest
from bitrixmail.admin.probes.ports import running_server
from bitrixmail.model.finding import Finding, Severity

NAME = "fsync"
_SYNCS = 40
_PATIENCE_S = 2.0
# The fastest disks with a buffer of their own that outlives a power cut need more than this for a
# sync through a file system; what is quicker has stayed in memory.
_IMPLAUSIBLE_S = 15e-6
_IN_MEMORY = frozenset({"tmpfs", "ramfs", "devtmpfs", "zram"})
_OVER_THE_NET = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "fuse.sshfs",
     "fuse.glusterfs", "fuse.s3fs", "fuse.rclone"}
)  # fmt: skip
_UNSAFE_OPTIONS = frozenset({"nobarrier", "barrier=0", "barrier=none", "nobh"})
_LIARS = ("libeatmydata", "libnosync", "libfsync-off")


class FsyncProbe:
    """Made by app for one examination; `look` runs in a thread."""

    def __init__(
        self,
        data_dir: Path,
        environment: Mapping[str, str],
        proc: Path = Path("/proc"),
        measure: Callable[[Path], float | None] | None = None,
    ) -> None:
        self._data_dir = data_dir
        self._environment = environment
        self._proc = proc
        self._measure = measure or sync_s

    def look(self) -> tuple[Finding, ...]:
        """Tell every reason to doubt, or how long a sync takes."""
        found = tuple(self._doubts())
        if found:
            return found
        duration_s = self._measure(nearest(self._data_dir))
        if duration_s is None:
            what = "not measured: this user may not write there"
            return (self._finding(Severity.OK, what),)
        shown = f"{duration_s * 1000:.2f} ms"
        if duration_s >= _IMPLAUSIBLE_S:
            return (self._finding(Severity.OK, f"a sync takes {shown}"),)
        return (
            self._finding(
                Severity.WARNING,
                f"a sync takes {shown}, less than any disk needs",
                "Mail that was acknowledged may be gone after a power cut.",
                "If this is a virtual machine, its disk's cache must not be "
                '"unsafe"; if it is a disk controller, its cache needs a battery.',
            ),
        )

    def _doubts(self) -> Iterator[Finding]:
        mount = mount_of(self._data_dir, self._proc)
        if mount is not None:
            yield from self._of_mount(mount)
        loaded = self._environment.get("LD_PRELOAD", "")
        if any(liar in loaded for liar in _LIARS):
            yield self._finding(
                Severity.FAILURE,
                f"LD_PRELOAD={loaded} makes syncs do nothing",
                "Mail that was acknowledged is gone after a power cut.",
                "Start the server without it:",
                "unset LD_PRELOAD",
            )
        server = running_server(self._data_dir, self._proc)
        with suppress(OSError):
            maps = (self._proc / str(server) / "maps").read_text("utf-8", "replace")
            if server and any(liar in maps for liar in _LIARS):
                yield self._finding(
                    Severity.FAILURE,
                    f"the running server (PID {server}) has loaded a library that makes syncs do"
                    " nothing",
                    "Mail that was acknowledged is gone after a power cut.",
                    "Start it again without LD_PRELOAD and without eatmydata.",
                )

    def _of_mount(self, mount: Mount) -> Iterator[Finding]:
        if mount.kind in _IN_MEMORY:
            yield self._finding(
                Severity.FAILURE,
                f"{mount.point} is a {mount.kind}: it lives in memory",
                "All mail is gone when the machine restarts.",
                "Keep the data on a disk; in the settings:"
                ' server.data_dir = "/var/lib/bitrixmail".',
            )
        if mount.kind in _OVER_THE_NET:
            yield self._finding(
                Severity.FAILURE,
                f"{mount.point} is a {mount.kind}: it lies on another machine",
                "SQLite's locks and its write-ahead log do not work there; mail may be damaged.",
                "Keep the data on a disk of this machine; in the settings:"
                ' server.data_dir = "/var/lib/bitrixmail".',
            )
        if mount.kind == "overlay":
            yield self._finding(
                Severity.WARNING,
                f"{mount.point} is the layer of a container",
                "All mail is gone when the container is made anew.",
                "Give the container a volume for the data: -v bitrixmail:/var/lib/bitrixmail.",
            )
        unsafe = sorted(mount.options & _UNSAFE_OPTIONS)
        if unsafe:
            yield self._finding(
                Severity.FAILURE,
                f"{mount.point} is mounted with {', '.join(unsafe)}",
                "The disk may keep a sync in its own memory, which a power cut erases.",
                "Mount it with barriers, and take the option out of /etc/fstab:",
                sudo(f"mount -o remount,barrier {mount.point}"),
            )
        if "data=writeback" in mount.options:
            yield self._finding(
                Severity.WARNING,
                f"{mount.point} is mounted with data=writeback",
                "After a power cut a file that was growing may hold what was there before.",
                "Take data=writeback out of /etc/fstab; it is in force after a restart.",
            )

    def _finding(self, severity: Severity, what: str, why: str = "", *remedies: str) -> Finding:
        return Finding(NAME, str(self._data_dir), severity, what, why, remedies)


def sync_s(folder: Path) -> float | None:
    """Return the median time of a sync in a directory; None if it can't be written."""
    times: list[float] = []
    try:
        with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
            end = time.monotonic() + _PATIENCE_S
            while len(times) < _SYNCS and time.monotonic() < end:
                file.write(b"sync" * 256)
                begun = time.perf_counter()
                os.fdatasync(file.fileno())
                times.append(time.perf_counter() - begun)
    except OSError:
        return None
    return sorted(times)[len(times) // 2]
