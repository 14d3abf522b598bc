"""What answers mean, told by replies as hosts really give them."""

from __future__ import annotations

import pytest

from bitrixmail.model.dsn import Reason
from bitrixmail.model.job import Result
from bitrixmail.model.parcel import Answer, ConnectionFailed, Failing, Stage
from bitrixmail.outbound.client.commands import (
    BAD_RECIPIENT,
    BAD_SENDER,
    NEEDS_8BITMIME,
    NEEDS_SMTPUTF8,
    too_large,
)
from bitrixmail.outbound.client.replies import HostReply
from bitrixmail.outbound.client.verdict import About, Verdict, judged
from bitrixmail.outbound.reasons.judging import classify

DELIVERED, DEFERRED, FAILED = Result.DELIVERED, Result.DEFERRED, Result.FAILED
RECIPIENT, MESSAGE, HOST = About.RECIPIENT, About.MESSAGE, About.HOST


def answer(stage: Stage, said: str) -> Answer:
    code, _, text = said.partition(" ")
    return HostReply(int(code), (text.encode(),)).answer(stage)


@pytest.mark.parametrize(
    ("stage", "said", "result", "enhanced", "about", "reason"),
    [
        (Stage.CONTENT, "250 2.6.0 <id> Queued mail for delivery", DELIVERED, "2.6.0", RECIPIENT, Reason.UNDETERMINED),
        (Stage.CONTENT, "250 ok 1700000000 qp 12", DELIVERED, "2.0.0", RECIPIENT, Reason.UNDETERMINED),
        (Stage.RCPT, "550 5.1.1 The email account that you tried to reach does not exist.", FAILED, "5.1.1", RECIPIENT, Reason.UNKNOWN_USER),
        (Stage.RCPT, "550 No such user here", FAILED, "5.1.1", RECIPIENT, Reason.UNKNOWN_USER),
        (Stage.RCPT, "550 5.7.1 <b@x.net>: Recipient address rejected: user unknown", FAILED, "5.7.1", RECIPIENT, Reason.UNKNOWN_USER),
        (Stage.RCPT, "550 5.1.0 <b@x.net> User unknown", FAILED, "5.1.0", RECIPIENT, Reason.UNKNOWN_USER),
        (Stage.RCPT, "450 4.1.1 <b@x.net>: unverified address", DEFERRED, "4.1.1", RECIPIENT, Reason.UNKNOWN_USER),
        (Stage.RCPT, "550 5.7.1 Relaying denied", FAILED, "5.7.1", RECIPIENT, Reason.RELAYING),
        (Stage.RCPT, "450 4.2.0 <b@x.net>: Recipient address rejected: Greylisted, see http://x", DEFERRED, "4.2.0", RECIPIENT, Reason.GREYLISTED),
        (Stage.RCPT, "451 Graylisted, please try again in 300 seconds", DEFERRED, "4.3.0", RECIPIENT, Reason.GREYLISTED),
        (Stage.RCPT, "451 4.7.1 Please try again later in 5 minutes", DEFERRED, "4.7.1", RECIPIENT, Reason.GREYLISTED),
        (Stage.DATA, "450 4.7.1 Greylisting in action, please come back later", DEFERRED, "4.7.1", MESSAGE, Reason.GREYLISTED),
        (Stage.RCPT, "550 5.7.1 Greylisting is not for you", FAILED, "5.7.1", RECIPIENT, Reason.GREYLISTED),
        (Stage.RCPT, "452 4.2.2 The recipient's inbox is out of storage space.", DEFERRED, "4.2.2", RECIPIENT, Reason.MAILBOX_FULL),
        (Stage.RCPT, "552 Mailbox is full", FAILED, "5.2.2", RECIPIENT, Reason.MAILBOX_FULL),
        (Stage.CONTENT, "552 5.2.2 Over quota", FAILED, "5.2.2", MESSAGE, Reason.MAILBOX_FULL),
        (Stage.RCPT, "550 user over quota", FAILED, "5.1.1", RECIPIENT, Reason.MAILBOX_FULL),
        (Stage.RCPT, "452 4.5.3 Too many recipients", DEFERRED, "4.5.3", RECIPIENT, Reason.RATE_LIMITED),
        (Stage.RCPT, "552 5.5.3 Too many recipients", DEFERRED, "4.5.3", RECIPIENT, Reason.RATE_LIMITED),
        (Stage.RCPT, "552 too many recipients", DEFERRED, "4.5.3", RECIPIENT, Reason.RATE_LIMITED),
        (Stage.MAIL, "452 4.3.1 Insufficient system storage", DEFERRED, "4.3.1", HOST, Reason.SYSTEM),
        (Stage.MAIL, "421 4.7.0 Try again later, closing connection", DEFERRED, "4.7.0", HOST, Reason.RATE_LIMITED),
        (Stage.RCPT, "421 Service not available", DEFERRED, "4.3.2", HOST, Reason.SYSTEM),
        (Stage.MAIL, "451 4.7.500 Server busy. Too many connections", DEFERRED, "4.7.500", HOST, Reason.RATE_LIMITED),
        (Stage.RCPT, "450 4.7.28 unusual rate of unsolicited mail", DEFERRED, "4.7.28", HOST, Reason.RATE_LIMITED),
        (Stage.RCPT, "450 Mailbox busy", DEFERRED, "4.2.0", RECIPIENT, Reason.SYSTEM),
        (Stage.RCPT, "451 Local error in processing", DEFERRED, "4.3.0", RECIPIENT, Reason.SYSTEM),
        (Stage.MAIL, "550 5.7.1 Service unavailable; client blocked using zen.spamhaus.org", FAILED, "5.7.1", MESSAGE, Reason.REPUTATION),
        (Stage.CONTENT, "550 5.7.26 Unauthenticated email is not accepted due to DMARC", FAILED, "5.7.26", MESSAGE, Reason.AUTHENTICATION),
        (Stage.CONTENT, "554 Message rejected as spam", FAILED, "5.0.0", MESSAGE, Reason.SPAM),
        (Stage.MAIL, "552 Message size exceeds fixed limit", FAILED, "5.3.4", MESSAGE, Reason.TOO_LARGE),
        (Stage.CONTENT, "550 5.6.0 Content has a line that is too long", FAILED, "5.6.0", MESSAGE, Reason.CONTENT),
        (Stage.MAIL, "553 5.1.8 Sender domain does not resolve", FAILED, "5.1.8", MESSAGE, Reason.DNS),
        (Stage.MAIL, "530 Authentication required", FAILED, "5.7.0", MESSAGE, Reason.AUTHENTICATION),
        (Stage.CONTENT, "599 ?", FAILED, "5.0.0", MESSAGE, Reason.UNDETERMINED),
    ],
)  # fmt: skip
def test_answers(
    stage: Stage, said: str, result: Result, enhanced: str, about: About, reason: Reason
) -> None:
    verdict = judged(answer(stage, said))
    assert (verdict.result, verdict.enhanced, verdict.about) == (result, enhanced, about)
    if result is not DELIVERED:
        # What a listing shows, and the next attempt goes by
        assert classify(enhanced, str(answer(stage, said))).reason is reason


