"""Whether the server's user may bind ports below 1024 (capabilities(7), authbind(1)). Blocking."""

from __future__ import annotations

import os
import pwd
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bitrixmail.admin.probes.holders import children_of, holders_of
from bitrixmail.admin.probes.host_programs import program, sudo
from bitrixmail.admin.probes.places import Place
from bitrixmail.admin.probes.ports import running_server
from bitrixmail.admin.probes.server_user import server_user
from bitrixmail.admin.probes.units import FOLDERS, service_of, socket_of
from bitrixmail.admin.probes.users import user_name
from bitrixmail.model.finding import Finding, Severity

NAME = "privilege"
_NET_BIND_SERVICE = 1 << 10
# authbind leaves the ports from 512 on to who asks for them with a "!".
_AUTHBIND_LAST = 512


@dataclass(frozen=True, slots=True)
class Host:
    """Where a probe looks, so that a test can show it another machine."""

    proc: Path = Path("/proc")
    etc: Path = Path("/etc")
    units: tuple[Path, ...] = FOLDERS
    systemd: Path = Path("/run/systemd/system")
    python: Path = Path(sys.executable)


class PrivilegeProbe:
    """Made by app for one examination; `look` runs in a thread.

    See server_user for whose right is looked for.
    """

    def __init__(self, places: Sequence[Place], data_dir: Path, host: Host | None = None) -> None:
        self._places = places
        self._data_dir = data_dir
        self._host = host or Host()
        self._user = server_user(data_dir, self._host.proc, self._host.units)
        self._lowest = min((place.port for place in places if place.needs_port), default=0)

    def look(self) -> tuple[Finding, ...]:
        """Name the right to each low port, or the ways to get it."""
        found = (self._of(place) for place in self._places)
        return tuple(finding for finding in found if finding is not None)

    def _of(self, place: Place) -> Finding | None:
        if place.kind == "systemd":
            return self._handed_over(place)
        first = self._first_free()
        if not place.needs_port:
            return None
        if place.port >= first:
            what = f"ports from {first} on are for every user"
            return Finding(NAME, place.subject, Severity.OK, what)
        right = next(self._rights(place), "")
        if right:
            return Finding(NAME, place.subject, Severity.OK, right)
        return self._missing(place, first)

    def _first_free(self) -> int:
        """Return the first port that needs no right, of IPv4 and IPv6 alike."""
        try:
            setting = self._host.proc / "sys/net/ipv4/ip_unprivileged_port_start"
            return int(setting.read_text("ascii"))
        except (OSError, ValueError):
            return 1024

    def _rights(self, place: Place) -> Iterator[str]:
        """Yield by what rights the server's user may have the port."""
        server = running_server(self._data_dir, self._host.proc)
        ours = (server, *children_of(server, self._host.proc)) if server else ()
        if any(each.pid in ours for each in holders_of(place.port, self._host.proc)):
            yield "our own server has it"
        unit = service_of(self._data_dir, (*self._host.units, self._data_dir.parent))
        if unit is not None and unit.binds:
            yield f"the unit {unit.name} gives the capability CAP_NET_BIND_SERVICE"
        uid = self._user.uid
        if uid == 0:
            yield "root may; run it as another user by twistd --uid, or by one of docs/port-25.md"
        if uid == os.geteuid() and self._capable():
            yield "this process has the capability CAP_NET_BIND_SERVICE"
        if _file_capability(self._host.python):
            yield f"{self._host.python.resolve()} has the capability cap_net_bind_service"
        authbind = self._authbind(place.port)
        if uid is not None and authbind.exists() and _may_execute(authbind, uid):
            yield "authbind gives it to this user, if the server is started by authbind --deep"

    def _capable(self) -> bool:
        with suppress(OSError, ValueError):
            status = (self._host.proc / "self/status").read_text("utf-8", "replace")
            effective = status.partition("CapEff:")[2].split()[0]
            return bool(int(effective, 16) & _NET_BIND_SERVICE)
        return False

    def _authbind(self, port: int) -> Path:
        mark = "!" if port >= _AUTHBIND_LAST else ""
        return self._host.etc / "authbind/byport" / f"{mark}{port}"

    def _missing(self, place: Place, first: int) -> Finding:
        user = self._user.name
        return Finding(
            NAME,
            place.subject,
            Severity.FAILURE,
            f"user {user} has no right to port {place.port}: ports below {first} need root,"
            " CAP_NET_BIND_SERVICE, a socket from systemd, or authbind",
            "The server does not start if it may not have its port.",
            self._ways(place, user),
        )

    def _ways(self, place: Place, user: str) -> tuple[str, ...]:
        """Return the ways to the port for the system found, the best first."""
        port, ways = place.port, []
        if self._host.systemd.exists():
            unit = (
                "bitrixmail.socket" if place.door == "smtp" else f"bitrixmail-{place.door}.socket"
            )
            ways += [
                "Let systemd open it, with the units in etc/systemd (docs/port-25.md):",
                sudo(f"systemctl enable --now {unit}"),
                "Or let every program have the ports from it on:",
            ]
        else:
            ways += ["Let every program have the ports from it on, until the machine restarts:"]
        ways += [sudo(f"sysctl -w net.ipv4.ip_unprivileged_port_start={self._lowest}")]
        if program("setcap"):
            ways += [
                "Or give the right to this Python, and so to every program in it:",
                sudo(f"setcap cap_net_bind_service=+ep {self._host.python.resolve()}"),
            ]
        ways += [
            "Or give it to this user by authbind, and start the server by authbind --deep:"
            if program("authbind")
            else "Or give it to this user by authbind (Debian has a package of that name):",
            sudo(f"install -D -o {user} -m 500 /dev/null {self._authbind(port)}"),
            f"Or redirect {port} to a higher port in the firewall: docs/port-25.md.",
        ]
        return tuple(ways)

    def _handed_over(self, place: Place) -> Finding:
        """Look for the unit that opens a socket and names it as the endpoint does."""
        name = place.text.partition("name=")[2].partition(":")[0]
        unit = socket_of(name, self._host.units)
        if unit is not None:
            what = f"systemd hands the socket over by {unit.name}"
            return Finding(NAME, place.subject, Severity.OK, what)
        return Finding(
            NAME,
            place.subject,
            Severity.WARNING,
            f"no unit of systemd hands over a socket of the name {name}"
            if name
            else "which unit of systemd hands over the socket is not to be seen",
            "The server does not start without the socket that it is to inherit.",
            (
                "Put the unit in its place and start it:",
                sudo("cp etc/systemd/bitrixmail.socket etc/systemd/bitrixmail.service")
                + " /etc/systemd/system/",
                sudo("systemctl daemon-reload"),
                sudo("systemctl enable --now bitrixmail.socket"),
            ),
        )


def _file_capability(python: Path) -> bool:
    """Tell whether an executable has the capability; the layout is that of capabilities(7)."""
    try:
        data = os.getxattr(python.resolve(), "security.capability")
    except OSError:
        return False
    return bool(int.from_bytes(data[4:8], "little") & _NET_BIND_SERVICE)


def _may_execute(file: Path, uid: int) -> bool:
    """Tell whether a user may execute a file, as access(2) would for him."""
    try:
        found = file.stat()
    except OSError:
        return False
    if found.st_uid == uid:
        return bool(found.st_mode & stat.S_IXUSR)
    with suppress(KeyError):
        if found.st_gid in os.getgrouplist(user_name(uid), pwd.getpwuid(uid).pw_gid):
            return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)
