"""What went wrong last with a mailbox: the later of a refused login and refused mail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bitrixmail.admin.mailbox_troubles import MailboxTroubles, Trouble
from bitrixmail.model.directory import RefusedLogin
from bitrixmail.model.message import Event
from bitrixmail.store.opening import InlineStores
from tests.fakes.stores import result_of

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
A, B, C, D = (f"{name}@example.org" for name in "abcd")


def test_the_later_of_the_two_is_told(stores: InlineStores) -> None:
    refused = [Event(NOW, "refused", "", address, "452 4.2.2 full") for address in (A, B)]
    result_of(stores.messages.record([*refused, Event(NOW, "filed", "Q", D, "kept")]))
    logins = {
        B: RefusedLogin(NOW + timedelta(seconds=1), "192.0.2.1"),
        A: RefusedLogin(NOW - timedelta(seconds=1), "192.0.2.1"),
        C: RefusedLogin(NOW, "192.0.2.2"),
    }
    troubles = MailboxTroubles(stores.event_log, logins.get)
    assert result_of(troubles.of((A, B, C, D))) == {
        A: Trouble(NOW, text="452 4.2.2 full"),
        B: Trouble(NOW + timedelta(seconds=1), peer="192.0.2.1"),
        C: Trouble(NOW, peer="192.0.2.2"),
    }
