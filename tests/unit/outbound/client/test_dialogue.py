"""The client's dialogue against scripts: C: is what we send, S: what the host is made to say."""

from __future__ import annotations

import pytest

from bitrixmail.model.parcel import (
    Answer,
    ConnectionFailed,
    Failing,
    Parcel,
    RemoteRecipient,
    Stage,
)
from bitrixmail.outbound.client.dialogue import Dialogue, Event

ALL = "PIPELINING", "SIZE 1000000", "8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES"
STEPS = "SIZE 1000000", "8BITMIME"
BODY = b"Subject: x\r\n\r\nHello\r\n"


async def never(_offset: int, _length: int) -> bytes:
    raise AssertionError("the dialogue reads nothing by itself")


def parcel(
    *recipients: str | RemoteRecipient, sender: str = "a@example.org", **more: object
) -> Parcel:
    named = tuple(
        RemoteRecipient(each) if isinstance(each, str) else each
        for each in recipients or ("b@example.net",)
    )
    return Parcel(sender, named, len(BODY), never, **more)  # type: ignore[arg-type]


class Talk:
    """A dialogue and what came of it."""

    def __init__(self, *extensions: str, pipelining: bool = True) -> None:
        self.dialogue = Dialogue("mx.example.org", pipelining=pipelining)
        self.events: list[Event] = []
        self.hear("220 mx.example.net ESMTP")
        assert self.said() == "EHLO mx.example.org\r\n"
        self.hear(*(f"250-{line}" for line in ("mx.example.net", *extensions)), "250 HELP")
        assert self.events == [Event.READY]
        self.events.clear()

    def hear(self, *lines: str) -> None:
        self.events += self.dialogue.receive("".join(f"{line}\r\n" for line in lines).encode())

    def said(self) -> str:
        return self.dialogue.take().decode()

    def hand_over(self, what: Parcel, content: bytes | None = BODY) -> str:
        self.transaction = self.dialogue.hand_over(what, content)
        self.events += self.dialogue.happened()
        return self.said()

    def replies(self) -> list[str]:
        assert Event.DONE in self.events
        return [str(answer) for answer in self.transaction.outcome]

    @property
    def failure(self) -> ConnectionFailed:
        failure = self.dialogue.failure
        assert failure is not None
        return failure


def test_all_up_to_data_is_one_write_and_so_are_body_and_dot() -> None:
    talk = Talk(*ALL)
    assert talk.hand_over(parcel("b@x.net", "c@x.net")) == (
        f"MAIL FROM:<a@example.org> SIZE={len(BODY)}\r\n"
        "RCPT TO:<b@x.net>\r\nRCPT TO:<c@x.net>\r\nDATA\r\n"
    )
    talk.hear("250 2.1.0 OK", "250 2.1.5 OK", "550 5.1.1 No such mailbox", "354 Go on")
    assert talk.dialogue.take() == BODY + b".\r\n"
    assert not talk.events
    talk.hear("250 2.0.0 Queued as 1")
    assert talk.events == [Event.DONE]
    assert talk.transaction.outcome == (
        Answer(250, "2.0.0", "Queued as 1", Stage.CONTENT),
        Answer(550, "5.1.1", "No such mailbox", Stage.RCPT),
    )
    # the next one needs no RSET
    assert talk.hand_over(parcel()).startswith("MAIL FROM:<a@example.org>")


@pytest.mark.parametrize(("extensions", "pipelining"), [(STEPS, True), (ALL, False)])
def test_step_by_step(extensions: tuple[str, ...], pipelining: bool) -> None:
    talk = Talk(*extensions, pipelining=pipelining)
    said = [talk.hand_over(parcel("b@x.net", "c@x.net"))]
    for reply in ("250 OK", "450 4.2.0 Busy", "250 OK", "354 Go on"):
        talk.hear(reply)
        said.append(talk.said())
    assert said == [
        f"MAIL FROM:<a@example.org> SIZE={len(BODY)}\r\n",
        "RCPT TO:<b@x.net>\r\n",
        "RCPT TO:<c@x.net>\r\n",
        "DATA\r\n",
        BODY.decode() + ".\r\n",
    ]
    talk.hear("250 OK")
    assert talk.replies() == ["450 4.2.0 Busy", "250 OK"]


