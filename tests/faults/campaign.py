"""One fault after the other put into a running server; what it said, and when it was well again."""

from __future__ import annotations

import poplib
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.injection import Injection, Trace, watched
from tests.faults.patient import LARGE, PAGES, SMALL, Patient
from tests.faults.sites import By, How, Site

MOST_BACK_S = 5.0
_TEMPORARY = {451, 452}
# So many letters of PAGES octets fill a log up to where it is moved into the file, and some more.
_LOG_OF_LETTERS = 45


@dataclass
class Row:
    """What one fault did. `faults` says what must not have been, in plain words."""

    name: str
    error: str
    hits: int = 0
    replies: set[int] = field(default_factory=set)
    back_s: float = 0.0
    faults: list[str] = field(default_factory=list)


class Campaign:
    """Puts faults into one patient. Made for it; the caller judges the patient at the end."""

    def __init__(self, patient: Patient) -> None:
        self._patient = patient
        self._provoke: dict[By, Callable[[Row], None]] = {
            By.SMALL: lambda row: self._send(row, SMALL, 3),
            By.CROWD: lambda row: row.replies.update(self._patient.crowd(SMALL, 8, 15)),
            By.LARGE: lambda row: self._send(row, LARGE, 2),
            By.REOPENED: lambda row: self._send(row, SMALL, 3),
            By.GIVEN_UP: self._give_up,
            By.GROWTH: self._outgrow_index,
            By.CONNECTION: self._connect,
            By.READ: self._read,
            By.DELETED: self._delete,
        }

    def run(self, site: Site, error: str) -> Row:
        """Let the calls of a site fail while something provokes them, then see it recover."""
        patient = self._patient
        row = Row(f"{site.name}, by {site.by.value}", error)
        size = LARGE if site.by is By.LARGE else SMALL
        if site.by is By.GROWTH:
            patient.restart()  # an index once grown stays so
        with self._failing(site, error) as trace:
            if site.by is By.CHECKPOINT:
                self._fill_log(row, trace, site.call)
            else:
                self._provoke[site.by](row)
            self._expect(site, row)
        row.hits = trace.injected(site.call)
        row.back_s = patient.back_s(size)
        if not row.hits:
            row.faults.append("the call was never made")
        if row.back_s > MOST_BACK_S:
            row.faults.append(f"back only after {row.back_s:.1f} s")
        if not patient.alive():
            row.faults.append("the process died")
        return row

    def _failing(self, site: Site, error: str) -> AbstractContextManager[Trace]:
        """Return the context in which the calls of a site fail."""
        patient = self._patient
        file = patient.server.home / "trace"
        wanted = Injection(site.call, error, site.when)
        if site.file == "content":  # whose name nobody knows before
            threads = patient.content_threads()
            return watched(file, threads, [site.call], (), [wanted], threads_only=True)
        paths, injections = self._paths(site.file), [wanted]
        if site.by is By.REOPENED:
            paths += self._paths("write-ahead log")
            injections.append(self.failing_sync())
        if site.by is By.GROWTH:
            paths += self._paths("database")
            injections.append(self.failing_sync())
        calls = {injection.call for injection in injections}
        return watched(file, [patient.server.pid], calls, paths, injections)

    @staticmethod
    def failing_sync() -> Injection:
        """Return the fault of a disk that says no when a commit is brought to it."""
        return Injection("fdatasync", "EIO")

    def _paths(self, file: str) -> list[Path]:
        data_dir = self._patient.data_dir
        database, blobs = data_dir / "bitrixmail.sqlite", data_dir / "blobs"
        return {
            "database": [database],
            "write-ahead log": [Path(f"{database}-wal")],
            "shared memory": [Path(f"{database}-shm")],
            "folder of folders": [blobs],
            "folder of contents": [blobs / f"{number:02x}" for number in range(256)],
            "log": [self._patient.server.log],
            "sockets": [],
        }[file]

    def _expect(self, site: Site, row: Row) -> None:
        wrong = row.replies - {250} - _TEMPORARY
        if site.how is not How.WAITS and wrong:
            row.faults.append(f"a client was told {sorted(wrong)}")
        if site.how is How.REFUSED and not row.replies & _TEMPORARY:
            row.faults.append("nothing was refused")
        if site.how is How.KEPT and row.replies != {250}:
            row.faults.append("something was refused")

    # What provokes a call

    def _send(self, row: Row, size: int, count: int) -> None:
        for _ in range(count):
            row.replies.add(self._patient.send(size))

    def _fill_log(self, row: Row, trace: Trace, call: str) -> None:
        for _ in range(_LOG_OF_LETTERS):
            row.replies |= self._patient.send_many(PAGES, 3)
            if trace.injected(call):
                break

    def _outgrow_index(self, row: Row) -> None:
        row.replies |= self._patient.send_many(PAGES, _LOG_OF_LETTERS)

    def _give_up(self, row: Row) -> None:
        self._patient.give_up()
        row.replies.add(self._patient.send(SMALL))

    def _connect(self, row: Row) -> None:
        """Connect in vain; nobody is told anything, and the server does not spin."""
        before, begun = self._patient.cpu_s(), time.monotonic()
        lines = len(self._patient.server.log.read_text().splitlines())
        row.replies.add(self._patient.send(SMALL, timeout_s=1.0))
        used = (self._patient.cpu_s() - before) / (time.monotonic() - begun)
        told = self._patient.server.log.read_text().splitlines()[lines:]
        if used > 0.3:
            row.faults.append(f"it spins: {used:.0%} of a processor")
        if len(told) > 5 or not any("descriptors" in line or "memory" in line for line in told):
            row.faults.append(f"the log says {told[:5]}")

    def _read(self, row: Row) -> None:
        """Read a large message: an error or a cut, but never another text."""
        reader = self._patient.reader()
        try:
            number = self._large(reader)
            with suppress(poplib.error_proto, EOFError, OSError):
                reader.retr(number)
                row.faults.append("a message was read without its content")
            row.replies.add(451)
        finally:
            reader.close()

    @staticmethod
    def _large(reader: poplib.POP3) -> int:
        sizes = {int(size): int(number) for number, size in map(bytes.split, reader.list()[1])}
        return sizes[max(sizes)]

    def _delete(self, row: Row) -> None:
        reader = self._patient.reader()
        count, _ = reader.stat()
        reader.dele(1)
        try:
            reader.quit()
            row.replies.add(250)
        except poplib.error_proto as error:
            row.replies.add(451 if "[SYS/TEMP]" in str(error) else 550)
        reader.close()
        again = self._patient.reader()
        if again.stat()[0] != count:
            row.faults.append("deleted all the same")
        again.quit()
