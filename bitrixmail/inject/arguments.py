"""The arguments of sendmail, as all programs of that name have them."""

from __future__ import annotations

import os

from bitrixmail.inject.message import FIRST, LINE_ENDS, Refused, address_of, as_slip, notify_of

_ALONE = "vGUnmEcsx"
_WITH_VALUE = "frFbBNRVOoeAChLpX"
_MODES = "spiv"
_MOST_RECIPIENTS = 10_000
_SPACES = dict.fromkeys((*range(32), 127), " ")


class Call:
    """What the arguments say. Made once for a process."""

    def __init__(self) -> None:
        self.mode = "m"
        self.sender: str | None = None
        self.name: str | None = None
        self.notify: str | None = None
        self.ret: str | None = None
        self.envid: str | None = None
        self.body: str | None = None
        self.fields = False
        self.dots = False
        self.recipients: list[str] = []

    def slip(self) -> bytes:
        """Return the lines before the message."""
        lines = [FIRST]
        for word in ("sender", "name", "notify", "ret", "envid", "body"):
            value = getattr(self, word)
            if value is not None:
                lines.append(f"{word} {value}")
        lines += ["fields"] * self.fields
        lines += [f"recipient {recipient}" for recipient in self.recipients]
        return as_slip(lines)


def read_arguments(program: str, arguments: list[str]) -> Call:
    """Read the arguments as sendmail has them; flags may follow recipients."""
    call = Call()
    names = {"mailq": "p", "newaliases": "i"}
    call.mode = names.get(os.path.basename(program), "m")  # noqa: PTH119 - pathlib is slow to import
    left = list(arguments)
    while left:
        word = left.pop(0)
        if word == "--":
            call.recipients += left
            break
        if not word.startswith("-") or word == "-":
            call.recipients.append(word)
        else:
            _read_flags(call, word[1:], left)
    call.recipients = [
        address_of(each, "a recipient") for each in call.recipients if each.strip(" \t,;")
    ]
    if sum(1 + each.count(",") for each in call.recipients) > _MOST_RECIPIENTS:
        raise Refused(os.EX_USAGE, f"too many recipients for one call (at most {_MOST_RECIPIENTS})")
    return call


def _read_flags(call: Call, rest: str, left: list[str]) -> None:
    while rest:
        flag, rest = rest[0], rest[1:]
        if flag == "t":
            call.fields = True
        elif flag == "i":
            call.dots = True
        elif flag == "q":
            call.mode, rest = "q", ""
        elif flag == "I":
            call.mode = "i"
        elif flag == "d":
            rest = ""
        elif flag in _WITH_VALUE:
            if not rest and not left:
                raise Refused(os.EX_USAGE, f"-{flag} lacks its value")
            value, rest = rest or left.pop(0), ""
            if LINE_ENDS.intersection(value):
                raise Refused(os.EX_USAGE, f"the value of -{flag} holds a line end")
            _take(call, flag, value)
        elif flag not in _ALONE:
            raise Refused(os.EX_USAGE, f"-{flag} is unknown (see docs/sendmail.md)")


def _take(call: Call, flag: str, value: str) -> None:
    if flag in "fr":
        call.sender = address_of(value, f"the value of -{flag}")
    elif flag == "F":
        call.name = value.translate(_SPACES)
    elif flag == "o":
        call.dots = call.dots or value == "i"
    elif flag == "b":
        if value not in ("m", *_MODES):
            raise Refused(os.EX_USAGE, f"-b{value} is not for this program (see docs/sendmail.md)")
        call.mode = value
    elif flag == "N":
        call.notify = notify_of(value)
    elif flag == "R":
        if value.lower() not in ("full", "hdrs"):
            raise Refused(os.EX_USAGE, "-R takes full or hdrs")
        call.ret = value
    elif flag == "V":
        if not 0 < len(value) <= 100 or not all("!" <= each <= "~" for each in value):
            raise Refused(os.EX_USAGE, "-V takes up to 100 visible characters")
        call.envid = value
    elif flag == "B" and value.upper() in ("7BIT", "8BITMIME"):
        call.body = value
