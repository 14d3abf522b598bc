"""What a first server needs, as texts: its settings, its unit for systemd, its lines of the zone.

Pure but for the password, which is drawn from the system's source of randomness.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from bitrixmail.admin.dns_records import ZoneRecord
from bitrixmail.admin.probes.hosts import address_lines

# Without what looks alike: it is read from a screen and typed into a telephone.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS, _GROUP = 4, 4
_FIRST_FREE_PORT = 1024
_HOMES = ("/home", "/root")


@dataclass(frozen=True, slots=True)
class FirstServer:
    """What was asked for. `folder` is absolute; the doors are endpoints like "tcp:25"."""

    address: str
    hostname: str
    folder: Path
    user: str
    smtp: str
    submission: str
    pop3: str
    twistd: Path

    @property
    def domain(self) -> str:
        """The domain of the address."""
        return self.address.rpartition("@")[2]

    @property
    def settings_file(self) -> Path:
        """Where the settings are written to."""
        return self.folder / "bitrixmail.toml"

    @property
    def data_dir(self) -> Path:
        """Where the server keeps everything."""
        return self.folder / "var"

    @property
    def pickup(self) -> Path:
        """Where programs of this machine put their mail: beside what nobody else may enter."""
        return self.folder / "pickup"

    @property
    def smtp_port(self) -> int:
        """The port of the SMTP endpoint, 0 if it is none of TCP."""
        return _port(self.smtp)

    @property
    def pop3_port(self) -> int:
        """The same of POP3."""
        return _port(self.pop3)

    @property
    def needs_a_right(self) -> bool:
        """Whether a port is below those that are for every user."""
        ports = map(_port, (self.smtp, self.submission, self.pop3))
        return any(0 < port < _FIRST_FREE_PORT for port in ports)

    def settings(self, head: str) -> str:
        """Return the file of settings; `head`: lines that explain it."""
        return (
            f"{_comments(head)}\n"
            f"[server]\nhostname = {_quoted(self.hostname)}\n"
            f"data_dir = {_quoted(str(self.data_dir))}\n\n"
            f"[listen]\nsmtp = [{_quoted(self.smtp)}]\n"
            f"submission = [{_quoted(self.submission)}]\npop3 = [{_quoted(self.pop3)}]\n\n"
            f"[pickup]\ndirectory = {_quoted(str(self.pickup))}\n"
            # So that mail of programs that name no sender is signed, and by a domain with records
            f"origin = {_quoted(self.domain)}\n"
        )

    def unit(self) -> str:
        """Return the unit of systemd; it may write below `folder` and nowhere else."""
        return "\n".join(self._unit_lines()) + "\n"

    def _unit_lines(self) -> Iterator[str]:
        yield "[Unit]"
        yield f"Description=Mail of {self.domain}"
        yield "After=network.target"
        yield ""
        yield "[Service]"
        yield "Type=exec"
        yield f"User={self.user}"
        yield f"WorkingDirectory={_unit_text(self.folder)}"
        yield f'Environment="BITRIXMAIL_CONFIG={_unit_text(self.settings_file)}"'
        yield "Environment=PYTHONUNBUFFERED=1"
        yield f'ExecStart="{_unit_text(self.twistd)}" -n --pidfile= bitrixmail'
        yield "ExecReload=/bin/kill -HUP $MAINPID"
        yield "Restart=on-failure"
        yield "RestartSec=5"
        yield "RestartPreventExitStatus=78"
        yield "TimeoutStopSec=45"
        yield "KillMode=mixed"
        yield "LimitNOFILE=65536"
        right = "CAP_NET_BIND_SERVICE" if self.needs_a_right else ""
        if right:
            yield f"AmbientCapabilities={right}"
        yield f"CapabilityBoundingSet={right}"
        yield "NoNewPrivileges=yes"
        yield "UMask=0077"
        yield "ProtectSystem=strict"
        yield f'ReadWritePaths="{_unit_text(self.folder)}"'
        if not any(path.is_relative_to(home) for path in self._paths for home in _HOMES):
            yield "ProtectHome=yes"
        yield "PrivateTmp=yes"
        yield "PrivateDevices=yes"
        yield "RestrictSUIDSGID=yes"
        yield "LockPersonality=yes"
        yield ""
        yield "[Install]"
        yield "WantedBy=multi-user.target"

    @property
    def _paths(self) -> tuple[Path, Path]:
        return self.folder, self.twistd

    def zone(
        self, addresses: Sequence[IPv4Address | IPv6Address], records: Iterable[ZoneRecord]
    ) -> tuple[str, ...]:
        """Return the lines of the zone: those of `records`, behind the first the host's addresses.

        `records`: what the domain needs, see `dns_records.wanted_records`; MX is the first.
        """
        first, *others = (record.line for record in records)
        return (first, *address_lines(self.hostname, addresses), *others)


def new_password() -> str:
    """Return a password of 16 letters and digits in groups, 79 bits."""
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)


def _port(endpoint: str) -> int:
    kind, _, rest = endpoint.partition(":")
    number = rest.partition(":")[0].removeprefix("port=")
    return int(number) if kind in ("tcp", "tcp6") and number.isdecimal() else 0


def _quoted(text: str) -> str:
    """Write a text as TOML does; its strings are those of JSON."""
    return json.dumps(text, ensure_ascii=False)


def _comments(text: str) -> str:
    return "".join(f"# {line}\n" for line in text.splitlines())


def _unit_text(path: Path) -> str:
    """Write a path so that systemd takes it as it is (systemd.unit(5), specifiers)."""
    return str(path).replace("%", "%%").replace("\\", "\\\\").replace('"', '\\"')
