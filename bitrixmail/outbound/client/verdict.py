"""What an answer means: delivered, again later, or never; and of whom it speaks (RFC 5321 §4.2.1).

Pure. Codes decide what becomes of the job; the words of a host only give the reason, for those who
read it and for the retry that suits it, and never make a failure of what its code calls temporary.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from bitrixmail.model.job import Result
from bitrixmail.model.parcel import Answer, ConnectionFailed, Failing, Stage


class About(StrEnum):
    """Of whom an answer speaks."""

    RECIPIENT = "recipient"
    MESSAGE = "message"  # its sender, size or content: other recipients hear the same
    HOST = "host"  # other messages hear the same: leave it alone, ask the next one


class Reason(StrEnum):
    """Why. What nobody can tell is OTHER."""

    TAKEN = "taken"
    NO_MAILBOX = "no such mailbox"
    MAILBOX_FULL = "mailbox full"
    GREYLISTED = "greylisted"
    RATE = "too much at a time"
    POLICY = "policy"
    TOO_LARGE = "too large"
    CANNOT_CARRY = "cannot carry"  # the form of the message, RFC 3463 X.6
    ADDRESS = "bad address"
    BUSY = "busy"  # the host's own trouble
    UNREACHABLE = "unreachable"
    TLS = "tls"
    LOGIN = "login"
    UNCERTAIN = "uncertain"  # lost behind the content: it may have been taken
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one answer means. `enhanced` is the host's own status code if it gave one, else ours.

    FAILED that is about the HOST is final only when no other host is left to ask.
    """

    result: Result
    enhanced: str
    about: About
    reason: Reason


def judged(answer: Answer | ConnectionFailed) -> Verdict:
    """Return what an answer means."""
    if isinstance(answer, ConnectionFailed):
        return _of_failure(answer)
    enhanced = answer.enhanced or _enhanced_of(answer)
    if answer.code // 100 == 2:
        result = Result.RELAYED if answer.relayed else Result.DELIVERED
        return Verdict(result, enhanced, About.RECIPIENT, Reason.TAKEN)
    reason = _reason(answer, enhanced)
    result = Result.FAILED if answer.code // 100 == 5 else Result.DEFERRED
    if _too_many_recipients(answer, enhanced):
        # RFC 5321 §4.5.3.1.10: a 552 of that kind counts as 452
        return Verdict(Result.DEFERRED, "4.5.3", About.RECIPIENT, Reason.RATE)
    return Verdict(result, enhanced, _about(answer, enhanced, reason), reason)


def _of_failure(failure: ConnectionFailed) -> Verdict:
    """A host that can't be spoken with is tried again, but for one that takes no mail at all."""
    enhanced, reason = _FAILINGS[failure.kind]
    result = Result.DEFERRED
    reply = failure.reply
    if failure.after_dot:
        return Verdict(result, "4.4.2", About.HOST, Reason.UNCERTAIN)
    if reply is not None and failure.kind is Failing.GREETING:
        if reply.code in (521, 556):  # RFC 7504 §3, §4
            result, enhanced = Result.FAILED, reply.enhanced or "5.3.2"
        elif reply.enhanced.startswith("4."):
            enhanced = reply.enhanced
        reason = Reason.POLICY if _POLICY.search(reply.text) else Reason.BUSY
    return Verdict(result, enhanced, About.HOST, reason)


