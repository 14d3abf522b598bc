"""Servers that break the promise on purpose: the campaign must find each of them out."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Engine, event

from bitrixmail.link.channel import Channel
from bitrixmail.model.message import INBOX, Draft
from bitrixmail.store.messages import DatabaseMessages
from bitrixmail.tasks import spawn

_LATE_S = 0.2


def reply_before_commit() -> None:
    """Say 250 at once, and commit a little later."""
    kept = DatabaseMessages.append

    async def append(self: DatabaseMessages, draft: Draft) -> None:
        from twisted.internet import reactor  # noqa: PLC0415 - twistd has chosen it by now

        reactor.callLater(_LATE_S, lambda: spawn(kept(self, draft), "a late commit"))

    DatabaseMessages.append = append  # type: ignore[method-assign]


def commit_twice() -> None:
    """Keep each message two times, unless its content is a file."""
    kept = DatabaseMessages.append

    async def append(self: DatabaseMessages, draft: Draft) -> None:
        await kept(self, draft)
        if draft.content.blob_id is None:
            await kept(self, replace(draft, queue_id=draft.queue_id + "2"))

    DatabaseMessages.append = append  # type: ignore[method-assign]


def cut_content() -> None:
    """Keep small messages without their last octets."""
    kept = DatabaseMessages.append

    async def append(self: DatabaseMessages, draft: Draft) -> None:
        content = draft.content
        if content.inline is not None:
            cut = content.inline[:-3]  # readers are given a missing line end
            draft = replace(draft, content=replace(content, inline=cut, size_octets=len(cut)))
        await kept(self, draft)

    DatabaseMessages.append = append  # type: ignore[method-assign]


def always_inbox() -> None:
    """File everything in INBOX, whatever the rules say."""
    kept = DatabaseMessages.append

    async def append(self: DatabaseMessages, draft: Draft) -> None:
        filings = tuple(replace(filing, folders=(INBOX,)) for filing in draft.filings)
        await kept(self, replace(draft, filings=filings))

    DatabaseMessages.append = append  # type: ignore[method-assign]


def end_abruptly() -> None:
    """At SIGTERM, cut everybody off."""

    Channel.drain = Channel.cut  # type: ignore[method-assign]


def never_sync() -> None:
    """Leave it to the kernel when something comes to the disk: only a power cut shows that."""
    os.fsync = lambda _descriptor: None  # type: ignore[assignment]

    def begin(connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        driver.execute("PRAGMA synchronous=OFF")

    event.listen(Engine, "begin", begin)


BREAKS: dict[str, Callable[[], None]] = {
    "early": reply_before_commit,
    "twice": commit_twice,
    "cut": cut_content,
    "misfiled": always_inbox,
    "unsynced": never_sync,
    "abrupt": end_abruptly,
}
