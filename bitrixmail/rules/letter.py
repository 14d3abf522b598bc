"""A message as functions of extensions see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from zope.interface import implementer

from bitrixmail.interfaces.extension import ILetter
from bitrixmail.mime.headers import HeaderSection


@implementer(ILetter)
@dataclass(frozen=True, slots=True)
class Letter:
    """See ILetter. Made for one call, whose thread may keep it longer: it shares nothing."""

    mailbox: str
    sender: str
    recipients: tuple[str, ...]
    size_octets: int
    content: bytes = field(repr=False)
    folder: str = "INBOX"
    flags: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    queue_id: str = ""
    rule: str = ""
    key: str = ""
    attempt: int = 0
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def subject(self) -> str:
        """See ILetter."""
        return self.text("subject")

    def text(self, name: str) -> str:
        """See ILetter."""
        return HeaderSection.parse(self.content).text(name)

    def texts(self, name: str) -> tuple[str, ...]:
        """See ILetter."""
        return HeaderSection.parse(self.content).texts(name)
