"""The file of settings changed in place: comments stay, and it is whole at every moment. Blocking.

Written beside it, checked by the very loader, synced, then put in its place (rename(2)); owner and
mode stay, unless a secret goes into what all may read.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT

from bitrixmail.admin.probes.users import user_name
from bitrixmail.model.errors import Fault, InputError
from bitrixmail.model.text import printable


def remedies_for(file: Path) -> tuple[str, ...]:
    """Return the commands that let this process write a file; none if it may."""
    real = file.resolve()
    if os.access(real, os.W_OK) and os.access(real.parent, os.W_OK):
        return ()
    user = user_name(os.geteuid())
    return (
        f"chown {user} {real.parent} {real}",
        (
            "mkdir -p /etc/systemd/system/bitrixmail.service.d && printf"
            f" '[Service]\\nReadWritePaths={real.parent}\\n'"
            " > /etc/systemd/system/bitrixmail.service.d/settings.conf"
            " && systemctl daemon-reload && systemctl restart bitrixmail"
        ),
    )


def change_file(
    file: Path, values: Mapping[str, Any], check: Callable[[Path], None], *, private: bool = False
) -> dict[str, tuple[Any, Any]]:
    """Set values by dotted path, None to take one out; return what was and what is of each.

    `check` raises InputError if the new file will not do. `private`: a secret goes in, so a file
    that all may read is from then on its owner's alone; a group that was let in by itself stays.
    Raises InputError, the file is then as before.
    """
    real = file.resolve()
    try:
        document = tomlkit.parse(real.read_text("utf-8"))
        changed = {path: _set(document, path, value) for path, value in values.items()}
        changed = {path: both for path, both in changed.items() if both[0] != both[1]}
        if changed:
            _replace(real, tomlkit.dumps(document), check, private=private)
    except (TOMLKitError, UnicodeDecodeError) as error:
        fault = Fault(printable(str(file)), printable(str(error)), "mend it with an editor")
        raise InputError(fault) from error
    except OSError as error:
        raise InputError(
            Fault(
                printable(str(file)),
                f"can't be written: {error.strerror}",
                "; ".join(remedies_for(file)) or "see whether its disk is full: df -h",
            )
        ) from error
    return changed


def _set(document: Any, path: str, value: Any) -> tuple[Any, Any]:
    section, _, key = path.partition(".")
    if not key:  # a section of tables that the owner names
        before = _plain(document.get(section))
        if value:
            document[section] = _item(value)
        else:
            document.pop(section, None)
        return before, value or None
    table = document.get(section)
    before = None if table is None else _plain(table.get(key))
    if value is None:
        if before is not None:
            del table[key]
        return before, None
    if table is None:
        document[section] = table = tomlkit.table()
    if before != value:
        table[key] = _item(value)
    return before, value


def _item(value: Any) -> Any:
    """Write tables of a list as [[…]], other values as they are."""
    if isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
        tables: AoT = tomlkit.aot()
        for each in value:
            tables.append(tomlkit.item(each))
        return tables
    return tomlkit.item(value)


def _plain(item: Any) -> Any:
    unwrap = getattr(item, "unwrap", None)
    return item if unwrap is None else unwrap()


def _clear(real: Path) -> None:
    """Remove what a process that was killed has left beside the file: it may hold secrets."""
    left = re.compile(rf"\.{re.escape(real.name)}\.[0-9a-f]+\.new")
    for each in real.parent.iterdir():
        if left.fullmatch(each.name):
            with suppress(OSError):
                each.unlink()


def _replace(real: Path, text: str, check: Callable[[Path], None], *, private: bool) -> None:
    before = real.stat()
    mode = stat.S_IMODE(before.st_mode)
    if private and mode & stat.S_IROTH:
        mode = stat.S_IRUSR | stat.S_IWUSR
    _clear(real)
    # Not the process id: in a container each start has the same
    fresh = real.with_name(f".{real.name}.{secrets.token_hex(8)}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            if (before.st_uid, before.st_gid) != (os.geteuid(), os.getegid()):
                with suppress(PermissionError):  # the directory's owner may do without
                    os.fchown(stream.fileno(), before.st_uid, before.st_gid)
            os.fchmod(stream.fileno(), mode)
            os.fsync(stream.fileno())
        check(fresh)
        fresh.replace(real)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    folder = os.open(real.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
