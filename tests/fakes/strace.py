"""What strace writes of a server: its writes and syncs, in the order in which they ended."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

CALLS = "fsync,fdatasync,write,writev,sendto,sendmsg,pwrite64,openat,rename,renameat2,link,linkat"
# strace -f -y -s 96: "PID TIME call(FD<path or socket>, …) = result"
CALL = re.compile(r"^\d+ +(?P<call>\w+)\((?P<fd>-?\w+)(<(?P<file>[^>]*)>)?(?P<rest>.*)$")
QUEUED = "250 2.0.0 "


@dataclass(frozen=True)
class Call:
    """One finished system call: its name, the file behind its descriptor, the rest of the line."""

    name: str
    file: str
    rest: str

    @property
    def syncs(self) -> bool:
        return self.name in ("fsync", "fdatasync")

    @property
    def acknowledges(self) -> bool:
        return self.name in ("write", "writev", "sendto", "sendmsg") and (
            QUEUED in self.rest and "queued as" in self.rest
        )


def finished(lines: Iterator[str]) -> Iterator[Call]:
    """Read strace's lines in order of completion: a call that was cut in two counts at its end."""
    begun: dict[tuple[str, str], str] = {}
    for line in lines:
        thread = line.partition(" ")[0]
        if "<unfinished ...>" in line:
            found = CALL.match(line)
            if found:
                begun[thread, found["call"]] = line.replace("<unfinished ...>", "").rstrip()
            continue
        resumed = re.match(r"^\d+ +<\.\.\. (\w+) resumed>(.*)$", line)
        whole = begun.pop((thread, resumed[1]), "") + resumed[2] if resumed else line
        found = CALL.match(whole)
        if found and " = -1 " not in whole:
            yield Call(found["call"], found["file"] or "", found["rest"])


def synced_before_each_reply(calls: list[Call]) -> list[list[str]]:
    """Return, for each acknowledgement, the files synced since the one before it."""
    groups: list[list[str]] = []
    synced: list[str] = []
    for call in calls:
        if call.syncs:
            synced.append(call.file)
        elif call.acknowledges:
            groups.append(synced)
            synced = []
    return groups
