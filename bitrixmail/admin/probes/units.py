"""What systemd is told of this server: the units of its service and of its sockets. Blocking.

Read from the files (systemd.exec(5), systemd.socket(5)), so that it is seen without a manager.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

FOLDERS = (Path("/etc/systemd/system"), Path("/run/systemd/system"), Path("/lib/systemd/system"))
_BIND = "CAP_NET_BIND_SERVICE"
_Lines = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Service:
    """The unit that runs the server. `binds`: it gives the right to ports below 1024."""

    name: str
    user: str
    binds: bool


@dataclass(frozen=True, slots=True)
class Socket:
    """The unit that opens a socket. `port` 0: none of TCP; no `address`: every one."""

    name: str
    port: int
    address: str
    only_ipv6: bool


def service_of(data_dir: Path, folders: Sequence[Path]) -> Service | None:
    """Find the unit that runs a server: that of this data directory, or the only one there is."""
    found = [(file, lines) for file, lines in _units("service", folders) if _runs_us(lines)]
    mine = [(file, lines) for file, lines in found if _mentions(data_dir, lines)]
    if not mine and len({file.name for file, _lines in found}) > 1:
        return None
    for file, lines in mine or found:
        bounds = _words(lines, "CapabilityBoundingSet")
        able = _BIND in (_words(lines, "AmbientCapabilities") or ())
        able = able and (bounds is None or _BIND in bounds)
        return Service(file.name, _last(lines, "User"), able)
    return None


def socket_of(name: str, folders: Sequence[Path]) -> Socket | None:
    """Find the unit that hands a socket over by this name."""
    for file, lines in _units("socket", folders) if name else ():
        if _last(lines, "FileDescriptorName") == name:
            address, _, port = _last(lines, "ListenStream").rpartition(":")
            number = int(port) if port.isdecimal() else 0
            only = _last(lines, "BindIPv6Only") == "ipv6-only"
            return Socket(file.name, number, address.strip("[]"), only)
    return None


def _units(kind: str, folders: Sequence[Path]) -> Iterator[tuple[Path, _Lines]]:
    for folder in folders:
        for file in sorted(folder.glob(f"*.{kind}")):
            with suppress(OSError):
                text = file.read_text("utf-8", "replace")
                lines = [line.partition("=")[::2] for line in text.splitlines()]
                yield file, [(key.strip(), value.strip()) for key, value in lines]


def _runs_us(lines: _Lines) -> bool:
    words = _last(lines, "ExecStart").replace('"', " ").split()
    return "bitrixmail" in words and any(Path(word).name == "twistd" for word in words)


def _mentions(data_dir: Path, lines: _Lines) -> bool:
    places = {str(data_dir), str(data_dir.parent)}
    return any(value.strip('"') in places for _key, value in lines)


def _last(lines: _Lines, key: str) -> str:
    return next((value for name, value in reversed(lines) if name == key), "")


def _words(lines: _Lines, key: str) -> set[str] | None:
    """Return a list that lines of one key add to; an empty one begins it anew."""
    found: set[str] | None = None
    for name, value in lines:
        if name == key:
            found = {*(found or ()), *value.split()} if value else set()
    return found
