from __future__ import annotations

import pytest

from bitrixmail.app.watching.maillog import MailLog
from bitrixmail.app.watching.tally import REASONS, Tally, door_of, reason_of


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("550 5.1.1 No such mailbox here", "unknown"),
        ("550 5.7.1 Relaying denied", "relay"),
        ("553 5.7.9 x", "policy"),
        ("501 5.1.3 Bad recipient", "address"),
        ("552 5.3.4 Too large", "size"),
        ("550 5.6.0 CR", "content"),
        ("452 4.2.2 Mailbox full", "full"),
        ("421 4.7.0 Too many errors", "limits"),
        ("451 4.3.0 The store", "store"),
        ("599 9.9.9 nobody knows", "other"),
        ("", "limits"),
    ],
)
def test_replies_become_reasons_that_people_tell_apart(reply: str, reason: str) -> None:
    assert reason_of(reply) == reason
    assert reason in REASONS


def test_lines_of_the_mail_log_are_counted() -> None:
    log = MailLog()
    log.tally = tally = Tally()
    log.record("accepted", session_id="6b-1", size_octets=3)
    log.record("accepted", session_id="s6b-1", size_octets=3, folder="Spam")
    log.record("refused", reply="550 5.1.1 No", count=5)
    log.record("deferred", reply="452 4.2.2 full")
    log.record("rejected", queue_id="1")
    log.record("quarantined", queue_id="1")
    log.record("sent", delay_s=1.5)
    log.record("deferred", delay_s=1.5, reply="451 4.7.1 later")
    log.record("acted", action="webhook", delay_s=1)
    log.record("login", account="a")
    assert tally.counts == {
        "received": 2,
        "received/smtp": 1,
        "received/submission": 1,
        "spam": 1,
        "refused": 7,
        "refused/unknown": 5,
        "refused/full": 1,
        "refused/rule": 1,
        "quarantined": 1,
        "sent": 1,
        "deferred": 1,
    }


def test_sessions_tell_their_door() -> None:
    assert [door_of(each) for each in ("6b-1", "s6b-1", "l6b-1", "p6b-1", "")] == [
        "smtp",
        "submission",
        "lmtp",
        "pop3",
        "smtp",
    ]
