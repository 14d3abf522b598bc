"""One parcel behind the other: its commands leave with the content before it (RFC 2920 §3.1)."""

from __future__ import annotations

import pytest

from bitrixmail.model.parcel import ConnectionFailed, Failing, Stage
from bitrixmail.outbound.client.dialogue import Event
from bitrixmail.outbound.client.transaction import Transaction
from tests.unit.outbound.client.test_dialogue import ALL, BODY, Talk, parcel

GROUP = f"MAIL FROM:<a@example.org> SIZE={len(BODY)}\r\nRCPT TO:<c@x.net>\r\nDATA\r\n"
TAKEN = "250 OK", "250 OK", "354 Go on"


def two(talk: Talk) -> tuple[Transaction, Transaction]:
    """Hand two parcels over, one behind the other, and have the commands of the first said."""
    talk.hand_over(parcel("b@x.net"))
    first = talk.transaction
    assert talk.dialogue.room_behind
    assert talk.hand_over(parcel("c@x.net")) == ""
    return first, talk.transaction


def words(transaction: Transaction) -> list[str]:
    return [str(answer) for answer in transaction.outcome]


def test_a_message_takes_one_write_and_one_reply() -> None:
    talk = Talk(*ALL)
    first, second = two(talk)
    talk.hear(*TAKEN)
    assert talk.said() == f"{BODY.decode()}.\r\n{GROUP}"
    talk.hear("250 Queued as 1", *TAKEN)
    assert talk.events == [Event.DONE]
    assert talk.dialogue.ended() == [first]
    assert talk.dialogue.room_behind
    assert talk.hand_over(parcel("c@x.net")) == f"{BODY.decode()}.\r\n{GROUP}"
    talk.hear("250 Queued as 2", *TAKEN)
    assert (words(first), words(second)) == (["250 Queued as 1"], ["250 Queued as 2"])


def test_behind_a_content_that_was_said_the_commands_follow_at_once() -> None:
    talk = Talk(*ALL)
    talk.hand_over(parcel())
    talk.hear(*TAKEN)
    talk.said()
    assert talk.hand_over(parcel("c@x.net")) == GROUP


@pytest.mark.parametrize(
    "extensions", [("8BITMIME",), ("PIPELINING", "CHUNKING")], ids=["steps", "chunks"]
)
def test_there_is_not_always_room(extensions: tuple[str, ...]) -> None:
    talk = Talk(*extensions)
    assert not talk.dialogue.room_behind
    talk.hand_over(parcel(), BODY + b"x" * 999 + b"\r\n")
    assert not talk.dialogue.room_behind


def test_no_room_behind_a_content_in_pieces_or_behind_two() -> None:
    talk = Talk(*ALL)
    talk.hand_over(parcel(), None)
    assert not talk.dialogue.room_behind
    talk = Talk(*ALL)
    two(talk)
    assert not talk.dialogue.room_behind


@pytest.mark.parametrize("refusal", ["451 4.3.0 Not now", "554 5.6.0 Not this"])
def test_a_refused_content_says_nothing_of_the_one_behind(refusal: str) -> None:
    talk = Talk(*ALL)
    first, second = two(talk)
    talk.hear(*TAKEN)
    talk.said()
    talk.hear(refusal, *TAKEN)
    talk.hear("250 Queued")
    assert (words(first), words(second)) == ([refusal], ["250 Queued"])


def test_behind_a_refused_data_comes_rset() -> None:
    talk = Talk(*ALL)
    first, second = two(talk)
    talk.hear("250 OK", "250 OK", "451 4.3.0 Not now")
    assert talk.said() == f"RSET\r\n{GROUP}"
    talk.hear("250 Reset", *TAKEN)
    assert talk.said() == f"{BODY.decode()}.\r\n"
    talk.hear("250 Queued")
    assert (words(first), words(second)) == (["451 4.3.0 Not now"], ["250 Queued"])


def test_behind_an_empty_content_for_nobody() -> None:
    talk = Talk(*ALL)
    first, second = two(talk)
    talk.hear("250 OK", "550 5.1.1 No", "354 Go on")
    assert talk.said() == ".\r\n"
    talk.hear("554 5.5.1 Nobody")
    assert talk.said() == f"RSET\r\n{GROUP}"
    talk.hear("250 Reset", *TAKEN)
    talk.hear("250 Queued")
    assert (words(first), words(second)) == (["550 5.1.1 No"], ["250 Queued"])


def test_one_that_can_not_be_sent_does_not_wait() -> None:
    talk = Talk(*ALL)
    talk.hand_over(parcel())
    first = talk.transaction
    talk.hear(*TAKEN)
    talk.said()
    assert talk.hand_over(parcel("b@")) == ""
    assert talk.dialogue.ended() == [talk.transaction]
    assert talk.dialogue.transaction is first
    talk.hear("250 Queued")
    assert words(first) == ["250 Queued"]


def test_a_loss_says_nothing_of_the_one_behind() -> None:
    talk = Talk(*ALL)
    first, second = two(talk)
    talk.hear(*TAKEN)
    talk.said()
    talk.dialogue.fail(Failing.LOST, "gone")
    (lost,), (unheard,) = first.outcome, second.outcome
    assert isinstance(lost, ConnectionFailed)
    assert (lost.after_dot, lost.answered) == (True, True)
    assert unheard == ConnectionFailed(Failing.LOST, Stage.MAIL, "gone")


def test_421_to_a_content_is_no_word_on_the_one_behind() -> None:
    talk = Talk(*ALL)
    first, second = two(talk)
    talk.hear(*TAKEN)
    talk.said()
    talk.hear("421 4.3.2 Enough")
    assert words(first) == ["421 4.3.2 Enough"]
    unheard = ConnectionFailed(Failing.LOST, Stage.MAIL, "the host closes the session")
    assert second.outcome == (unheard,)


def test_421_to_mail_is() -> None:
    talk = Talk(*ALL)
    first, second = two(talk)
    talk.hear(*TAKEN)
    talk.said()
    talk.hear("250 Queued", "421 4.3.2 Enough")
    assert (words(first), words(second)) == (["250 Queued"], ["421 4.3.2 Enough"])


def test_half_a_reply_to_the_one_before_is_nothing_bad() -> None:
    talk = Talk(*ALL)
    talk.hand_over(parcel())
    first = talk.transaction
    talk.hear(*TAKEN)
    talk.said()
    talk.dialogue.receive(b"250 Que")
    assert talk.hand_over(parcel("c@x.net")) == GROUP
    talk.hear("ued", *TAKEN)
    assert words(first) == ["250 Queued"]