@pytest.mark.parametrize("pipelining", [True, False])
def test_nobody_accepted_gives_a_lone_dot_at_most_and_rset_before_the_next(
    pipelining: bool,
) -> None:
    talk = Talk(*ALL, pipelining=pipelining)
    talk.hand_over(parcel())
    talk.hear("250 OK")
    talk.said()
    talk.hear("550 5.1.1 No")
    if pipelining:
        talk.hear("354 Go on")
        assert talk.said() == ".\r\n"
        assert not talk.events
        talk.hear("250 Taken for nobody")
    assert talk.said() == ""
    assert talk.replies() == ["550 5.1.1 No"]
    talk.events.clear()
    again = talk.hand_over(parcel())
    if pipelining:
        assert again.startswith("RSET\r\nMAIL FROM:")
        talk.hear("250 Reset", "250 OK", "250 OK", "354 Go on")
    else:
        assert again == "RSET\r\n"
        for reply in ("250 Reset", "250 OK", "250 OK", "354 Go on"):
            talk.hear(reply)
    assert talk.said().endswith(".\r\n")
    talk.hear("250 Queued")
    assert talk.replies() == ["250 Queued"]
    assert talk.hand_over(parcel()).startswith("MAIL")


def test_a_refused_rset_ends_the_session() -> None:
    talk = Talk(*ALL)
    talk.hand_over(parcel())
    talk.hear("250 OK", "550 No", "554 No valid recipients")
    talk.hand_over(parcel())
    talk.hear("503 What?")
    assert talk.failure.kind is Failing.PROTOCOL
    assert not talk.failure.answered


@pytest.mark.parametrize("pipelining", [True, False])
def test_refused_at_mail(pipelining: bool) -> None:
    talk = Talk(*ALL, pipelining=pipelining)
    talk.hand_over(parcel("b@x.net", "c@x.net"))
    talk.hear("451 4.7.1 Not now")
    if pipelining:
        talk.hear("503 MAIL first", "503 MAIL first", "503 MAIL first")
    assert talk.replies() == ["451 4.7.1 Not now"] * 2
    assert talk.transaction.outcome[0] == Answer(451, "4.7.1", "Not now", Stage.MAIL)
    assert talk.hand_over(parcel()).startswith("MAIL")


def test_refused_at_data() -> None:
    talk = Talk(*ALL)
    talk.hand_over(parcel("b@x.net", "c@x.net"))
    talk.hear("250 OK", "250 OK", "550 5.1.1 No", "451 4.3.0 Later")
    assert talk.replies() == ["451 4.3.0 Later", "550 5.1.1 No"]
    assert talk.hand_over(parcel()).startswith("RSET\r\nMAIL")


@pytest.mark.parametrize("place", range(4))
def test_421_gives_the_answers_known_so_far(place: int) -> None:
    talk = Talk(*ALL)
    talk.hand_over(parcel("b@x.net", "c@x.net"))
    talk.hear(*("250 OK", "550 5.1.1 No", "250 OK", "354 Go")[:place], "421 4.3.2 Closing")
    closing = "421 4.3.2 Closing"
    assert talk.replies() == ["550 5.1.1 No" if place > 1 else closing, closing]
    assert talk.events == [Event.DONE, Event.FAILED]
    assert talk.failure.kind is Failing.LOST
    assert talk.said() == ""


def test_421_at_the_dot_is_an_answer() -> None:
    talk = Talk(*ALL)
    talk.hand_over(parcel())
    talk.hear("250 OK", "250 OK", "354 Go")
    talk.said()
    talk.hear("421 4.3.2 Closing")
    assert talk.transaction.outcome == (Answer(421, "4.3.2", "Closing", Stage.CONTENT),)
    assert talk.events == [Event.DONE, Event.FAILED]


