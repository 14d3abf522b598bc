"""The mail log: one line per transition, for operators, grep and fail2ban."""

from __future__ import annotations

import re

from twisted.logger import Logger
from zope.interface import implementer

from bitrixmail.interfaces.maillog import IMailLog
from bitrixmail.model.text import printable

NAMESPACE = "mail"
# What needs no quotes.
_PLAIN = re.compile(r"[^\s\"\\=]+")
_MOST_CHARACTERS = 300


@implementer(IMailLog)
class MailLog:
    """See IMailLog. Made by compose, lives as long as the server.

    A line is an event of the namespace `mail`, so that it stands in one stream with the
    diagnostic log, in its order, and can be told from it.
    """

    def __init__(self) -> None:
        self._log = Logger(namespace=NAMESPACE)

    def record(self, transition: str, **fields: object) -> None:
        """See IMailLog."""
        told = {key: _text(value) for key, value in fields.items() if value is not None}
        words = [transition, *[f"{key}={_quoted(value)}" for key, value in told.items()]]
        self._log.info("{line}", line=" ".join(words), transition=transition, fields=told)


def _text(value: object) -> str:
    return printable(value if isinstance(value, str) else str(value), _MOST_CHARACTERS)


def _quoted(value: str) -> str:
    if _PLAIN.fullmatch(value):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
