"""Whether programs of this machine get rid of their mail: the pickup directory. Blocking."""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path

from bitrixmail.admin.probes.host_programs import sudo
from bitrixmail.admin.probes.users import closed_to
from bitrixmail.admin.sendmail import is_ours
from bitrixmail.model.finding import Finding, Severity
from bitrixmail.model.text import printable

NAME = "pickup"
PROGRAMS = (Path("/usr/local/sbin/sendmail"), Path("/usr/sbin/sendmail"))
_NOBODY = 65534  # whose rights are those of any user
_LATE_S = 600.0
_MOST = 10_000
_WHY = "Sites and scripts of this machine can't send."
_WHY_LATE = "Mail of sites and scripts of this machine goes out late, or not at all."
_SEE_LOG = (
    "See whether the server runs, and what its log says of pickup: a user may have used up what"
    " [pickup] allows him."
)
_WHY_REFUSED = "Its senders believe that it was sent."


class PickupProbe:
    """Made by app for one examination; `look` runs in a thread.

    `programs`: where the drop-in for sendmail may stand. Without it nobody need reach the
    directory.
    """

    def __init__(
        self,
        folder: Path,
        now: Callable[[], datetime],
        programs: Sequence[Path] = PROGRAMS,
    ) -> None:
        self._folder = folder
        self._now = now
        self._programs = programs

    def look(self) -> tuple[Finding, ...]:
        """See who may put mail there, what waits there, and what nobody would take."""
        used = any(map(is_ours, self._programs))
        if not self._folder.exists():
            what = "is not there yet: the server makes it at its start"
            return (self._finding(Severity.OK, what),)
        found = [
            finding
            for finding in (self._reached() if used else None, self._late(), self._refused())
            if finding is not None
        ]
        if found:
            return tuple(found)
        whose = "all users may" if used else "sendmail install was not called: nobody need"
        return (self._finding(Severity.OK, f"{whose} put mail there, and none waits"),)

    def _reached(self) -> Finding | None:
        closed = closed_to(_NOBODY, self._folder / "m")
        if closed is not None and closed != self._folder:
            what = f"can't be reached by the users of sites: {closed} is closed to them"
            return self._finding(
                Severity.WARNING, what, _WHY, "Open the way:", _command("chmod o+x", closed)
            )
        if not self._folder.stat().st_mode & stat.S_IWOTH:
            what = "may be written by its owner alone"
            open_it = _command("chmod 3733", self._folder)
            return self._finding(Severity.WARNING, what, _WHY, "Open it to all:", open_it)
        return None

    def _late(self) -> Finding | None:
        before = self._now().timestamp() - _LATE_S
        late = 0
        try:
            with os.scandir(self._folder) as entries:
                for entry in islice(entries, _MOST):
                    late += entry.name.startswith("m.") and entry.stat().st_ctime < before
        except OSError:
            return None  # others than the server's user may not list it
        if not late:
            return None
        what = f"has had {late} messages in it for more than 10 minutes"
        return self._finding(Severity.WARNING, what, _WHY_LATE, _SEE_LOG)

    def _refused(self) -> Finding | None:
        folder = self._folder / "refused"
        try:
            with os.scandir(folder) as entries:
                reasons = [
                    (entry.stat().st_mtime, entry.path)
                    for entry in islice(entries, _MOST)
                    if entry.name.endswith(".reason")
                ]
            if not reasons:
                return None
            last = Path(max(reasons)[1]).read_text("utf-8", "replace")
        except OSError:
            return None
        shown = printable("; ".join(last.strip().splitlines()), 300)
        what = f"holds {len(reasons)} messages that nobody would take; the last {shown}"
        remedies = (
            "Read why, mend it, and move them back, or remove them:",
            _command("ls -l", folder),
        )
        return self._finding(Severity.WARNING, what, _WHY_REFUSED, *remedies)

    def _finding(self, severity: Severity, what: str, why: str = "", *remedies: str) -> Finding:
        return Finding(NAME, str(self._folder), severity, what, why, remedies)


def _command(words: str, path: Path) -> str:
    return sudo(f"{words} {shlex.quote(str(path))}")
