"""What the queue's states, kinds and reasons are called on the pages, and what is to be done."""

from __future__ import annotations

from bitrixmail.model.dsn import Reason
from bitrixmail.model.job import JobState, Kind, Priority, Result
from bitrixmail.web.words import _

STATES = {
    JobState.WAITING: _("waits"),
    JobState.LEASED: _("under way"),
    JobState.HELD: _("held"),
    JobState.DONE: _("done"),
    JobState.DEAD: _("given up"),
}
# How a state looks, beside its word
LOOKS = {
    JobState.WAITING: "warn",
    JobState.LEASED: "good",
    JobState.HELD: "off",
    JobState.DONE: "good",
    JobState.DEAD: "bad",
}
KINDS = {
    Kind.REMOTE: _("mail to others"),
    Kind.LOCAL: _("mail to our own"),
    Kind.BOUNCE: _("bounce to be read"),
    Kind.REPORT: _("notice of delivery"),
    Kind.MAIL: _("forward or reply"),
    Kind.WEBHOOK: _("webhook"),
    Kind.BITRIX24: _("Bitrix24"),
    Kind.TICKET: _("ticket"),
    Kind.COMMAND: _("command"),
    Kind.PYTHON: _("extension"),
    Kind.LEARN: _("learning of spam"),
}
PRIORITIES = {
    Priority.URGENT: _("urgent"),
    Priority.NORMAL: _("normal"),
    Priority.BULK: _("bulk"),
}
RESULTS = {
    Result.DELIVERED: _("delivered"),
    Result.RELAYED: _("handed on"),
    Result.DEFERRED: _("put off"),
    Result.FAILED: _("refused"),
}
REASONS = {
    Reason.UNKNOWN_USER: _("unknown user"),
    Reason.DISABLED: _("mailbox disabled"),
    Reason.MOVED: _("address changed"),
    Reason.BAD_ADDRESS: _("bad address"),
    Reason.NO_SUCH_DOMAIN: _("no such domain"),
    Reason.TAKES_NO_MAIL: _("domain takes no mail"),
    Reason.MAILBOX_FULL: _("mailbox full"),
    Reason.SPAM: _("taken for spam"),
    Reason.REPUTATION: _("sending host blocked"),
    Reason.AUTHENTICATION: _("sender not authenticated"),
    Reason.SENDER: _("sender refused"),
    Reason.POLICY: _("refused by policy"),
    Reason.CONTENT: _("content refused"),
    Reason.TOO_LARGE: _("too large"),
    Reason.GREYLISTED: _("greylisted"),
    Reason.RATE_LIMITED: _("too much at once"),
    Reason.RELAYING: _("relaying denied"),
    Reason.ROUTING: _("no route"),
    Reason.LOOP: _("mail loop"),
    Reason.DNS: _("DNS failure"),
    Reason.UNREACHABLE: _("host not reached"),
    Reason.TIMEOUT: _("time-out"),
    Reason.TLS: _("TLS failure"),
    Reason.PROTOCOL: _("protocol error"),
    Reason.SYSTEM: _("trouble at the host"),
    Reason.EXPIRED: _("expired"),
    Reason.GIVEN_UP: _("given up by hand"),
    Reason.UNDETERMINED: _("undetermined"),
}
_ADDRESS = _("Correct the address; nothing more goes to it for a while.")
_DOMAIN = _("Look for a slip of the pen in the domain.")
_RECIPIENT = _("Only the recipient or his provider can change that.")
_TRUST = _("See on the page of the sender's domain whether others can trust this server.")
_NOTHING = _("Nothing: the other server is not in order; it is asked again.")
_OTHERS = _("Nothing, if others get their mail; else see the page “Doctor”.")
_READ = _("Read what the reply says.")
ADVICE = {
    Reason.UNKNOWN_USER: _ADDRESS,
    Reason.DISABLED: _ADDRESS,
    Reason.MOVED: _ADDRESS,
    Reason.BAD_ADDRESS: _ADDRESS,
    Reason.NO_SUCH_DOMAIN: _DOMAIN,
    Reason.TAKES_NO_MAIL: _DOMAIN,
    Reason.MAILBOX_FULL: _RECIPIENT,
    Reason.SPAM: _TRUST,
    Reason.REPUTATION: _(
        "The address of this server is on a black list: the reply says where to ask for removal."
    ),
    Reason.AUTHENTICATION: _TRUST,
    Reason.SENDER: _("The other side does not like the sender's address: see that it exists."),
    Reason.POLICY: _READ,
    Reason.CONTENT: _("The other side does not take such content: send it in another way."),
    Reason.TOO_LARGE: _("Send a link in place of the file."),
    Reason.GREYLISTED: _("Nothing: it is asked again and then taken, as with all new senders."),
    Reason.RATE_LIMITED: _("Nothing: it goes on more slowly."),
    Reason.RELAYING: _("That host does not take mail for this domain: its MX records are wrong."),
    Reason.ROUTING: _(
        "Look for a slip of the pen in the domain; where mail goes by a smarthost or route of"
        " yours, correct it on the page “Settings”."
    ),
    Reason.LOOP: _("Two servers send it to each other: see the MX records and forwards."),
    Reason.DNS: _("See on the page “Doctor” whether the name servers answer."),
    Reason.UNREACHABLE: _OTHERS,
    Reason.TIMEOUT: _OTHERS,
    Reason.TLS: _(
        "The other side has no TLS that may be trusted, and its domain or you demand it."
    ),
    Reason.PROTOCOL: _NOTHING,
    Reason.SYSTEM: _NOTHING,
    Reason.EXPIRED: _("See the attempts for what kept it; “Try now” tries it anew."),
    Reason.UNDETERMINED: _READ,
}
ACTION_ADVICE = _("Read what it says, mend that, then have it done at once by “Try now”.")


def reason_words(reason: str) -> str:
    """Return what a reason of a story is called; empty for none."""
    return REASONS[Reason(reason)] if reason else ""


def advice_words(reason: str, *, action: bool, failed: bool) -> str:
    """Return what the owner may do; empty for nothing."""
    if action:
        return ACTION_ADVICE if failed else ""
    return ADVICE.get(Reason(reason), "") if reason else ""
