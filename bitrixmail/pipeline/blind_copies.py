"""The content of a message of who has logged in: fields that nobody else may see are taken out.

RFC 5322 §3.6.3: who gets a blind copy stands in the envelope; a program that leaves the field in
would show it to everybody.
"""

from __future__ import annotations

import re

from twisted.internet.defer import Deferred

from bitrixmail.interfaces.blobs import IBlobStore
from bitrixmail.model.message import Content
from bitrixmail.pipeline.content import ContentSink
from bitrixmail.rules.judging import HEAD_LIMIT_OCTETS

# With all lines that go on from it
_BLIND = re.compile(
    rb"^(?:resent-)?bcc[ \t]*:[^\n]*\n(?:[ \t][^\n]*\n)*", re.IGNORECASE | re.MULTILINE
)
_END = b"\r\n\r\n"


class SubmittedSink(ContentSink):
    """See ContentSink and the module. Holds the header section back until it is whole.

    One that is longer than is looked at passes as it is: such a message is refused.
    """

    def __init__(self, blobs: IBlobStore, inline_octets: int) -> None:
        super().__init__(blobs, inline_octets)
        self._section = bytearray()
        self._passing = False

    def write(self, data: bytes) -> Deferred[None] | None:
        """See ISink."""
        if self._passing:
            return super().write(data)
        seen = max(0, len(self._section) - len(_END) + 1)
        self._section += data
        end = self._section.find(_END, seen)
        if end < 0 and len(self._section) <= HEAD_LIMIT_OCTETS:
            return None
        return self._pass_on(end + 2)

    def _pass_on(self, end: int) -> Deferred[None] | None:
        """Write what was held back, of which so many octets are fields, and all that follows."""
        self._passing = True
        octets = bytes(self._section)
        self._section.clear()
        if octets.startswith(b"\r\n"):  # there is no header section
            return super().write(octets)
        return super().write(_BLIND.sub(b"", octets[:end]) + octets[end:])

    async def finish(self) -> Content:
        """See ContentSink."""
        if not self._passing:
            self._pass_on(len(self._section))
        return await super().finish()
