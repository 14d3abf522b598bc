"""What an answer means: delivered, again later, or never; and of whom it speaks (RFC 5321 §4.2.1).

Pure. Codes decide what becomes of the job; the words of a host only tell one that is overrun from
one that speaks of this message. Why a message was not taken is told by `outbound.reasons`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from bitrixmail.model.dsn import Reason
from bitrixmail.model.job import Result
from bitrixmail.model.parcel import Answer, ConnectionFailed, Failing, Stage
from bitrixmail.outbound.reasons.judging import classify

_GOING_AWAY = 421
# What a host says of itself, if its code says so too
_OF_HOST = frozenset(
    {
        Reason.SYSTEM,
        Reason.UNDETERMINED,
        Reason.TIMEOUT,
        Reason.UNREACHABLE,
        Reason.DNS,
        Reason.ROUTING,
        Reason.EXPIRED,
    }
)
_SYSTEM = ("4.3.", "4.4.")
_NO_ROOM = ("4.3.1", "4.3.2", "4.4.5")
_OF_ADDRESS = ("1.3", "1.7", "1.8")


class About(StrEnum):
    """Of whom an answer speaks."""

    RECIPIENT = "recipient"
    MESSAGE = "message"  # its sender, size or content: other recipients hear the same
    HOST = "host"  # other messages hear the same: leave it alone, ask the next one


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one answer means. `enhanced` is the host's own status code if it gave one, else ours.

    FAILED that is about the HOST is final only when no other host is left to ask. `busy`: it wants
    less at a time. `uncertain`: lost behind the content, it may have been taken.
    """

    result: Result
    enhanced: str
    about: About
    busy: bool = False
    uncertain: bool = False


def judged(answer: Answer | ConnectionFailed) -> Verdict:
    """Return what an answer means."""
    if isinstance(answer, ConnectionFailed):
        return _of_failure(answer)
    enhanced = answer.enhanced or _enhanced_of(answer)
    if answer.code // 100 == 2:
        result = Result.RELAYED if answer.relayed else Result.DELIVERED
        return Verdict(result, enhanced, About.RECIPIENT)
    result = Result.FAILED if answer.code // 100 == 5 else Result.DEFERRED
    if _too_many_recipients(answer, enhanced):
        # RFC 5321 §4.5.3.1.10: a 552 of that kind counts as 452
        return Verdict(Result.DEFERRED, "4.5.3", About.RECIPIENT, busy=True)
    reason = classify(answer.enhanced, str(answer)).reason
    busy = _is_busy(answer, enhanced, reason)
    return Verdict(result, enhanced, _about(answer, enhanced, reason, busy=busy), busy)


def _of_failure(failure: ConnectionFailed) -> Verdict:
    """A host that can't be spoken with is tried again, but for one that takes no mail at all."""
    enhanced = _FAILINGS[failure.kind]
    result = Result.DEFERRED
    reply = failure.reply
    greeted = failure.kind is Failing.GREETING
    if failure.after_dot:
        return Verdict(result, "4.4.2", About.HOST, uncertain=True)
    if reply is not None and greeted:
        if reply.code in (521, 556):  # RFC 7504 §3, §4
            result, enhanced = Result.FAILED, reply.enhanced or "5.3.2"
        elif reply.enhanced.startswith("4."):
            enhanced = reply.enhanced
    return Verdict(result, enhanced, About.HOST, busy=greeted)


_FAILINGS = {
    Failing.CONNECT: "4.4.1",
    Failing.GREETING: "4.3.2",
    Failing.TLS: "4.7.5",
    Failing.AUTH: "4.7.8",
    Failing.TIMEOUT: "4.4.2",
    Failing.LOST: "4.4.2",
    Failing.PROTOCOL: "4.5.0",
}

# Basic codes, and what they say at a stage that is more telling (RFC 3463 §3, RFC 5321 §4.2.3)
_BASIC = {
    250: "2.0.0",
    251: "2.1.5",
    252: "2.0.0",
    421: "4.3.2",
    432: "4.7.12",
    450: "4.2.0",
    451: "4.3.0",
    452: "4.3.1",
    454: "4.7.0",
    455: "4.5.4",
    500: "5.5.2",
    501: "5.5.4",
    502: "5.5.1",
    503: "5.5.1",
    504: "5.5.4",
    521: "5.3.2",
    530: "5.7.0",
    534: "5.7.9",
    535: "5.7.8",
    538: "5.7.11",
    550: "5.7.1",
    551: "5.1.6",
    552: "5.3.4",
    553: "5.1.7",
    554: "5.0.0",
    555: "5.5.4",
    556: "5.1.10",
}
_AT_RCPT = {250: "2.1.5", 452: "4.2.2", 501: "5.1.3", 550: "5.1.1", 552: "5.2.2", 553: "5.1.3"}
_AT_MAIL = {250: "2.1.0", 501: "5.1.7"}


def _enhanced_of(answer: Answer) -> str:
    """Make an enhanced status code of a basic one."""
    special = {Stage.RCPT: _AT_RCPT, Stage.MAIL: _AT_MAIL}.get(answer.stage, {})
    return special.get(answer.code) or _BASIC.get(answer.code) or f"{answer.code // 100}.0.0"


_TOO_MANY = re.compile(r"too many recipients", re.IGNORECASE)


def _too_many_recipients(answer: Answer, enhanced: str) -> bool:
    if answer.stage is not Stage.RCPT or answer.code not in (452, 552):
        return False
    return enhanced.endswith(".5.3") or _TOO_MANY.search(answer.text) is not None


def _is_busy(answer: Answer, enhanced: str, reason: Reason) -> bool:
    """Tell whether a host has no room for more at the moment, or had enough of us."""
    if answer.code // 100 != 4:
        return False
    if answer.code == _GOING_AWAY or answer.enhanced in _NO_ROOM or reason is Reason.RATE_LIMITED:
        return True
    return enhanced.startswith(_SYSTEM) and reason in _OF_HOST


def _about(answer: Answer, enhanced: str, reason: Reason, *, busy: bool) -> About:
    if busy:
        # One that has no room, or enough of us, says the same to the next message
        sure = answer.code == _GOING_AWAY or reason is Reason.RATE_LIMITED
        if sure or answer.stage is not Stage.RCPT or answer.enhanced.startswith(_SYSTEM):
            return About.HOST
    ours = answer.stage is Stage.OURS and enhanced[2:] in _OF_ADDRESS
    return About.RECIPIENT if answer.stage is Stage.RCPT or ours else About.MESSAGE
