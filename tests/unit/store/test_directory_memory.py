"""What the directory remembers is bounded, and guesses of strangers displace nobody's answer."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock

from bitrixmail.model.directory import Domain, Mailbox
from bitrixmail.store import directory_reading as reading
from bitrixmail.store.directory import _MOST_ABSENT, DatabaseDirectory
from tests.fakes.stores import make_stores, result_of


def test_guesses_displace_nobody(tmp_path: Path) -> None:
    with make_stores(tmp_path) as stores:
        result_of(stores.directory.add_domain(Domain("example.org")))
        result_of(stores.directory.add_mailbox(Mailbox(0, "info@example.org"), None))
        clock = cast("IReactorTime", Clock())
        directory = DatabaseDirectory(stores.database, stores.changes, clock, 10)
        info = result_of(directory.mailbox("info@example.org"))
        for number in range(_MOST_ABSENT + 10):
            assert result_of(directory.mailbox(f"nobody{number}@example.org")) is None
        assert result_of(directory.mailbox("nobody1@example.org")) is None
        assert len(directory._absent) < _MOST_ABSENT
        assert directory._cached == {(reading.find_mailbox, "info@example.org"): info}
        result_of(stores.directory.add_mailbox(Mailbox(0, "nobody1@example.org"), None))
        assert result_of(directory.mailbox("nobody1@example.org")) is not None
