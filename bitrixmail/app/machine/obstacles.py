"""What keeps the server from starting, in one line each, with the ways out. Pure: texts from facts.

Used by the start; the exit codes are those of sysexits.
"""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

from bitrixmail.admin.probes.holders import Holder
from bitrixmail.admin.probes.users import user_name
from bitrixmail.app.settings.endpoints import Endpoint
from bitrixmail.model.errors import SetupError


def place_of(endpoint: Endpoint) -> str:
    """Name the address and port of an endpoint, for people."""
    arguments = endpoint.arguments
    if endpoint.kind == "unix":
        return arguments["address"]
    if endpoint.kind == "systemd":
        return endpoint.text
    interface = arguments.get("interface") or ("::" if endpoint.kind == "tcp6" else "")
    if not interface:
        return f"port {endpoint.port} of all addresses"
    return f"{f'[{interface}]' if ':' in interface else interface} port {endpoint.port}"


def cannot_listen(
    door: str, endpoint: Endpoint, error: OSError, holders: tuple[Holder, ...]
) -> SetupError:
    """Explain why a door can't listen. `holders`: who listens on that port, as far as known."""
    start = f"listen.{door}: can't listen on {place_of(endpoint)}"
    if error.errno == errno.EADDRINUSE:
        return _taken(start, door, endpoint, holders)
    if error.errno in (errno.EACCES, errno.EPERM):
        remedies = _rights(door, endpoint)
        problem = f"{start}: permission denied for user {_me()}"
        return SetupError(problem, *remedies, exit_code=os.EX_NOPERM)
    if error.errno == errno.EADDRNOTAVAIL:
        return SetupError(
            f"{start}: this machine has no such address",
            "its addresses: ip -brief address",
            f'for all of them: listen.{door} = ["tcp:{endpoint.port}"]',
            exit_code=os.EX_CONFIG,
        )
    reason = error.strerror or str(error)
    return SetupError(f"{start}: {reason}", exit_code=os.EX_OSERR)


def _me() -> str:
    return user_name(os.geteuid())


def _taken(start: str, door: str, endpoint: Endpoint, holders: tuple[Holder, ...]) -> SetupError:
    who = ", ".join(map(str, holders)) or "another program"
    # --smtp stands above the setting, so it is the one that helps whatever is given already.
    option = "--smtp " if door == "smtp" else f"--set listen.{door}="
    remedies = [f"another port: {option}tcp:{endpoint.port + 1}"]
    if holders and holders[0].pid:
        remedies.insert(0, f"see what it is: ps -fp {holders[0].pid}")
    elif endpoint.port:
        remedies.insert(0, f"see which one, as root: ss -ltnp sport = :{endpoint.port}")
    if endpoint.kind == "unix":
        remedies = ["see which one: ss -lxp"]
    return SetupError(f"{start}: taken by {who}", *remedies, exit_code=os.EX_UNAVAILABLE)


def _rights(door: str, endpoint: Endpoint) -> tuple[str, ...]:
    """Return the ways to a privileged port, each with its command."""
    if endpoint.kind == "unix":
        folder = Path(endpoint.arguments["address"]).parent
        return (f"give the user the directory: install -d -o {_me()} {folder}",)
    port = endpoint.port
    python = Path(sys.executable).resolve()
    unit = "bitrixmail.socket" if door == "smtp" else f"bitrixmail-{door}.socket"
    high = {"smtp": 20225, "pop3": 2110}.get(door, port + 2000)
    if (door, port) == ("smtp", 25):
        redirect = "nft -f etc/nftables/bitrixmail.nft"
    else:
        redirect = f"etc/nftables/bitrixmail.nft shows how; set listen.{door} to tcp:{high}"
    authbind = f"install -o {_me()} -m 500 /dev/null /etc/authbind/byport/{port}"
    return (
        f"systemd opens it: systemctl enable --now {unit} (units in etc/systemd)",
        "a capability in the unit: AmbientCapabilities=CAP_NET_BIND_SERVICE",
        f"a capability of this Python: setcap cap_net_bind_service=+ep {python}",
        f"authbind: {authbind} && authbind --deep twistd …",
        f"the firewall redirects {port} to {high}: {redirect}",
    )


def data_dir_unusable(data_dir: Path, error: OSError) -> SetupError:
    """Explain why the data directory can't be used."""
    reason = error.strerror or str(error)
    denied = isinstance(error, PermissionError)
    remedies = ["name another: --data-dir DIR"]
    if denied:
        remedies = [f"give it to the server's user: install -d -o {_me()} -m 700 {data_dir}"]
    elif error.errno in (errno.ENOSPC, errno.EDQUOT):
        remedies.insert(0, f"make room: df -h {data_dir.parent} shows how much there is")
    return SetupError(
        f"server.data_dir: {data_dir} can't be written by user {_me()}: {reason}",
        *remedies,
        exit_code=os.EX_NOPERM if denied else os.EX_CANTCREAT,
    )


def log_unusable(path: Path, error: OSError) -> SetupError:
    """Explain why the log can't be written."""
    denied = isinstance(error, PermissionError)
    reason = error.strerror or str(error)
    return SetupError(
        f"the log {path} can't be written by user {_me()}: {reason}",
        "name another: twistd --logfile=FILE … bitrixmail …",
        "stay in the foreground, with the log on the terminal: twistd -n bitrixmail …",
        exit_code=os.EX_NOPERM if denied else os.EX_CANTCREAT,
    )
