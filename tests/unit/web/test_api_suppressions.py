"""The list of suppressed addresses, by the API: a page costs what it holds, not the whole list."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from twisted.internet.task import Clock

from bitrixmail.admin.suppressions import Suppressions
from bitrixmail.model.suppression import Suppressed
from bitrixmail.web.api.operation import Paged
from bitrixmail.web.api.operations.lists import ListsOperations
from bitrixmail.web.api.paging import cursor_of
from tests.fakes.stores import make_stores, result_of


def test_a_page_reads_no_more_than_it_holds(tmp_path: Path) -> None:
    read: list[Suppressed] = []
    with make_stores(tmp_path) as stores:
        behind = stores.suppressions.listing

        async def listing(limit: int, after: str) -> tuple[Suppressed, ...]:
            found = await behind(limit, after)
            read.extend(found)
            return found

        office: Any = SimpleNamespace()
        counted: Any = SimpleNamespace(listing=listing, add=stores.suppressions.add)
        office.suppressions = Suppressions(counted, cast("Any", Clock()))
        for number in range(30):
            result_of(office.suppressions.add(f"a{number:02}@example.net", "", None))
        operations = ListsOperations(office)

        def page(cursor: str) -> tuple[list[str], str | None]:
            call: Any = SimpleNamespace(query=Paged(limit=10, cursor=cursor))
            sliced = result_of(operations.suppressions(call))
            return [each.address for each in sliced.items], sliced.next

        told, cursor, pages = [], "", 0
        while True:
            read.clear()
            addresses, after = page(cursor)
            assert len(read) <= 11
            told += addresses
            pages += 1
            if after is None:
                break
            cursor = cursor_of(after)
    assert told == [f"a{number:02}@example.net" for number in range(30)]
    assert pages == 3