@pytest.mark.parametrize(
    "replies",
    [
        ("354 Go",),
        ("250 OK", "354 Go"),
        ("250 OK", "250 OK", "250 OK"),
        ("250 OK", "250 OK", "354 Go", "250 Queued already"),
        ("100 Wait",),
        ("600 OK",),
        ("250 OK", "250-One", "251 Two"),
        ("hello",),
        ("2500 OK",),
        ("",),
    ],
)
def test_a_reply_that_has_no_meaning_ends_the_session(replies: tuple[str, ...]) -> None:
    talk = Talk(*ALL)
    talk.hand_over(parcel())
    talk.hear(*replies)
    assert talk.failure.kind is Failing.PROTOCOL
    assert talk.failure.pipelined
    assert not talk.failure.after_dot
    assert talk.said() == ""
    assert not talk.dialogue.receive(b"250 OK\r\n")


def test_a_reply_too_many_ends_the_session_with_the_answers() -> None:
    talk = Talk(*ALL)
    talk.hand_over(parcel())
    talk.hear("250 OK", "250 OK", "554 No", "250 One more")
    assert talk.replies() == ["554 No"]
    assert talk.failure.kind is Failing.PROTOCOL


def test_a_reply_before_its_command_does_not_count() -> None:
    talk = Talk(*STEPS)
    talk.hand_over(parcel())
    talk.hear("250 OK", "250 OK", "354 Go", "250 Queued")
    assert talk.failure.text == "a reply before its command"
    assert talk.transaction.outcome == (talk.failure,)
    talk = Talk(*STEPS)
    talk.hand_over(parcel())
    talk.dialogue.receive(b"250 OK\r\n25")
    assert talk.failure.kind is Failing.PROTOCOL


def test_replies_may_be_cut_anywhere() -> None:
    told = b"250-2.1.0 Two\r\n250 2.1.0 lines\r\n250 OK\r\n354 Go\r\n"
    for at in range(1, len(told)):
        talk = Talk(*ALL)
        talk.hand_over(parcel())
        talk.dialogue.receive(told[:at])
        talk.dialogue.receive(told[at:])
        assert talk.dialogue.take() == BODY + b".\r\n"


@pytest.mark.parametrize(
    "flood",
    [b"250-" + b"x" * 3000, b"x" * 3000, b"250-OK\r\n" * 200, b"250-" + b"y" * 2100 + b"\r\n"],
)
def test_a_flood_ends_the_session(flood: bytes) -> None:
    talk = Talk(*ALL)
    talk.hand_over(parcel())
    talk.dialogue.receive(flood)
    assert talk.failure.kind is Failing.PROTOCOL


def test_remote_text_is_fit_for_a_log() -> None:
    talk = Talk(*ALL)
    talk.hand_over(parcel())
    talk.dialogue.receive(
        b"550-5.1.1 a\x1b[31m\0\r\n550 5.1.1 b\xe2\x80\xae\xff" + b"z" * 900 + b"\r\n"
    )
    talk.hear("503 x", "503 x")
    (answer,) = talk.transaction.outcome
    assert isinstance(answer, Answer)
    assert answer.enhanced == "5.1.1"
    assert answer.text.startswith("a\\u{1b}[31m\\u{0} b\\u{202e}\ufffdzzz")
    assert len(answer.text) < 540


@pytest.mark.parametrize(
    ("text", "enhanced"),
    [("5.1.1 No", "5.1.1"), ("4.1.1 No", ""), ("5.1.1234 No", ""), ("5.1.1", "5.1.1"), ("No", "")],
)
def test_an_enhanced_code_must_agree(text: str, enhanced: str) -> None:
    talk = Talk(*ALL)
    talk.hand_over(parcel())
    talk.hear(f"550 {text}", "503 x", "503 x")
    assert getattr(talk.transaction.outcome[0], "enhanced", None) == enhanced


def test_loss_after_the_dot_says_so() -> None:
    talk = Talk(*ALL)
    talk.hand_over(parcel("b@x.net", "c@x.net"))
    talk.hear("250 OK", "550 No", "250 OK", "354 Go")
    talk.said()
    talk.events += talk.dialogue.fail(Failing.LOST, "gone")
    first, second = talk.transaction.outcome
    assert str(first) == "550 No"
    assert second is talk.failure
    assert (talk.failure.after_dot, talk.failure.answered) == (True, True)
    assert talk.failure.stage is Stage.CONTENT


