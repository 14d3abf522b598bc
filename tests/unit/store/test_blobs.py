"""A blob being written: back-pressure, order, and a disk that fails."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred, execute
from zope.interface import implementer

from bitrixmail.interfaces.threads import IThreads
from bitrixmail.model.errors import StoreUnavailableError
from bitrixmail.store.blobs import FileBlobs

MIB = 1024 * 1024


@implementer(IThreads)
class HeldThreads:
    """Threads that work when the test says so."""

    def __init__(self) -> None:
        self.held: list[tuple[Deferred[Any], Callable[..., Any], tuple[Any, ...]]] = []

    def run(self, function: Callable[..., Any], *args: Any, **_keywords: Any) -> Deferred[Any]:
        result: Deferred[Any] = Deferred()
        self.held.append((result, function, args))
        return result

    def work(self) -> None:
        while self.held:
            result, function, args = self.held.pop(0)
            execute(function, *args).chainDeferred(result)


def make_blobs(folder: Path) -> tuple[FileBlobs, HeldThreads]:
    threads = HeldThreads()
    return FileBlobs(folder, threads), threads


def octets_in(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


def test_a_writer_far_behind_asks_to_wait(tmp_path: Path) -> None:
    blobs, threads = make_blobs(tmp_path)
    writer = blobs.create()
    assert writer.write(b"a" * MIB) is None
    waiting = writer.write(b"b")
    assert waiting is not None
    assert not waiting.called
    assert len(threads.held) == 1, "one thread at a time keeps the order"
    threads.work()
    assert waiting.called
    assert writer.write(b"c") is None
    assert not threads.held, "a few octets are not worth a turn of a thread"
    finished = Deferred.fromCoroutine(writer.finish())
    threads.work()
    assert finished.called
    assert octets_in(tmp_path) == [b"a" * MIB + b"bc"]


def test_finish_comes_after_every_octet(tmp_path: Path) -> None:
    blobs, threads = make_blobs(tmp_path)
    writer = blobs.create()
    for letter in (b"a", b"b", b"c"):
        writer.write(letter)
    finished = Deferred.fromCoroutine(writer.finish())
    assert not finished.called
    threads.work()
    assert finished.called
    assert octets_in(tmp_path) == [b"abc"]


def test_abort_while_a_thread_writes_removes_the_file(tmp_path: Path) -> None:
    blobs, threads = make_blobs(tmp_path)
    writer = blobs.create()
    writer.write(b"a")
    writer.write(b"b")
    writer.abort()
    threads.work()
    assert octets_in(tmp_path) == []


def test_abort_while_it_waits_lets_the_waiter_go(tmp_path: Path) -> None:
    blobs, threads = make_blobs(tmp_path)
    writer = blobs.create()
    waiting = writer.write(b"a" * (MIB + 1))
    assert waiting is not None
    writer.abort()
    threads.work()
    assert waiting.called
    assert octets_in(tmp_path) == []


def test_a_failing_disk_is_told_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "blobs").write_text("a file where the folder should be")
    blobs, threads = make_blobs(tmp_path / "blobs")
    writer = blobs.create()
    waiting = writer.write(b"a" * (MIB + 1))
    threads.work()
    assert waiting is not None
    assert waiting.called
    assert writer.write(b"b" * 3 * MIB) is None, "writing on is harmless"
    errors: list[Any] = []
    Deferred.fromCoroutine(writer.finish()).addErrback(errors.append)
    threads.work()
    with pytest.raises(StoreUnavailableError):
        errors[0].raiseException()
    writer.abort()
    threads.work()