@pytest.mark.parametrize(
    ("own", "enhanced", "about"),
    [
        (BAD_SENDER, "5.1.7", RECIPIENT),
        (BAD_RECIPIENT, "5.1.3", RECIPIENT),
        (NEEDS_8BITMIME, "5.6.3", MESSAGE),
        (NEEDS_SMTPUTF8, "5.6.7", MESSAGE),
        (too_large(2, 1), "5.3.4", MESSAGE),
    ],
)
def test_answers_of_our_own(own: Answer, enhanced: str, about: About) -> None:
    assert judged(own) == Verdict(FAILED, enhanced, about)


def failed(kind: Failing, said: str = "", *, after_dot: bool = False) -> ConnectionFailed:
    reply = answer(Stage.GREETING, said) if said else None
    return ConnectionFailed(kind, Stage.GREETING, "it failed", reply, after_dot=after_dot)


@pytest.mark.parametrize(
    ("failure", "result", "enhanced"),
    [
        (failed(Failing.CONNECT), DEFERRED, "4.4.1"),
        (failed(Failing.TIMEOUT), DEFERRED, "4.4.2"),
        (failed(Failing.LOST), DEFERRED, "4.4.2"),
        (failed(Failing.TLS), DEFERRED, "4.7.5"),
        (failed(Failing.AUTH, "535 5.7.8 Wrong"), DEFERRED, "4.7.8"),
        (failed(Failing.PROTOCOL), DEFERRED, "4.5.0"),
        (failed(Failing.GREETING, "554 No service"), DEFERRED, "4.3.2"),
        (failed(Failing.GREETING, "554 5.7.1 Blocked, see blocklist"), DEFERRED, "4.3.2"),
        (failed(Failing.GREETING, "421 4.7.0 Later"), DEFERRED, "4.7.0"),
        (failed(Failing.GREETING, "521 No mail here"), FAILED, "5.3.2"),
    ],
)
def test_failures_speak_of_the_host(
    failure: ConnectionFailed, result: Result, enhanced: str
) -> None:
    busy = failure.kind is Failing.GREETING
    assert judged(failure) == Verdict(result, enhanced, HOST, busy)


@pytest.mark.parametrize("kind", [Failing.LOST, Failing.TIMEOUT])
def test_what_is_lost_behind_the_content_may_have_been_taken(kind: Failing) -> None:
    verdict = judged(failed(kind, after_dot=True))
    assert verdict == Verdict(DEFERRED, "4.4.2", HOST, uncertain=True)


def test_a_host_that_sends_no_report_of_success_relays() -> None:
    taken = Answer(250, "2.0.0", "OK", Stage.CONTENT, relayed=True)
    assert judged(taken).result is Result.RELAYED


def test_every_code_has_an_enhanced_one_of_its_class() -> None:
    for code in range(400, 600):
        for stage in (Stage.MAIL, Stage.RCPT, Stage.CONTENT):
            verdict = judged(answer(stage, f"{code} no words"))
            assert verdict.enhanced[0] == str(code)[0]
            assert verdict.result is (DEFERRED if code < 500 else FAILED)


def test_words_do_not_make_a_failure_of_what_is_temporary() -> None:
    for words in ("5.1.1 user unknown", "blocked by spamhaus", "no such mailbox", "over quota"):
        for stage in (Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.CONTENT):
            assert judged(answer(stage, f"451 {words}")).result is DEFERRED
