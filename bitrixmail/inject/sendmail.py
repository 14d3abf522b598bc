"""The whole of sendmail: writes a message into the pickup directory, durable, and is done.

`bitrixmail sendmail install` packs this room into one file that Python runs, beside a quicker
program (`sendmail.pl`) that hands the rare ways to be called over to this one. This one does all of
it, and needs no Perl. Exit codes are those of sysexits.h.
"""

from __future__ import annotations

import os
import sys

from bitrixmail.inject.arguments import Call, read_arguments
from bitrixmail.inject.message import Message, Refused, lines_of
from bitrixmail.inject.place import COMMAND, FOLDER

_TO = tuple(resent + name for resent in (b"", b"resent-") for name in (b"to", b"cc", b"bcc"))
_NOT_RUN = 127  # as a shell has it, and os.spawnv
_NO_FIELD = "no recipient: the message has no field To, Cc or Bcc"
# As far as the server looks
_MOST_HEAD_OCTETS = 256 * 1024


class Head:
    """Follows a header section, as the server does, until a field names recipients (`named`).

    Made for a message whose call names none.
    """

    def __init__(self) -> None:
        self.named = False
        self._first = True
        self._fields = False
        self._octets = 0
        self._line = b""

    def follow(self, piece: bytes) -> None:
        """Take a line, or a piece of a long one. Raises Refused behind the section's end."""
        self._octets += len(piece)
        if self.named:
            return
        if self._octets > _MOST_HEAD_OCTETS:
            raise Refused(os.EX_USAGE, _NO_FIELD)
        self._line += piece
        if piece.endswith(b"\n"):
            self._end_line()

    def end(self) -> None:
        """Take the end of the message. Raises Refused if no field was found."""
        if self._line and not self.named:
            self._end_line()
        if not self.named:
            raise Refused(os.EX_USAGE, _NO_FIELD)

    def _end_line(self) -> None:
        line, self._line = self._line, b""
        first, self._first = self._first, False
        # What the server makes of them
        line = line.rstrip(b"\r\n").replace(b"\r", b" ").replace(b"\0", b" ")
        name, colon, _ = line.partition(b":")
        name = name.rstrip(b" \t")
        if colon and name and all(0x21 <= octet <= 0x7E for octet in name):
            self._fields = True
            self.named = name.lower() in _TO
        elif not (
            (self._fields and line.startswith((b" ", b"\t")))
            or (first and line.startswith((b"From ", b">From ")))
        ):
            raise Refused(os.EX_USAGE, _NO_FIELD)


def submit(call: Call) -> None:
    """Write the message on stdin."""
    if not (call.recipients or call.fields):
        raise Refused(os.EX_USAGE, "no recipient (name one, or let -t read them from the message)")
    message = Message(call.slip())
    head = None if call.recipients else Head()
    try:
        for line in lines_of(sys.stdin.buffer, dots=call.dots):
            if head is not None:
                head.follow(line)
            message.write(line)
        if head is not None:
            head.end()
    except Refused:
        message.forget()
        raise
    except OSError as error:
        message.forget()
        raise Refused(os.EX_IOERR, f"the message can't be read: {error.strerror}") from error
    message.keep()


def ask_the_server(call: Call) -> int:
    """Hand a question about the queue, the aliases or an address over to `bitrixmail`.

    It tells by itself what went wrong, so nothing is added to that.
    """
    _must_be_let_in()
    words = {
        "p": ("queue", "list", "--mailq"),
        "q": ("queue", "retry", "--all"),
        "i": ("alias", "list"),
        "v": ("route", *call.recipients),
    }[call.mode]
    if call.mode == "i":
        sys.stdout.write("Aliases are in force as soon as they are changed; these are:\n")
        sys.stdout.flush()
    code = os.spawnv(os.P_WAIT, COMMAND[0], [*COMMAND, *words])  # noqa: S606 - no shell
    if code == _NOT_RUN:
        raise Refused(
            os.EX_SOFTWARE,
            f"{COMMAND[0]} can't be run, or is not there (run again: bitrixmail sendmail install)",
        )
    if code < 0:
        raise Refused(os.EX_SOFTWARE, f"bitrixmail {words[0]} was ended by signal {-code}")
    return code


def _must_be_let_in() -> None:
    """Refuse whom the server's data is closed to; the pickup directory is its user's as well."""
    import pwd  # noqa: PLC0415 - a message needs none of it

    me = os.geteuid()
    try:
        owner: int | None = os.stat(FOLDER).st_uid  # noqa: PTH116 - pathlib is slow to import
    except PermissionError:
        owner = None
    except OSError:
        return
    if me in (0, owner):
        return

    def name(uid: int) -> str:
        try:
            return pwd.getpwuid(uid).pw_name
        except KeyError:
            return f"#{uid}"

    who, remedy = "root", "run it as root"
    if owner is None:
        who = "root and the server's user"
    elif owner:
        who = f"root and {name(owner)}, the server's user,"
        remedy = f"run it as that user: sudo -u {name(owner)} …"
    raise Refused(
        os.EX_NOPERM,
        f"only {who} may look into the queue, the aliases and where addresses lead, and this is"
        f" {name(me)} ({remedy})",
    )


def main() -> int:
    """Run as sendmail, mailq or newaliases; return the exit code."""
    try:
        call = read_arguments(sys.argv[0], sys.argv[1:])
        if call.mode == "s":
            from bitrixmail.inject.dialogue import Dialogue  # noqa: PLC0415 - hardly ever needed

            return Dialogue(sys.stdin.buffer, sys.stdout.buffer, os.uname().nodename).run()
        if call.mode != "m":
            return ask_the_server(call)
        submit(call)
    except Refused as error:
        sys.stderr.write(f"sendmail: {error}\n")
        return error.code
    return os.EX_OK


if __name__ == "__main__":
    sys.exit(main())
