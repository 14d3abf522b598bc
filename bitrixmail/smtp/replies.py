"""The replies that this door gives by itself (RFC 5321 §4.2.3, RFC 3463)."""

from __future__ import annotations

from collections.abc import Sequence

from bitrixmail.model.outcome import Outcome
from bitrixmail.model.reply import TRANSACTION_FAILED, Reply
from bitrixmail.model.text import printable
from bitrixmail.smtp.content import ContentFault

OK = Reply(250, "2.0.0", "OK")
SENDER_OK = Reply(250, "2.1.0", "Sender OK")
RECIPIENT_OK = Reply(250, "2.1.5", "Recipient OK")
START_DATA = Reply(354, "", "End data with <CR><LF>.<CR><LF>")
BYE = Reply(221, "2.0.0", "Bye")
READY_FOR_TLS = Reply(220, "2.0.0", "Ready to start TLS")
CANNOT_VERIFY = Reply(252, "2.0.0", "Cannot VRFY a user, but will take mail for one")
HELP = Reply(214, "2.0.0", "See RFC 5321; the reply to EHLO names what is offered")

TIMED_OUT = Reply(421, "4.4.2", "Timeout, closing transmission channel")
TOO_SLOW = Reply(421, "4.4.2", "Content comes too slowly, closing transmission channel")
TOO_MANY_ERRORS = Reply(421, "4.7.0", "Too many errors, closing transmission channel")
TOO_MANY_COMMANDS = Reply(421, "4.7.0", "Too many commands without a message, closing")
GUESSING = Reply(421, "4.7.0", "Too many recipients refused and none accepted, closing")
# What a good client may be told on a bad day has a code of its own, 4.3.2: nobody is banned for it
TOO_MANY_MESSAGES = Reply(421, "4.3.2", "Too many messages in one session, connect again")
TOO_MANY_REFUSED = Reply(421, "4.3.2", "Too many recipients refused, closing")
NO_TIME_FOR_ERRORS = Reply(421, "4.3.2", "Too busy for wrong commands, closing")
ENOUGH_REFUSED = Reply(452, "4.5.3", "Too many recipients refused, send the rest separately")

BAD_LINE = Reply(500, "5.5.2", "A command is one line of text ended by CR LF")
LONG_COMMAND = Reply(500, "5.5.2", "Command line too long")
UNKNOWN_COMMAND = Reply(500, "5.5.1", "Command not recognized")
NOT_OFFERED = Reply(502, "5.5.1", "Command not offered here")
NO_ARGUMENT = Reply(501, "5.5.4", "This command takes no argument")
HELO_SYNTAX = Reply(501, "5.5.4", "Syntax: HELO or EHLO, then your host name")
MAIL_SYNTAX = Reply(501, "5.5.2", "Syntax: MAIL FROM:<address>")
RCPT_SYNTAX = Reply(501, "5.5.2", "Syntax: RCPT TO:<address>")
BDAT_SYNTAX = Reply(501, "5.5.4", "Syntax: BDAT octets [LAST]; where commands go on is not clear")
XCLIENT_SYNTAX = Reply(501, "5.5.4", "Syntax: XCLIENT attribute=value, see XCLIENT_README")
NOT_UTF8 = Reply(501, "5.5.2", "Not UTF-8")
BAD_SENDER = Reply(501, "5.1.7", "Bad sender address syntax")
BAD_RECIPIENT = Reply(501, "5.1.3", "Bad recipient address syntax")
NEEDS_SMTPUTF8 = Reply(553, "5.6.7", "Address needs SMTPUTF8 at MAIL")
UNKNOWN_PARAMETER = Reply(555, "5.5.4", "Parameter not recognized")
BAD_PARAMETER = Reply(501, "5.5.4", "Parameter malformed or given twice")
TOO_LARGE = Reply(552, "5.3.4", "Message larger than the fixed maximum")

