"""Whole messages are read in threads of their own: no check of a password waits for them."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path
from typing import Any, cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock
from zope.interface import implementer

from bitrixmail.app.office import office_of
from bitrixmail.app.settings.loading import load_settings
from bitrixmail.interfaces.threads import IThreads
from bitrixmail.tasks import InlineThreads
from tests.fakes.stored_mail import fill
from tests.fakes.stores import make_stores, result_of


@implementer(IThreads)
class _Flooded:
    """Has its turn for nobody: others log in, without end."""

    def run(self, *_args: Any, **_kwargs: Any) -> Deferred[Any]:
        return Deferred()


def test_who_logs_in_keeps_no_letter_waiting(tmp_path: Path) -> None:
    settings = load_settings(None, {}, [f"server.data_dir={tmp_path}/var"])
    clock = cast("IReactorTime", Clock())
    with make_stores(tmp_path) as stores:
        fill(stores, 3)
        office = office_of(settings, stores, clock, _Flooded(), reading=InlineThreads())
        assert result_of(office.letters.open("Q00001")).first("subject") == "News 1"
        assert result_of(office.letters.head("Q00001")).first("subject") == "News 1"
        assert result_of(office.letters.outline("Q00001"))
        octets = b"From: ann@example.net\r\n\r\nx\r\n"
        tried = office.rules.test_file(octets, "info@example.org", sender=None, recipient=None)
        assert result_of(tried).folder == "INBOX"
        hit = result_of(office.searching.all("id:Q00001", UTC))[0]
        assert result_of(office.handling.download([hit.key.place_id])).startswith(b"PK")
