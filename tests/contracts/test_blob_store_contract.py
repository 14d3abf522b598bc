"""What every blob store does."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from zope.interface.verify import verifyObject

from bitrixmail.interfaces.blobs import IBlobStore, IBlobWriter
from bitrixmail.model.errors import NotFoundError
from bitrixmail.store.opening import Stores
from tests.fakes.both_stores import BOTH, Opened

pytestmark = pytest.mark.parametrize("opened", BOTH)
NONE: frozenset[str] = frozenset()


async def write(stores: Stores, *chunks: bytes) -> str:
    writer = stores.blobs.create()
    for chunk in chunks:
        waiting = writer.write(chunk)
        if waiting is not None:
            await waiting
    await writer.finish()
    return writer.blob_id


def files(folder: Path) -> list[Path]:
    return [path for path in (folder / "data" / "blobs").rglob("*") if path.is_file()]


async def test_octets_come_back_in_their_order(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        verifyObject(IBlobStore, stores.blobs)
        verifyObject(IBlobWriter, stores.blobs.create())
        chunks = [bytes([number % 256]) * 1000 for number in range(3000)]
        blob_id = await write(stores, *chunks)
        whole = b"".join(chunks)
        assert await stores.blobs.read(blob_id, 0, 4_000_000) == whole
        assert await stores.blobs.read(blob_id, 2_999_990, 100) == whole[-10:]
        assert await stores.blobs.read(blob_id, 1_234_567, 3) == whole[1_234_567:][:3]
        assert await stores.blobs.read(blob_id, 9_000_000, 3) == b""
        assert await stores.blobs.read(await write(stores), 0, 10) == b""


async def test_an_aborted_blob_leaves_no_file(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        for finish in (False, True):
            writer = stores.blobs.create()
            writer.write(b"x" * 100_000)
            if finish:
                await writer.finish()
                assert files(tmp_path)
            writer.abort()
            writer.abort()
        stores.blobs.create().abort()
    assert files(tmp_path) == []


@pytest.mark.parametrize("name", ["0" * 32, "../../etc/passwd", "", "0" * 31 + "/"])
async def test_unknown_and_hostile_names_are_not_found(
    opened: Opened, tmp_path: Path, name: str
) -> None:
    async with opened(tmp_path) as stores:
        with pytest.raises(NotFoundError):
            await stores.blobs.read(name, 0, 10)


async def test_sweeping_takes_only_old_unreferenced_files(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        kept, old, young = [await write(stores, b"x") for _ in range(3)]
        now = datetime(2027, 1, 10, tzinfo=UTC)
        for path in files(tmp_path):
            age = timedelta(hours=23) if path.name == young else timedelta(hours=25)
            os.utime(path, ((now - age).timestamp(),) * 2)
        assert await stores.blobs.sweep(frozenset({kept}), now) == 1
        assert sorted(path.name for path in files(tmp_path)) == sorted([kept, young])
        assert await stores.blobs.sweep(NONE, now + timedelta(days=2)) == 2
        with pytest.raises(NotFoundError):
            await stores.blobs.read(old, 0, 1)
