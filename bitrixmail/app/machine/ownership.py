"""Files that a command makes belong to whom the data belongs, so that the server can use them.

Raises SetupError.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bitrixmail.admin.probes.users import user_name
from bitrixmail.model.errors import SetupError


@contextmanager
def as_owner_of(folder: Path) -> Iterator[None]:
    """Be the owner of a folder for a while, if this is root; of the nearest above if it is missing.

    What SQLite makes later, as root again, it gives to the owner of the database by itself.
    """
    owner = _nearest(folder)
    if os.geteuid() != 0 or owner is None or owner.st_uid == 0:
        yield
        return
    group, groups = os.getegid(), os.getgroups()
    os.setgroups([])
    os.setegid(owner.st_gid)
    os.seteuid(owner.st_uid)
    try:
        yield
    except ImportError as error:
        raise SetupError(
            f"user {user_name(owner.st_uid)}, to whom {folder} belongs, can't read this program:"
            f" {error}",
            "install it where that user can read it",
            exit_code=os.EX_NOPERM,
        ) from error
    finally:
        os.seteuid(0)
        os.setegid(group)
        os.setgroups(groups)


def _nearest(folder: Path) -> os.stat_result | None:
    for found in (folder, *folder.parents):
        try:
            return found.stat()
        except OSError:
            continue
    return None


def make_data_dir(data_dir: Path) -> None:
    """Make the data directory if it is missing, and see whether this user may write in it."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        from bitrixmail.app.machine.obstacles import data_dir_unusable  # noqa: PLC0415 - hardly needed

        raise data_dir_unusable(data_dir, error) from error
    if os.access(data_dir, os.R_OK | os.W_OK | os.X_OK, effective_ids=True):
        return
    owner, me = user_name(data_dir.stat().st_uid), user_name(os.geteuid())
    if owner == me:
        raise SetupError(
            f"server.data_dir: {data_dir} can't be written, not even by {me}, whose it is",
            f"chmod 700 {data_dir}",
            exit_code=os.EX_NOPERM,
        )
    raise SetupError(
        f"server.data_dir: {data_dir} belongs to user {owner}, and user {me} can't write in it",
        f"run the command as that user: sudo -u {owner} bitrixmail …",
        "name another: --data-dir DIR",
        exit_code=os.EX_NOPERM,
    )
