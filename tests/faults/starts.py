"""A server whose start fails at a write: it ends, says why in a line, and starts once it may."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tests.fakes.process import BIN, ROOT, ServerProcess
from tests.faults.campaign import Row
from tests.faults.injection import Injection, strace, watched
from tests.faults.patient import SMALL, Patient
from tests.faults.sites import Site, StartSite

# What stands behind the name of the database.
_SUFFIXES = {"database": "", "write-ahead log": "-wal", "shared memory": "-shm"}
# Exit codes that a service manager and a person may take at their word (sysexits).
_TOLD = {os.EX_UNAVAILABLE, os.EX_OSERR, os.EX_CANTCREAT, os.EX_IOERR, os.EX_TEMPFAIL, os.EX_NOPERM}


def begin(server: ServerProcess, watching: Sequence[str], pidfile: Path) -> subprocess.Popen[bytes]:
    """Run a server under strace, and wait for nothing."""
    command = [str(BIN / "twistd"), "-n", f"--pidfile={pidfile}", "bitrixmail"]
    with server.log.open("ab") as log:
        return subprocess.Popen(
            [*watching, *command, "--config", str(server.config)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=ROOT,
        )


def run_start(site: StartSite, error: str, home: Path) -> Row:
    """Start a new server on a new directory while calls on one file fail; then without that."""
    server = ServerProcess(home)
    row = Row(site.name, error)
    trace = home / "trace"
    failing = [Injection(site.call, error)]
    watching = [*strace(trace, ["%file", "%desc"], [home / site.file], failing), "-f"]
    process = begin(server, watching, home / "twistd.pid")
    try:
        _wait(process, server)
        row.hits = trace.read_text(errors="replace").count("(INJECTED)")
        _judge(site, process, server, row)
    finally:
        if process.poll() is None:
            # strace lets go of the server, which is asked to end as well
            with suppress(OSError, ValueError):
                os.kill(int((home / "twistd.pid").read_text()), signal.SIGTERM)
            process.wait(40)
    _comes_back(server, row)
    return row


def _comes_back(server: ServerProcess, row: Row) -> None:
    try:
        server.start()
    except RuntimeError as never:
        row.faults.append(f"it does not start afterwards: {never}")
    finally:
        server.kill()


def run_end(site: Site, error: str, patient: Patient) -> Row:
    """End a server in order while calls on one file fail; then start it again."""
    row = Row(f"{site.name}, by {site.by.value}", error)
    server = patient.server
    paths = [server.data_dir / f"bitrixmail.sqlite{_SUFFIXES[site.file]}"]
    failing = [Injection(site.call, error)]
    patient.send(SMALL)
    with watched(server.home / "trace", [server.pid], [site.call], paths, failing) as trace:
        code = server.stop()
    row.hits = trace.injected(site.call)
    if code not in (0, -signal.SIGTERM):  # twistd ends by the signal that it was sent
        row.faults.append(f"exit code {code}")
    if not row.hits:
        row.faults.append("the call was never made")
    server.start()
    row.replies = {patient.send(SMALL)}
    if row.replies != {250}:
        row.faults.append("something was refused")
    return row


def _wait(process: subprocess.Popen[bytes], server: ServerProcess) -> None:
    end = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < end:
        if "ready as" in server.log.read_text():
            return
        time.sleep(0.02)


def _judge(
    site: StartSite, process: subprocess.Popen[bytes], server: ServerProcess, row: Row
) -> None:
    log = server.log.read_text()
    if not row.hits:
        row.faults.append("the call was never made")
    if site.harmless:
        if process.poll() is not None:
            row.faults.append(f"it ended with {process.poll()}")
        return
    code = process.poll()
    if site.twistds:
        if not code or "[Errno " not in log:
            row.faults.append(f"exit code {code}, and nobody is told why")
        return
    if "Traceback" in log:
        row.faults.append("a traceback is no way to say it")
    row.replies = {-1 if code is None else code}
    if code not in _TOLD:
        row.faults.append(f"exit code {code}")
    if not any(line.startswith("bitrixmail: ") for line in log.splitlines()):
        row.faults.append("nobody is told why")
