"""The mail log: one line per transition, for operators, grep and fail2ban."""

from __future__ import annotations

import re
import time

from twisted.logger import LogLevel, globalLogPublisher
from zope.interface import implementer

from bitrixmail.app.watching.tally import Tally
from bitrixmail.interfaces.maillog import IMailLog
from bitrixmail.interfaces.meter import IMeter
from bitrixmail.model.text import printable

NAMESPACE = "mail"
# The format of its events: one text, which is fit for a log as it is.
LINE = "{line}"
# What needs no quotes; most values are of ASCII and need nothing else either.
_PLAIN = re.compile(r"[^\s\"\\=]+")
_PLAIN_ASCII = re.compile(r"[!#-<>-\[\]-~]{1,300}")
_MOST_CHARACTERS = 300


@implementer(IMailLog)
class MailLog:
    """See IMailLog. Made by compose, lives as long as the server.

    A line is an event of the namespace `mail`, so that it stands in one stream with the
    diagnostic log, in its order, and can be told from it. `meter` and `tally` count them.
    """

    def __init__(self) -> None:
        self.meter: IMeter | None = None
        self.tally: Tally | None = None

    def record(self, transition: str, **fields: object) -> None:
        """See IMailLog."""
        told: dict[str, str] = {}
        words = [transition]
        for key, value in fields.items():
            if value is None:
                continue
            text = value if isinstance(value, str) else str(value)
            if _PLAIN_ASCII.fullmatch(text):
                told[key] = text
                words.append(f"{key}={text}")
            else:
                text = told[key] = printable(text, _MOST_CHARACTERS)
                words.append(f"{key}={_quoted(text)}")
        if self.meter is not None:
            self.meter.count(transition, told)
        if self.tally is not None:
            self.tally.count(transition, told)
        # As a Logger would, for less: there is one for every message.
        globalLogPublisher(
            {
                "log_level": LogLevel.info,
                "log_namespace": NAMESPACE,
                "log_source": None,
                "log_format": LINE,
                "log_time": time.time(),  # noqa: TID251 - what a Logger would write here
                "line": " ".join(words),
                "transition": transition,
                "fields": told,
            }
        )


def _quoted(value: str) -> str:
    if _PLAIN.fullmatch(value):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
