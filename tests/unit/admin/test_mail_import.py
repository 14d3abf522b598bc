from __future__ import annotations

import tracemalloc
from collections import Counter
from pathlib import Path
from random import Random
from typing import cast

import pytest
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock

from bitrixmail.admin.mail_import import ImportWork, Intake, MailImport
from bitrixmail.admin.mail_sources import MaildirSource, MboxSource, Source
from bitrixmail.model.errors import StoreUnavailableError
from bitrixmail.model.message import INBOX
from bitrixmail.pipeline.content import ContentSink
from bitrixmail.pipeline.queue_id import QueueIds
from bitrixmail.rules.judging import Judging
from bitrixmail.store.opening import InlineStores
from tests.fakes.stores import make_stores, result_of
from tests.unit.admin.conftest import House

ADDRESS = "info@example.org"
LINE = "From ann@example.net Mon May  4 03:02:01 2026\n"
LIMIT = 1000


def importer(stores: InlineStores) -> MailImport:
    clock = Clock()
    clock.advance(1_800_000_000)
    time = cast("IReactorTime", clock)
    return MailImport(
        stores.messages,
        stores.directory,
        stores.rulebook,
        Intake(lambda: ContentSink(stores.blobs, LIMIT), QueueIds(time, Random(1)).next),
        clock=time,
        judging=Judging(),
    )


def write_mbox(path: Path, count: int, big: int = 0) -> MboxSource:
    with path.open("w") as file:
        for number in range(count):
            text = "x" * 99 + "\n"
            body = text * 20 if big and number % big == 0 else "text\n"
            file.write(f"{LINE}Subject: {number % 7}\n\n{body}\n")
    return MboxSource(path, INBOX, "mboxrd")


def run(use_case: MailImport, source: Source, *, by_rules: bool = False) -> ImportWork:
    work = result_of(use_case.begin(source, ADDRESS, by_rules=by_rules))
    while result_of(use_case.go_on(work)):
        pass
    return work


def subjects(stores: InlineStores) -> Counter[str]:
    listed = result_of(stores.messages.listing(ADDRESS, None, 10_000))
    return Counter(each.subject for each in listed)


def files(stores: InlineStores) -> list[Path]:
    return [each for each in (stores.data_dir / "blobs").rglob("*") if each.is_file()]


def test_stopped_anywhere_it_goes_on(house: House, tmp_path: Path) -> None:
    source = write_mbox(tmp_path / "a.mbox", 350, big=9)
    use_case = importer(house.stores)
    expected = Counter(f"{number % 7}" for number in range(350))
    for groups in (1, 2):
        work = result_of(use_case.begin(source, ADDRESS, by_rules=False))
        for _ in range(groups):
            assert result_of(use_case.go_on(work))
        assert subjects(house.stores) <= expected
    work = run(use_case, source)
    assert subjects(house.stores) == expected
    assert work.report.imported + work.report.known == 350
    assert (work.report.imported, work.reached) == (150, source.total - 1)
    assert run(use_case, source).report.imported == 0
    assert len(files(house.stores)) == len(range(0, 350, 9))


def test_a_store_that_fails_keeps_nothing_of_its_group(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_mbox(tmp_path / "a.mbox", 150, big=9)
    use_case = importer(house.stores)
    work = result_of(use_case.begin(source, ADDRESS, by_rules=False))
    assert result_of(use_case.go_on(work))
    before = files(house.stores)

    async def fails(*_given: object) -> frozenset[bytes]:
        raise StoreUnavailableError("locked")

    with monkeypatch.context() as patched:
        patched.setattr(type(house.stores.messages), "take_in", fails)
        with pytest.raises(StoreUnavailableError):
            result_of(use_case.go_on(work))
    assert files(house.stores) == before
    run(use_case, source)
    assert subjects(house.stores).total() == 150


def test_two_at_the_same_time_bring_each_message_once(house: House, tmp_path: Path) -> None:
    source = write_mbox(tmp_path / "a.mbox", 250, big=9)
    with make_stores(tmp_path) as others:
        uses = importer(house.stores), importer(others)
        works = [result_of(each.begin(source, ADDRESS, by_rules=False)) for each in uses]
        going = [True, True]
        while any(going):
            going = [result_of(use.go_on(work)) for use, work in zip(uses, works, strict=True)]
        assert sum(work.report.imported for work in works) == 250
        assert sum(work.report.known for work in works) == 250
    assert subjects(house.stores).total() == 250


def test_a_file_that_goes_away_is_told_and_the_rest_comes_in(house: House, tmp_path: Path) -> None:
    path = tmp_path / "Maildir"
    (path / "cur").mkdir(parents=True)
    for number in range(3):
        (path / f"cur/{number}").write_text(f"Subject: {number}\n\ntext\n")
    use_case = importer(house.stores)
    source = MaildirSource(path, INBOX, use_case.now())
    (path / "cur/1").unlink()
    work = run(use_case, source)
    assert (work.report.imported, work.report.unread) == (2, 1)
    (fault,) = work.report.faults
    assert str(fault).startswith(f"Maildir {path}/cur/1: can't be read: No such file or directory")


def test_memory_does_not_grow_with_a_message(house: House, tmp_path: Path) -> None:
    path = tmp_path / "big.mbox"
    with path.open("wb") as file:
        file.write(LINE.encode() + b"Subject: big\n\n")
        for _ in range(24):
            file.write((b"x" * 99 + b"\n") * 10_000 + b"y" * 48_576)
    source = MboxSource(path, INBOX, "mboxrd")
    tracemalloc.start()
    try:
        run(importer(house.stores), source)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert subjects(house.stores) == {"big": 1}
    (blob,) = files(house.stores)
    assert blob.stat().st_size > 24_000_000
    assert peak < 12_000_000


def test_folders_without_a_name_for_us_go_into_one(house: House, tmp_path: Path) -> None:
    path = tmp_path / "Maildir"
    for folder in ("cur", ".a..b/cur", "plain/cur", "plain/below/cur"):
        (path / folder).mkdir(parents=True)
        (path / folder / "1").write_text(f"Subject: {folder}\n\ntext\n")
    use_case = importer(house.stores)
    work = run(use_case, MaildirSource(path, INBOX, use_case.now()))
    assert work.report.folders == {INBOX: 1, "Imported": 1, "plain": 1, "plain/below": 1}
    (fault,) = work.report.faults
    assert str(fault).startswith(f"{path}/.a..b: between the slashes")


def test_broken_messages_come_in_as_they_are(house: House, tmp_path: Path) -> None:
    line = LINE.encode()
    (tmp_path / "a.mbox").write_bytes(
        line + b"\xff\xfe: \x00\nSubject: =?x?\n\x00\r\r\n" + b"\n" + line
        + b"\r\r\n\x80" * 50 + b"\n" + line + b"Date: 99 Foo\nReturn-Path: \x00\n\n\n"
    )  # fmt: skip
    source = MboxSource(tmp_path / "a.mbox", INBOX, "mboxrd")
    work = run(importer(house.stores), source, by_rules=True)
    assert (work.report.imported, work.report.faults) == (3, [])
    view = result_of(house.stores.messages.folder(work.mailbox.id, INBOX))
    assert view is not None
    octets = result_of(house.stores.messages.read(view.places[0].id, 0, 1000))
    assert octets == b"\xff\xfe: \x00\r\nSubject: =?x?\r\n\x00\r\n\r\n"
