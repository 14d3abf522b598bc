"""What a refusal or a bounce means: whether the address is bad for good, and why (a table).

Pure. Words say more than codes, since hosts give 5.1.1 or 550 for whatever they do not like; so
first the text is looked at, then the enhanced status code, then the reply code (RFC 3463).
"""

from __future__ import annotations

import re

from bitrixmail.model.dsn import Action, Bounce, Nature, Reason, Returned, Verdict
from bitrixmail.outbound.reasons.words import WORDS

_MAX_TEXT = 4000
_SPACES = re.compile(r"\s+")
_REPLY = re.compile(r"(?<![\d.])([245])\d\d(?=[ \-]|\Z)")
_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3}\.\d{1,3})(?!\.?\d)", re.ASCII)

# Nothing will reach such an address. Of everything else another message, or another day, may.
_HARD = frozenset(
    (Reason.UNKNOWN_USER, Reason.DISABLED, Reason.MOVED, Reason.BAD_ADDRESS, Reason.NO_SUCH_DOMAIN,
     Reason.TAKES_NO_MAIL)
)  # fmt: skip
_UNCLEAR = frozenset((Reason.UNDETERMINED, Reason.EXPIRED, Reason.RELAYING, Reason.ROUTING))

_TABLE = tuple(
    (reason, re.compile("|".join(line.strip() for line in words.split("\n") if line.strip())))
    for reason, words in WORDS.items()
)

# By subject and detail of a status code, whatever its class (RFC 3463 §3; RFC 7505 §4 and
# RFC 7372 §3 added some).
_CODES = {
    "1.1": Reason.UNKNOWN_USER, "1.2": Reason.NO_SUCH_DOMAIN,
    "1.3": Reason.BAD_ADDRESS, "1.4": Reason.BAD_ADDRESS, "1.6": Reason.MOVED,
    "1.7": Reason.SENDER, "1.8": Reason.SENDER, "1.10": Reason.TAKES_NO_MAIL,
    "2.1": Reason.DISABLED, "2.2": Reason.MAILBOX_FULL, "2.3": Reason.TOO_LARGE,
    "2.4": Reason.ROUTING, "3.0": Reason.SYSTEM, "3.1": Reason.SYSTEM, "3.2": Reason.SYSTEM,
    "3.3": Reason.PROTOCOL, "3.4": Reason.TOO_LARGE, "3.5": Reason.SYSTEM,
    "4.1": Reason.UNREACHABLE, "4.2": Reason.TIMEOUT, "4.3": Reason.DNS, "4.4": Reason.ROUTING,
    "4.5": Reason.RATE_LIMITED, "4.6": Reason.LOOP, "4.7": Reason.EXPIRED,
    "5.1": Reason.PROTOCOL, "5.2": Reason.PROTOCOL, "5.3": Reason.RATE_LIMITED,
    "5.4": Reason.PROTOCOL, "6.0": Reason.CONTENT, "6.1": Reason.CONTENT, "6.3": Reason.CONTENT,
    "6.6": Reason.CONTENT, "6.7": Reason.CONTENT, "7.1": Reason.POLICY, "7.2": Reason.POLICY,
    "7.3": Reason.POLICY, "7.4": Reason.TLS, "7.10": Reason.TLS, "7.20": Reason.AUTHENTICATION,
    "7.21": Reason.AUTHENTICATION, "7.22": Reason.AUTHENTICATION, "7.23": Reason.AUTHENTICATION,
    "7.24": Reason.AUTHENTICATION, "7.25": Reason.REPUTATION, "7.26": Reason.AUTHENTICATION,
    "7.27": Reason.AUTHENTICATION,
}  # fmt: skip
_REPLIES = {
    "421": Reason.RATE_LIMITED, "450": Reason.SYSTEM, "451": Reason.SYSTEM, "452": Reason.SYSTEM,
    "454": Reason.TLS, "500": Reason.PROTOCOL, "501": Reason.PROTOCOL, "502": Reason.PROTOCOL,
    "503": Reason.PROTOCOL, "530": Reason.AUTHENTICATION, "551": Reason.MOVED,
    "552": Reason.TOO_LARGE, "556": Reason.TAKES_NO_MAIL,
}  # fmt: skip
_CODE = re.compile(r"(?<![\d.\-])([45]\d\d)(?=[ \-]|\Z)")


def classify(status: str, text: str, *, final: bool = True) -> Verdict:
    """Tell what a reply or a diagnostic means.

    `status` is an enhanced status code or empty, `text` what was said with it. Unless `final`,
    and where the code is of the class 4, nothing is hard: the other side says it may change.
    """
    said = _SPACES.sub(" ", text[:_MAX_TEXT]).strip().lower()
    return _verdict(_reason(status, said), _is_transient(status, said) or not final)


def judge(returned: Returned, bounce: Bounce) -> Verdict:
    """Tell what a bounce means for one of its recipients."""
    final = returned.action is not Action.DELAYED
    verdict = classify(returned.status, returned.diagnostic, final=final)
    if verdict.reason in _UNCLEAR and bounce.text:
        whole = classify(returned.status, bounce.text, final=final)
        if whole.reason is not Reason.UNDETERMINED and whole.reason is not verdict.reason:
            return whole
    return verdict


def _reason(status: str, said: str) -> Reason:
    for reason, words in _TABLE:
        if words.search(said):
            return reason
    found = _STATUS.match(status) or _STATUS.search(said)
    if found is not None and found[2] in _CODES:
        return _CODES[found[2]]
    code = _CODE.search(said)
    return _REPLIES.get(code[1], Reason.UNDETERMINED) if code else Reason.UNDETERMINED


def _is_transient(status: str, said: str) -> bool:
    """Tell whether the codes say that it may go better later."""
    reply = _REPLY.match(said)
    if reply is not None:
        return reply[1] == "4"
    found = _STATUS.match(status) or _STATUS.search(said)
    return found is not None and found[1] == "4"


def _verdict(reason: Reason, transient: bool) -> Verdict:
    if reason in _HARD:
        return Verdict(Nature.SOFT if transient else Nature.HARD, reason)
    if reason in _UNCLEAR and not transient:
        return Verdict(Nature.UNDETERMINED, reason)
    return Verdict(Nature.SOFT, reason)
