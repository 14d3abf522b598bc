"""Whether each port is free, or who holds it: our own server may. Blocking.

Tried by binding, as the server would; where only the right is missing, /proc tells.
"""

from __future__ import annotations

import errno
import json
import re
import socket
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from bitrixmail.admin.probes.holders import Holder, children_of, holders_of, ports_of
from bitrixmail.admin.probes.host_programs import IN_THE_FILE, sudo
from bitrixmail.admin.probes.places import Place
from bitrixmail.model.finding import Finding, Severity

NAME = "port"
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - nothing is bound here
_UNIT = re.compile(r"/([\w@.\-]+\.service)$", re.MULTILINE)


class PortsProbe:
    """Made by app for one examination; `look` runs in a thread."""

    def __init__(self, places: Sequence[Place], data_dir: Path, proc: Path = Path("/proc")) -> None:
        self._places = [place for place in places if place.kind in ("tcp", "tcp6") and place.port]
        self._data_dir = data_dir
        self._proc = proc

    def look(self) -> tuple[Finding, ...]:
        """Look at each port that is not of the system's choice."""
        return tuple(self._of(place) for place in self._places)

    def _of(self, place: Place) -> Finding:
        error = _binding(place)
        server = running_server(self._data_dir, self._proc)
        if error is None:
            return self._free(place, server)
        if error.errno == errno.EADDRNOTAVAIL:
            return _no_such_address(place)
        holders = [
            each for each in holders_of(place.port, self._proc) if _clashes(each.address, place)
        ]
        if holders and all(_is_ours(holder, server, self._proc) for holder in holders):
            what = f"our own server listens there (PID {server})"
            return Finding(NAME, place.subject, Severity.OK, what)
        if holders or error.errno == errno.EADDRINUSE:
            return self._taken(place, holders)
        # Without the right to it no more can be seen; "privilege" tells of that.
        return Finding(NAME, place.subject, Severity.OK, "nobody listens there")

    def _free(self, place: Place, server: int) -> Finding:
        ports = ports_of(server, self._proc) if server else None
        if ports is None:
            return Finding(NAME, place.subject, Severity.OK, "the port is free")
        where = ", ".join(map(str, sorted(ports))) or "none"
        return Finding(
            NAME,
            place.subject,
            Severity.WARNING,
            f"the running server (PID {server}) does not listen there, but on port {where}",
            "It was started with other settings, so what is told here may not hold for it.",
            (
                "See what it was started with; write that into the file of settings as well:",
                sudo(f"xargs -0 -n1 -a /proc/{server}/environ"),
            ),
        )

    def _taken(self, place: Place, holders: Sequence[Holder]) -> Finding:
        who = ", ".join(map(str, holders)) or "another program"
        where = _where(holders[0].address, place) if holders else f"port {place.port}"
        verb = "listens" if len(holders) < 2 else "listen"
        return Finding(
            NAME,
            place.subject,
            Severity.FAILURE,
            f"the port is taken: {who} {verb} on {where}",
            "The server does not start while another program has its port.",
            (*self._ends(place, holders), *_elsewhere(place)),
        )

    def _ends(self, place: Place, holders: Sequence[Holder]) -> tuple[str, ...]:
        known = [holder for holder in holders if holder.pid]
        if not known:
            look = sudo(f"ss -ltnp sport = :{place.port}")
            return ("See which program it is:", look)
        ends = dict.fromkeys(self._end(holder) for holder in known)
        return (
            "See what it is:",
            f"ps -fp {known[0].pid}",
            "If it is not needed, end it; what it does now, mail that it takes, then ends too:",
            *ends,
        )

    def _end(self, holder: Holder) -> str:
        """Return the command that ends a program, by its unit if systemd runs it."""
        with suppress(OSError):
            groups = (self._proc / str(holder.pid) / "cgroup").read_text("utf-8", "replace")
            unit = _UNIT.search(groups)
            if unit is not None and Path("/run/systemd/system").exists():
                return sudo(f"systemctl disable --now {unit[1]}")
        return sudo(f"kill {holder.pid}")


def _binding(place: Place) -> OSError | None:
    """Bind as the server would, and let go at once."""
    family = socket.AF_INET6 if place.kind == "tcp6" or ":" in place.address else socket.AF_INET
    try:
        if not place.address and place.kind == "tcp" and socket.has_dualstack_ipv6():
            server = socket.create_server(
                ("::", place.port), family=socket.AF_INET6, dualstack_ipv6=True
            )
        else:
            server = socket.create_server((place.address, place.port), family=family)
        server.close()
    except OSError as error:
        return error
    return None


def _clashes(address: str, place: Place) -> bool:
    """Tell whether who listens on an address is in the way of a place."""
    if not address or not place.address or address in _EVERYWHERE:
        return True
    return address == place.address.partition("%")[0]


def _where(address: str, place: Place) -> str:
    if address in _EVERYWHERE:
        return f"port {place.port} of every address"
    return f"port {place.port} of {address}"


def _elsewhere(place: Place) -> tuple[str, ...]:
    """Return how to listen on the next port that is free indeed."""
    for port in range(place.port + 1, min(place.port + 100, 65536)):
        free = Place(place.door, place.kind, port, place.address)
        if port >= 1024 and _binding(free) is None:
            text = place.text.replace(str(place.port), str(port), 1)
            return (
                f"Or listen on port {port}, which is free. Put this below [listen] {IN_THE_FILE}",
                _setting(place.door, text),
            )
    return ()


def _setting(door: str, text: str) -> str:
    """Write the line of the file of settings that lets a door listen somewhere."""
    return f"{door} = {json.dumps([text])}"


def _no_such_address(place: Place) -> Finding:
    return Finding(
        NAME,
        place.subject,
        Severity.FAILURE,
        f"this machine has no address {place.address}",
        "The server does not start if it cannot listen where it should.",
        (
            "See its addresses:",
            "ip -brief address",
            f"Or listen on all of them. Put this below [listen] {IN_THE_FILE}",
            _setting(place.door, f"tcp:{place.port}"),
        ),
    )


def running_server(data_dir: Path, proc: Path = Path("/proc")) -> int:
    """Return the process that holds the data directory's lock, 0 if none does."""
    try:
        lock = (data_dir / "server.lock").stat()
        pid = int((data_dir / "server.lock").read_text("ascii").strip() or 0)
        locks = (proc / "locks").read_text("ascii", "replace")
    except (OSError, ValueError):
        return 0
    held = f":{lock.st_ino} " in locks
    return pid if held and (proc / str(pid)).exists() else 0


def _is_ours(holder: Holder, server: int, proc: Path) -> bool:
    """Tell our own server from a stranger, also where only the user can be seen."""
    if not server:
        return False
    if holder.pid:
        return holder.pid in (server, *children_of(server, proc))
    try:
        return (proc / str(server)).owner() == holder.user
    except (OSError, KeyError):
        return False
