"""What this door says: the words of its replies, and the error of a command that is refused.

Codes in brackets: RFC 2449 §8, RFC 3206.
"""

from __future__ import annotations

from bitrixmail.model.errors import MaildropLockedError, MailError, PermanentError
from bitrixmail.model.reply import MAILDROP_LOCKED, Reply
from bitrixmail.model.text import printable

# A reply line has 512 octets, the indicator and CR LF included (RFC 2449 §4)
_MAX_WORDS = 480

WRONG_LOGIN = "[AUTH] Name or password is wrong"
NO_FOLDER = "[SYS/PERM] This mailbox has no such folder"
NOT_AVAILABLE = "[SYS/TEMP] Nobody can be logged in now, please try again later"
IN_USE = f"[IN-USE] {MAILDROP_LOCKED.text}"
BUG = "[SYS/TEMP] Local error in processing, please try again later"
NOT_DELETED = "[SYS/TEMP] Nothing was deleted, please try again later"

BAD_LINE = "A command is one line of text ended by CR LF"
LONG_LINE = "Line too long"
UNKNOWN = "Unknown command"
ARGUMENTS = "This command takes other arguments"
LOG_IN_FIRST = "Log in first"
LOGGED_IN = "You are logged in already"
TLS_FIRST = "Passwords are taken under TLS only: send STLS first"
NO_APOP = "APOP is not offered: passwords are not kept in the clear"
USER_FIRST = "Send USER first"
IN_TLS = "TLS is active already"
NO_TLS = "TLS is not possible here"
NO_MECHANISM = "No such mechanism here"
AUTH_CANCELLED = "Cancelled"
AUTH_BROKEN = "Not what this mechanism expects"
NUMBER_SYNTAX = "Syntax: the number of a message"
TOP_SYNTAX = "Syntax: TOP, the number of a message, how many lines of its body"
NO_MESSAGE = "No such message"
MARKED = "This message is marked as deleted"
TOO_MANY_ERRORS = "Too many errors"

MESSAGE_GONE = Reply(550, "", "This message is not there any more")


class RefusedError(PermanentError):
    """A command that is not obeyed because of what its sender did; `words` is what he is told."""

    def __init__(self, words: str) -> None:
        super().__init__(Reply(500, "", words))
        self.words = words


def ok(words: str = "") -> bytes:
    """Write a positive reply."""
    return _line("+OK", words)


def err(words: str) -> bytes:
    """Write a negative reply."""
    return _line("-ERR", words)


def _line(indicator: str, words: str) -> bytes:
    text = f"{indicator} {printable(words, _MAX_WORDS)}".rstrip()
    return text.encode("ascii", "replace") + b"\r\n"


def words_of(error: MailError) -> str:
    """Return what a client is told of an error of the store or the directory."""
    if isinstance(error, MaildropLockedError):
        return IN_USE
    kind = "PERM" if isinstance(error, PermanentError) else "TEMP"
    return f"[SYS/{kind}] {error.reply.text}"