def test_loss_before_any_reply_says_so() -> None:
    talk = Talk(*ALL)
    talk.hand_over(parcel())
    talk.dialogue.fail(Failing.LOST, "gone")
    assert not talk.failure.answered
    assert not talk.failure.after_dot
    assert talk.failure.stage is Stage.MAIL


def test_helo_when_ehlo_is_unknown() -> None:
    dialogue = Dialogue("mx.example.org")
    dialogue.receive(b"220-Welcome\r\n220 to us\r\n")
    dialogue.take()
    dialogue.receive(b"502 What?\r\n")
    assert dialogue.take() == b"HELO mx.example.org\r\n"
    assert dialogue.receive(b"250 Hello\r\n") == [Event.READY]
    assert not dialogue.extensions.esmtp
    dialogue.hand_over(parcel(), BODY)
    assert dialogue.take() == b"MAIL FROM:<a@example.org>\r\n"


@pytest.mark.parametrize("told", ["554 Go away", "421 Later", "250 OK", "450 No"])
def test_turned_away(told: str) -> None:
    dialogue = Dialogue("mx.example.org")
    assert dialogue.receive(f"{told}\r\n".encode()) == [Event.FAILED]
    failure = dialogue.failure
    assert failure is not None
    assert (failure.kind, failure.stage) == (Failing.GREETING, Stage.GREETING)
    assert str(failure.reply) == told


def test_starttls_forgets_what_was_learnt() -> None:
    talk = Talk("STARTTLS", "PIPELINING", "AUTH PLAIN")
    talk.dialogue.start_tls()
    assert talk.said() == "STARTTLS\r\n"
    talk.hear("220 Go ahead")
    assert talk.events == [Event.SHAKE_HANDS]
    talk.dialogue.secured()
    assert not talk.dialogue.extensions.pipelining
    assert talk.said() == "EHLO mx.example.org\r\n"
    talk.hear("250 mx.example.net")
    assert not talk.dialogue.extensions.auth


@pytest.mark.parametrize(
    "behind", [b"2", b"250 injected\r\n", b"250-x\r\n250 PIPELINING\r\n", b"\0"]
)
def test_octets_in_the_clear_behind_starttls_end_the_session(behind: bytes) -> None:
    talk = Talk("STARTTLS")
    talk.dialogue.start_tls()
    assert talk.dialogue.receive(b"220 Go ahead\r\n" + behind) == [Event.FAILED]
    assert talk.failure.kind is Failing.PROTOCOL


def test_starttls_refused() -> None:
    talk = Talk("STARTTLS")
    talk.dialogue.start_tls()
    talk.hear("454 4.7.0 Not now")
    assert talk.events == [Event.NO_TLS]
    assert str(talk.dialogue.refusal) == "454 4.7.0 Not now"
    assert talk.dialogue.failure is None


def test_421_to_starttls_turns_us_away() -> None:
    talk = Talk("STARTTLS")
    talk.dialogue.start_tls()
    talk.hear("421 4.3.2 Busy")
    assert talk.events == [Event.FAILED]
    assert talk.failure.kind is Failing.GREETING
    # and whoever goes on in spite of it hears the same
    talk.hand_over(parcel("b@x.net", "c@x.net"))
    assert talk.transaction.outcome == (talk.failure,) * 2


def test_an_unasked_421_between_two_parcels() -> None:
    talk = Talk(*ALL)
    talk.hear("421 4.4.2 You were silent for too long")
    assert talk.events == [Event.FAILED]
    assert talk.failure.reply is not None


def test_auth_with_a_challenge() -> None:
    talk = Talk("AUTH LOGIN")
    talk.dialogue.authenticate("LOGIN", None)
    assert talk.said() == "AUTH LOGIN\r\n"
    talk.hear("334 VXNlcm5hbWU6")
    assert talk.events == [Event.CHALLENGE]
    assert talk.dialogue.challenge == b"Username:"
    talk.dialogue.respond(b"user")
    assert talk.said() == "dXNlcg==\r\n"
    talk.hear("334 !")
    assert talk.failure.kind is Failing.PROTOCOL
