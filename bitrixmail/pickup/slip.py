"""The slip that stands before the message in a file of the pickup directory: its envelope.

Lines that end in LF, each a word, perhaps a space and a value; an empty line ends it, and the
octets of the message follow as they came. Written by `inject/`, whose programs import nothing:

    bitrixmail-pickup 1       the format and its version, always first
    sender ADDRESS            nothing or <> behind it: the null sender; missing: it was not given
    name TEXT                 a full name for the From field
    notify success,delay      RFC 3461 §4.1; for the recipient it stands behind, before any: for all
    orcpt TYPE;ADDRESS        RFC 3461 §4.2, as xtext; for the recipient it stands behind
    ret full | ret hdrs       RFC 3461 §4.3
    envid TEXT                RFC 3461 §4.4, not in xtext
    body 8BITMIME | 7BIT      RFC 6152
    recipient ADDRESSES       one or more, with commas between them, as in a field
    fields                    the fields To, Cc and Bcc of the message name recipients too
    whole OCTETS SUM          how many octets the message has, and their sum modulo 2^32: it may be
                              seen before it is durable, and after a power failure be a part of it

Who wrote it is not said: that is the file's owner. Pure; raises SlipError.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from bitrixmail.model.envelope import RecipientParameters

FIRST = b"bitrixmail-pickup 1"
MAX_OCTETS = 1024 * 1024 + 1024
_NOTIFY = re.compile(r"NEVER|(?:SUCCESS|FAILURE|DELAY)(?:,(?:SUCCESS|FAILURE|DELAY))*")
_ENVID = re.compile(r"[!-~]{1,100}")
_ORCPT = re.compile(r"[A-Za-z0-9-]+;[!-~\u00a1-\U0010ffff]{1,500}")
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_WHOLE = re.compile(r"([0-9]{1,6}) ([0-9]{1,10})")
# What a program reads before it writes the slip; only then it knows the whole
MAX_WHOLE_OCTETS = 128 * 1024


class SlipError(ValueError):
    """A slip that can't be used, with a sentence for people."""


@dataclass(frozen=True, slots=True)
class Slip:
    """What was asked for. `sender` None: not given; empty: the null sender.

    `recipients` are the values as given, each with what was asked for it. `parameters` are for
    those that the message's fields name. `whole`: the octets of the message, and their sum.
    """

    sender: bytes | None = None
    name: str = ""
    ret: str | None = None
    envid: str | None = None
    body: str | None = None
    fields: bool = False
    whole: tuple[int, int] | None = None
    recipients: tuple[tuple[bytes, RecipientParameters], ...] = ()
    parameters: RecipientParameters = field(default_factory=RecipientParameters)


def read_slip(octets: bytes) -> tuple[Slip, int] | None:
    """Read the slip at the start of `octets`; return it and where the message begins.

    None: its end is not among them, more are needed.
    """
    begun = FIRST + b"\n"
    if octets[: len(begun)] != begun[: len(octets)]:
        raise SlipError("is not a message for the pickup directory, or of a later version")
    end = octets.find(b"\n\n")
    if end < 0 or end > MAX_OCTETS:
        if len(octets) > MAX_OCTETS:
            raise SlipError(f"has more than {MAX_OCTETS} octets before the message")
        return None
    reader = _Reader()
    for line in octets[len(begun) : end].split(b"\n"):
        if line:
            reader.take(line)
    return reader.slip(), end + 2


class _Reader:
    """Takes line by line. Made by `read_slip`, ends with it."""

    def __init__(self) -> None:
        self._values: dict[str, bytes] = {}
        self._recipients: list[tuple[bytes, RecipientParameters]] = []

    def take(self, line: bytes) -> None:
        if _CONTROL.search(line):
            raise SlipError("has a control character in a line before the message")
        word, _, value = line.partition(b" ")
        key = word.decode("ascii", "replace")
        if key == "recipient":
            self._recipients.append((value, RecipientParameters()))
        elif key in ("notify", "orcpt") and self._recipients:
            address, parameters = self._recipients[-1]
            self._recipients[-1] = address, self._with(parameters, key, value)
        elif key not in _KNOWN:
            raise SlipError(f"has the unknown line {key[:40]!r} before the message")
        elif key in self._values:
            raise SlipError(f"says {key} twice")
        else:
            self._values[key] = value

    @staticmethod
    def _with(parameters: RecipientParameters, key: str, value: bytes) -> RecipientParameters:
        text = _text(value)
        if key == "orcpt":
            if not _ORCPT.fullmatch(text):
                raise SlipError("has an orcpt that is none")
            return replace(parameters, orcpt=text)
        words = text.upper()
        if not _NOTIFY.fullmatch(words):
            raise SlipError("has a notify that is neither never nor some of success,failure,delay")
        return replace(parameters, notify=frozenset(words.split(",")))

    def slip(self) -> Slip:
        values = self._values
        common = RecipientParameters()
        if "notify" in values:
            common = self._with(common, "notify", values["notify"])
        return Slip(
            sender=values.get("sender"),
            name=_text(values.get("name", b"")),
            ret=self._one_of("ret", "FULL", "HDRS"),
            envid=self._envid(),
            body=self._one_of("body", "7BIT", "8BITMIME"),
            fields="fields" in values,
            whole=self._whole(),
            recipients=tuple(
                (address, replace(own, notify=own.notify or common.notify))
                for address, own in self._recipients
            ),
            parameters=common,
        )

    def _envid(self) -> str | None:
        if "envid" not in self._values:
            return None
        text = _text(self._values["envid"])
        if not _ENVID.fullmatch(text):
            raise SlipError("has an envid that is not 1 to 100 visible characters of ASCII")
        return text

    def _whole(self) -> tuple[int, int] | None:
        if "whole" not in self._values:
            return None
        match = _WHOLE.fullmatch(_text(self._values["whole"]))
        if match is None or int(match[1]) > MAX_WHOLE_OCTETS:
            raise SlipError(f"has a whole that is not {MAX_WHOLE_OCTETS} octets at most and a sum")
        return int(match[1]), int(match[2])

    def _one_of(self, key: str, *allowed: str) -> str | None:
        if key not in self._values:
            return None
        text = _text(self._values[key]).upper()
        if text not in allowed:
            raise SlipError(f"has a {key} that is none of {', '.join(allowed)}")
        return text


_KNOWN = {"sender", "name", "notify", "ret", "envid", "body", "fields", "whole"}


def _text(octets: bytes) -> str:
    """Decode a value; a full name may come in the charset of an old terminal."""
    return octets.decode("utf-8", "replace")
