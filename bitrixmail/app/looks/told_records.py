"""What was last known and told of the records of our domains, in a file: it outlives a restart.

It is written anew beside its place and renamed. One that can't be read counts as none: the worst
that comes of it is that something is told twice.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bitrixmail.model.finding import Severity

FILE = "told-records.json"
_MOST_OCTETS = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Told:
    """How each record was, by probe and subject ("spf", "example.org"), and the last sum told."""

    records: Mapping[tuple[str, str], Severity] = field(default_factory=dict)
    sum: str = ""


class ToldRecords:
    """Keeps it in a file of the data directory. Made by compose; blocks, any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Told:
        """Read what was kept. Raises OSError, not if there is nothing yet."""
        try:
            with self._path.open("rb") as file:
                found = json.loads(file.read(_MOST_OCTETS))
            records = {
                (str(probe), str(subject)): Severity(severity)
                for probe, subject, severity in found["records"]
            }
            return Told(records, str(found["sum"]))
        except (FileNotFoundError, ValueError, TypeError, KeyError, RecursionError):
            return Told()

    def keep(self, told: Told) -> None:
        """Keep it in place of what was. Raises OSError."""
        rows = [[*key, severity.value] for key, severity in sorted(told.records.items())]
        text = json.dumps({"records": rows, "sum": told.sum}, ensure_ascii=False, indent=0)
        beside = self._path.with_name(f"{self._path.name}.new")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
        with os.fdopen(os.open(beside, flags, 0o600), "wb") as file:
            file.write(text.encode("utf-8", "replace"))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)
