"""Messages from files of mail: each comes into a mailbox once, however often it is brought.

Runs in the writer's thread (`take_in`) or a reader's (`known`). The keys of what came in are
written with it, so an import that was cut off anywhere goes on where it was.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, insert, select

from bitrixmail.model.message import Draft
from bitrixmail.store import appending
from bitrixmail.store.schema import imported

_KEYS = 500
_KNOWN = select(imported.c.key).where(
    imported.c.mailbox_id == bindparam("mailbox"),
    imported.c.key.in_(bindparam("keys", expanding=True)),
)


def known(connection: Connection, mailbox_id: int, keys: Sequence[bytes]) -> frozenset[bytes]:
    """Return those of the keys whose messages came into a mailbox before."""
    found: set[bytes] = set()
    for start in range(0, len(keys), _KEYS):
        part = {"mailbox": mailbox_id, "keys": list(keys[start : start + _KEYS])}
        found.update(connection.execute(_KNOWN, part).scalars())
    return frozenset(found)


def take_in(
    connection: Connection, groups: Sequence[tuple[int, tuple[Draft, ...]]]
) -> list[frozenset[bytes]]:
    """Write groups of drafts, each for one mailbox by id; return the keys of those written.

    What another import brought meanwhile is passed over.
    """
    return [_take_in(connection, mailbox_id, drafts) for mailbox_id, drafts in groups]


def _take_in(
    connection: Connection, mailbox_id: int, drafts: tuple[Draft, ...]
) -> frozenset[bytes]:
    by_key = {draft.origin.key: draft for draft in drafts if draft.origin is not None}
    for key in known(connection, mailbox_id, tuple(by_key)):
        del by_key[key]
    if by_key:
        appending.append(connection, tuple(by_key.values()))
        connection.execute(
            insert(imported), [{"mailbox_id": mailbox_id, "key": key} for key in by_key]
        )
    return frozenset(by_key)
