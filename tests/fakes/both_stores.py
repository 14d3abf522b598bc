"""Runs a suite against the stores of a server (threads) and those of the command line (inline)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from bitrixmail.store.opening import Stores, threaded_stores
from tests.fakes.stores import make_stores

Opened = Callable[[Path], AbstractAsyncContextManager[Stores]]


@asynccontextmanager
async def opened_inline(folder: Path) -> AsyncIterator[Stores]:
    stores = make_stores(folder)
    await stores.open()
    try:
        yield stores
    finally:
        await stores.close()


@asynccontextmanager
async def opened_threaded(folder: Path) -> AsyncIterator[Stores]:
    from twisted.internet import reactor  # noqa: PLC0415 - pytest-twisted chooses it

    stores = threaded_stores(reactor, f"sqlite:///{folder / 'mail.sqlite'}", folder / "data")
    await stores.open()
    try:
        yield stores
    finally:
        await stores.close()


BOTH = [opened_inline, opened_threaded]
