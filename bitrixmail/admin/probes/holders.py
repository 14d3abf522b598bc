"""Who holds a TCP port of this machine: read from /proc. Blocking."""

from __future__ import annotations

import re
import struct
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from bitrixmail.admin.probes.users import user_name
from bitrixmail.model.text import printable

_LISTENING, _ESTABLISHED = "0A", "01"
_SOCKET = re.compile(r"socket:\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class Holder:
    """A program that listens. `pid` 0: we may not see which one, only whose it is.

    `address`: one of those it listens on; "0.0.0.0" or "::" is all of them.
    """

    user: str
    pid: int = 0
    program: str = ""
    address: str = field(default="", compare=False)

    def __str__(self) -> str:
        if self.pid:
            return f"{self.program} (PID {self.pid}, user {self.user})"
        return f"a program of user {self.user}"


def holders_of(port: int, proc: Path = Path("/proc")) -> tuple[Holder, ...]:
    """Return who listens on a TCP port, on any address of this network namespace."""
    sockets = list(_listening(port, proc))
    inodes = {inode for inode, _uid, _address in sockets}
    found = {inode: _program(pid, proc) for inode, pid in _owners(inodes, proc)}
    named = {
        Holder(user_name(uid), *found.get(inode, (0, "")), address)
        for inode, uid, address in sockets
    }
    return tuple(sorted(named, key=lambda holder: (-holder.pid, holder.user)))


def ports_of(pid: int, proc: Path = Path("/proc")) -> frozenset[int] | None:
    """Return the TCP ports of a process and its children; None if we may not look into them."""
    own = {inode for inode, _pid in _owners(None, proc, (pid, *children_of(pid, proc)))}
    if not own:
        return None
    return frozenset(port for inode, port, _uid, _address in _sockets(proc) if inode in own)


def children_of(pid: int, proc: Path = Path("/proc")) -> tuple[int, ...]:
    """Return the processes that a process has started (proc(5), task/TID/children)."""
    try:
        return tuple(map(int, (proc / f"{pid}/task/{pid}/children").read_text("ascii").split()))
    except (OSError, ValueError):
        return ()


def connections_to(ports: Collection[int], proc: Path = Path("/proc")) -> Counter[tuple[str, int]]:
    """Count the open connections to our ports, by our address (of IPv4 in its own form) and port.

    Also those that wait to be accepted, and those of other processes.
    """
    counted: Counter[tuple[str, int]] = Counter()
    wanted = {f"{port:04X}" for port in ports}
    for table in ("tcp", "tcp6"):
        try:
            lines = (proc / "net" / table).read_text("ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            words = line.split(None, 4)
            address, _, port = words[1].partition(":")
            if port in wanted and words[3] == _ESTABLISHED:
                counted[address, int(port, 16)] += 1
    return Counter({(_plain(address), port): count for (address, port), count in counted.items()})


def _plain(written: str) -> str:
    address = ip_address(_address(written))
    return str(getattr(address, "ipv4_mapped", None) or address)


def _listening(port: int, proc: Path) -> Iterator[tuple[str, int, str]]:
    """Yield (inode, uid, address) of each socket that listens on a port."""
    for inode, found, uid, address in _sockets(proc):
        if found == port:
            yield inode, uid, address


def _sockets(proc: Path) -> Iterator[tuple[str, int, int, str]]:
    """Yield (inode, port, uid, address) of each listening socket; proc(5), /proc/net/tcp."""
    for table in ("tcp", "tcp6"):
        try:
            lines = (proc / "net" / table).read_text("ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            words = line.split()
            if words[3] == _LISTENING:
                address, _, port = words[1].partition(":")
                yield words[9], int(port, 16), int(words[7]), _address(address)


def _address(written: str) -> str:
    """Read an address as the kernel writes it: words of 32 bits in the machine's own order."""
    words = [int(written[start : start + 8], 16) for start in range(0, len(written), 8)]
    return str(ip_address(b"".join(struct.pack("=I", word) for word in words)))


def _owners(
    inodes: set[str] | None, proc: Path, pids: Sequence[int] = ()
) -> Iterator[tuple[str, int]]:
    """Yield (inode, pid) for the processes that we may look into; the oldest of several.

    `inodes`: which are looked for; None: all. `pids`: whose; empty: of every process.
    """
    every = (int(entry.name) for entry in proc.iterdir() if entry.name.isdecimal())
    for pid in pids or sorted(every):
        try:
            descriptors = list((proc / str(pid) / "fd").iterdir())
        except OSError:
            continue
        for descriptor in descriptors:
            try:
                match = _SOCKET.fullmatch(str(descriptor.readlink()))
            except OSError:
                continue
            if match is not None and (inodes is None or match[1] in inodes):
                if inodes is not None:
                    inodes.discard(match[1])
                yield match[1], pid


def _program(pid: int, proc: Path) -> tuple[int, str]:
    try:
        name = (proc / str(pid) / "comm").read_text("utf-8", "replace").strip()
    except OSError:
        name = "a program"
    return pid, printable(name, 40)
