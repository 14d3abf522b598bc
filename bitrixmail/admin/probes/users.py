"""Users of this machine: their names, and what they may read. Blocking."""

from __future__ import annotations

import os
import pwd
import subprocess
from pathlib import Path


def user_name(uid: int) -> str:
    """Return the name of a user, or the number if there is none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def user_id(name: str) -> int | None:
    """Return the number of a user by name or number, None if there is no such user."""
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        return int(name) if name.isdecimal() else None


def closed_to(uid: int, path: Path) -> Path | None:
    """Return what keeps a user from reading a path: a directory above it, or itself.

    None if nothing does, or if that can't be tried: only root may try it for somebody else.
    """
    if os.geteuid() not in (0, uid):
        return None
    steps = ((each, "-x") for each in reversed(path.parents))
    for each, right in (*steps, (path, "-r")):
        if each.exists() and not _may(uid, each, right):
            return each
    return None


def _may(uid: int, path: Path, right: str) -> bool:
    """Try an access as a user; lists of access (acl(5)) count as well."""
    if uid == os.geteuid():
        return os.access(path, os.R_OK if right == "-r" else os.X_OK)
    try:
        found = pwd.getpwuid(uid)
    except KeyError:
        group, groups = uid, []
    else:
        group, groups = found.pw_gid, os.getgrouplist(found.pw_name, found.pw_gid)
    done = subprocess.run(  # noqa: S603 - no shell, the words are ours
        ["/usr/bin/test", right, path],
        user=uid, group=group, extra_groups=groups, cwd="/", check=False,
    )  # fmt: skip
    return done.returncode == 0