_FAILINGS = {
    Failing.CONNECT: ("4.4.1", Reason.UNREACHABLE),
    Failing.GREETING: ("4.3.2", Reason.BUSY),
    Failing.TLS: ("4.7.5", Reason.TLS),
    Failing.AUTH: ("4.7.8", Reason.LOGIN),
    Failing.TIMEOUT: ("4.4.2", Reason.UNREACHABLE),
    Failing.LOST: ("4.4.2", Reason.UNREACHABLE),
    Failing.PROTOCOL: ("4.5.0", Reason.OTHER),
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


# What the hosts of this world say; matched without regard to case, in texts of bounded length
_GREY = re.compile(
    r"gr[ae]y[ -]?list|postgrey"
    r"|(?:re)?try (?:again )?(?:later )?(?:in|after) (?:\d|a (?:few|minute))"
    r"|(?:try|come) (?:again|back) (?:in|after) \d|deferred for \d|first time (?:sender|seen)",
    re.IGNORECASE,
)
_FULL = re.compile(
    r"(?:mail ?box|inbox|account|user|storage) (?:is |has )?(?:been )?(?:over|full|exceed)"
    r"|over ?quota|quota (?:is |has been )?(?:exceed|full|reach)"
    r"|exceed\w* (?:\w+ )?(?:mailbox |storage |disk )?quota|out of (?:disk )?(?:space|storage)"
    r"|not enough (?:disk )?(?:space|storage)|переполнен",
    re.IGNORECASE,
)
_NOBODY = re.compile(
    r"(?:user|recipient|mail ?box|address|account)\W+(?:\S+\W+)?(?:is |was )?(?:unknown|not found"
    r"|unavailable|disabled|inactive|does ?n[o']t exist|does not exist|no longer|invalid)"
    r"|(?:no such|unknown|invalid|non-?existent|unrouteable) (?:\w+ )?(?:user|recipient|mail ?box"
    r"|address|account|person)|no mail ?box|not a (?:known|valid) (?:user|recipient|mailbox)",
    re.IGNORECASE,
)
_RATE = re.compile(
    r"too (?:many|much|fast|frequent)|rate[ -]?(?:limit|exceed|control)|throttl|unusual rate"
    r"|(?:connection|message|sending) (?:rate|limit)|limit (?:is |has been )?(?:exceed|reach)",
    re.IGNORECASE,
)
_POLICY = re.compile(
    r"\bspam|black ?list|block ?list|\bblocked|\brbl\b|dnsbl|spamhaus|barracuda|reputation|\bpolicy"
    r"|\bdmarc\b|\bspf\b|\bdkim\b|unauthenticated|not authenticated|reverse dns|\bptr\b|\bvirus"
    r"|relay(?:ing)? (?:access )?(?:denied|not permitted)|banned|prohibited|not allowed|suspicious",
    re.IGNORECASE,
)
_TOO_MANY = re.compile(r"too many recipients", re.IGNORECASE)


def _too_many_recipients(answer: Answer, enhanced: str) -> bool:
    if answer.stage is not Stage.RCPT or answer.code not in (452, 552):
        return False
    return enhanced.endswith(".5.3") or _TOO_MANY.search(answer.text) is not None


# By the code alone, where it is exact enough
_BY_STATUS = {
    "1.1": Reason.NO_MAILBOX,
    "1.2": Reason.NO_MAILBOX,
    "1.3": Reason.ADDRESS,
    "1.6": Reason.NO_MAILBOX,
    "1.7": Reason.ADDRESS,
    "1.8": Reason.ADDRESS,
    "1.10": Reason.NO_MAILBOX,
    "2.1": Reason.NO_MAILBOX,
    "2.2": Reason.MAILBOX_FULL,
    "2.3": Reason.TOO_LARGE,
    "3.1": Reason.BUSY,
    "3.2": Reason.BUSY,
    "3.4": Reason.TOO_LARGE,
    "4.5": Reason.BUSY,
}


def _reason(answer: Answer, enhanced: str) -> Reason:
    return next(filter(None, _reasons(answer, enhanced)))


def _reasons(answer: Answer, enhanced: str) -> Iterator[Reason | None]:
    """Look at one sign after the other, the surest first."""
    text, temporary, subject = answer.text, answer.code // 100 == 4, enhanced[2:]
    if temporary and answer.code != 421 and _GREY.search(text):
        yield Reason.GREYLISTED
    guessed = _BY_STATUS.get(subject)
    if answer.enhanced and not (guessed is Reason.NO_MAILBOX and temporary):
        yield guessed
    if _FULL.search(text):
        yield Reason.MAILBOX_FULL
    if temporary and _RATE.search(text):
        yield Reason.RATE
    if subject.startswith("6."):
        yield Reason.CANNOT_CARRY
    # Words before the number: many hosts say 5.7.1 to whatever they refuse
    if answer.stage is Stage.RCPT and not temporary and _NOBODY.search(text):
        yield Reason.NO_MAILBOX
    if subject.startswith("7.") or _POLICY.search(text):
        yield Reason.POLICY
    if not answer.enhanced:
        yield guessed
    if answer.code == 421 or subject.startswith(("3.", "4.")):
        yield Reason.BUSY
    yield Reason.OTHER


def _about(answer: Answer, enhanced: str, reason: Reason) -> About:
    if answer.code == 421:
        return About.HOST
    if answer.code // 100 == 4 and reason in {Reason.RATE, Reason.BUSY}:
        # One that has no room, or enough of us, says the same to the next message
        system = enhanced.startswith(("4.3.", "4.4.")) and answer.enhanced != ""
        if answer.stage is not Stage.RCPT or reason is Reason.RATE or system:
            return About.HOST
    if answer.stage is Stage.RCPT or (answer.stage is Stage.OURS and reason is Reason.ADDRESS):
        return About.RECIPIENT
    return About.MESSAGE
