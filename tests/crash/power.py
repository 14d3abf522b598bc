"""A victim whose power is cut: what was not synced when it died is gone.

Its data directory is a file system of its own, in a file on a loop device. When the server is dead,
the file is copied as it stands: what the kernel still holds in memory for the file system in it,
because nobody asked for a sync, is not in the copy. The copy is what the server wakes up on.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.crash.victim import Victim

_SIZE = "2G"  # sparse: it takes what is in it
_CAP_SYS_ADMIN = 1 << 21


class PluggedVictim(Victim):
    """See Victim. Needs root, and loop devices."""

    def __init__(self, home: Path, broken: Sequence[str] = (), processes: int = 1) -> None:
        super().__init__(home, broken, processes)
        self._disk = home / "disk"
        self.data_dir.mkdir(exist_ok=True)
        if self.data_dir.is_mount():  # left by a campaign that was interrupted
            return
        if not self._disk.exists():
            new = home / "disk.new"
            _run("truncate", "-s", _SIZE, str(new))
            _run("mkfs.ext4", "-q", "-F", str(new))
            new.rename(self._disk)
        self._mount()

    def _mount(self) -> None:
        # A block that is free again shall take no room in the file either.
        _run("mount", "-o", "loop,discard,noatime", str(self._disk), str(self.data_dir))

    def lose_power(self) -> None:
        """See Victim."""
        after = self.home / "disk.after"
        _run("cp", "--sparse=always", str(self._disk), str(after))
        self.unplug()
        after.rename(self._disk)
        self._mount()

    def unplug(self) -> None:
        """See Victim."""
        if self.data_dir.is_mount():
            _run("umount", str(self.data_dir))


def possible() -> bool:
    """Tell whether a file can be mounted here."""
    tools = shutil.which("mkfs.ext4") and Path("/dev/loop-control").exists()
    held = re.search(r"^CapEff:\t(\w+)", Path("/proc/self/status").read_text(), re.MULTILINE)
    return bool(tools and held and int(held[1], 16) & _CAP_SYS_ADMIN)


def _run(*command: str) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr}")
