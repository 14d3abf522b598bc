"""How often a server syncs, counted by strace in a burst of its own that is not timed."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.processes import tree

_SYNC = re.compile(r"^\d+ +(fsync|fdatasync|syncfs|sync)\(", re.MULTILINE)


def count_syncs(root: int, burst: Callable[[], object]) -> int | None:
    """Count the sync calls of `root` and all below it during `burst`; None where not allowed."""
    if shutil.which("strace") is None:
        return None
    with tempfile.NamedTemporaryFile("r", prefix="bitrixmail-bench-") as output:
        watched = [word for pid in sorted(tree(root)) for word in ("-p", str(pid))]
        watcher = subprocess.Popen(
            [
                "strace",
                "-f",
                "-e",
                "trace=fsync,fdatasync,syncfs,sync",
                "-o",
                output.name,
                *watched,
            ],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            if watcher.stderr is None or "attached" not in watcher.stderr.readline():
                return None
            burst()
        finally:
            watcher.send_signal(signal.SIGINT)
            watcher.communicate(timeout=30)
        return len(_SYNC.findall(Path(output.name).read_text()))
