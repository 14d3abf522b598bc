"""A list of messages page by page, by every provider."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bitrixmail.model.message import Behind, Listed
from tests.contracts.test_message_store_contract import add_info
from tests.fakes.both_stores import BOTH, Opened
from tests.fakes.drafts import RECEIVED, make_draft, make_filing

pytestmark = pytest.mark.parametrize("opened", BOTH)


@pytest.mark.parametrize("folder", [None, "Odd"])
async def test_a_listing_goes_on_behind_a_line_that_is_gone(
    opened: Opened, tmp_path: Path, folder: str | None
) -> None:
    async with opened(tmp_path) as stores:
        info = await add_info(stores)

        async def come(number: int) -> None:
            moment = RECEIVED + timedelta(minutes=number // 2)  # two each come in one moment
            draft = make_draft(f"Q{number}", make_filing(info.id, "Odd"), received=moment)
            await stores.messages.append(draft)

        async def page(behind: Behind | None) -> tuple[Listed, ...]:
            return await stores.messages.listing(info.address, folder, 2, behind)

        for number in range(6):
            await come(number)
        first = await page(None)
        assert [each.queue_id for each in first] == ["Q5", "Q4"]
        view = await stores.messages.folder(info.id, "Odd")
        assert view is not None
        await stores.messages.expunge(view.id, [first[1].uid, 3])
        await come(7)
        last = first[-1]
        second = await page(Behind(last.received, last.place_id, last.uid))
        assert [each.queue_id for each in second] == ["Q3", "Q1"]
        last = second[-1]
        assert [
            each.queue_id for each in await page(Behind(last.received, last.place_id, last.uid))
        ] == ["Q0"]