HELO_FIRST = Reply(503, "5.5.1", "Send HELO or EHLO first")
NESTED_MAIL = Reply(503, "5.5.1", "Sender already given")
MAIL_FIRST = Reply(503, "5.5.1", "Send MAIL first")
RCPT_FIRST = Reply(503, "5.5.1", "Send RCPT first")
NO_RECIPIENTS = Reply(554, "5.5.1", "No valid recipients")
IN_CHUNKS = Reply(503, "5.5.1", "Content is being sent by BDAT already")
EARLY_TALKER = Reply(554, "5.5.0", "You spoke before the greeting")
NOT_PIPELINED = Reply(503, "5.5.0", "Improper use of SMTP command pipelining")
IN_TRANSACTION = Reply(503, "5.5.1", "Not within a mail transaction")
AUTH_FIRST = Reply(530, "5.7.0", "Log in first")
AUTH_AFTER_TLS = Reply(530, "5.7.0", "Send STARTTLS first, then log in")
NEEDS_TLS = Reply(538, "5.7.11", "Passwords are taken under TLS only: send STARTTLS first")
LOGGED_IN = Reply(503, "5.5.1", "You are logged in already")
NO_MECHANISM = Reply(504, "5.5.4", "No such mechanism here")
AUTH_SYNTAX = Reply(501, "5.5.4", "Syntax: AUTH mechanism [initial response]")
AUTH_BROKEN = Reply(501, "5.5.2", "Not what this mechanism expects")
AUTH_CANCELLED = Reply(501, "5.7.0", "Cancelled")
LONG_AUTH_LINE = Reply(500, "5.5.6", "Authentication exchange line too long")
WRONG_LOGIN = Reply(535, "5.7.8", "Name or password is wrong")
NO_LOGIN_NOW = Reply(454, "4.7.0", "Nobody can be logged in now, please try again later")
WELCOME = Reply(235, "2.7.0", "Logged in")
LOCAL_ONLY = Reply(554, "5.7.1", "LMTP is served to this machine alone")

IN_TLS = Reply(503, "5.5.1", "TLS is active already")

FAULTS = {
    ContentFault.BARE_LINE_END: Reply(550, "5.6.0", "Content has CR or LF standing alone"),
    ContentFault.NUL: Reply(550, "5.6.0", "Content has NUL"),
    ContentFault.LONG_LINE: Reply(550, "5.6.0", "Content has a line that is too long"),
    ContentFault.OVERSIZE: TOO_LARGE,
}


def encoded(reply: Reply, *, utf8: bool = False) -> bytes:
    """Write a reply as one line; `utf8` if the client asked for SMTPUTF8 (RFC 6531 §3.7.4.2)."""
    return _KNOWN.get(id(reply)) or _written(reply, utf8)


def _written(reply: Reply, utf8: bool) -> bytes:
    line = (
        f"{reply.code} {reply.enhanced} {reply.text}"
        if reply.enhanced
        else (f"{reply.code} {reply.text}")
    )
    # 512 octets of a reply line (RFC 5321 §4.5.3.1.5) hold this also if every letter takes two
    return printable(line, 250).encode("utf-8" if utf8 else "ascii", "replace") + b"\r\n"


def folded(outcomes: Sequence[Outcome]) -> Reply:
    """Make one reply of the outcomes of all recipients.

    Alike: that one. Any success: that, or the client would send the whole again to those who have
    it. Else a temporary refusal, so that those who may yet get it are tried again; else the first.
    """
    replies = [outcome.reply for outcome in outcomes]
    if not replies:
        return TRANSACTION_FAILED
    return min(replies, key=_preference)


# Those every message gets, by what they are: they live as long as the program
_KNOWN = {id(reply): _written(reply, utf8=False) for reply in (SENDER_OK, RECIPIENT_OK, START_DATA)}


def _preference(reply: Reply) -> int:
    return {2: 0, 4: 1}.get(reply.code // 100, 2)
