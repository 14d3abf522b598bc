"""Who runs the server: asked of the process, of its unit, of its data directory. Blocking."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from bitrixmail.admin.probes.ports import running_server
from bitrixmail.admin.probes.units import FOLDERS, service_of
from bitrixmail.admin.probes.users import user_id, user_name


class Known(Enum):
    """By what it is known."""

    RUNNING = "running"
    UNIT = "unit"
    OWNER = "owner"
    ASKING = "asking"


@dataclass(frozen=True, slots=True)
class ServerUser:
    """The user; `uid` None: a unit names one who does not exist. `unit`: the name of that."""

    uid: int | None
    name: str
    known: Known
    unit: str = ""


def server_user(
    data_dir: Path, proc: Path = Path("/proc"), folders: Sequence[Path] = FOLDERS
) -> ServerUser:
    """Return who runs the server, or will; who asks as long as nothing else tells."""
    server = running_server(data_dir, proc)
    if server:
        with suppress(OSError):
            uid = (proc / str(server)).stat().st_uid
            return ServerUser(uid, user_name(uid), Known.RUNNING)
    unit = service_of(data_dir, (*folders, data_dir.parent))
    if unit is not None:
        name = unit.user or "root"
        return ServerUser(user_id(name), name, Known.UNIT, unit.name)
    with suppress(OSError):
        uid = data_dir.stat().st_uid
        return ServerUser(uid, user_name(uid), Known.OWNER)
    return ServerUser(os.geteuid(), user_name(os.geteuid()), Known.ASKING)
