"""The content of one message on its way in: small ones in memory, larger ones to a blob."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from zope.interface import implementer

from bitrixmail.interfaces.blobs import IBlobStore, IBlobWriter
from bitrixmail.interfaces.gate import ISink
from bitrixmail.model.message import Content
from bitrixmail.rules.judging import HEAD_LIMIT_OCTETS


@implementer(ISink)
class ContentSink:
    """Gathers octets. Made by a transaction for its body, ends with it.

    Memory stays below `inline_octets` plus the header section, whatever the message's size.
    """

    def __init__(self, blobs: IBlobStore, inline_octets: int) -> None:
        self._blobs = blobs
        self._inline_octets = inline_octets
        self._chunks: list[bytes] = []
        self._size_octets = 0
        self._head = b""
        self._head_open = True
        self._writer: IBlobWriter | None = None

    def write(self, data: bytes) -> Deferred[None] | None:
        """See ISink."""
        self._size_octets += len(data)
        if self._writer is not None:
            if self._head_open:
                self._keep_head(data)
            return self._writer.write(data)
        self._chunks.append(data)
        if self._size_octets <= self._inline_octets:
            return None
        return self._spill()

    def _spill(self) -> Deferred[None] | None:
        gathered = b"".join(self._chunks)
        self._chunks.clear()
        self._keep_head(gathered)
        self._writer = self._blobs.create()
        return self._writer.write(gathered)

    def _keep_head(self, data: bytes) -> None:
        head, complete = _head_of(self._head + data[:HEAD_LIMIT_OCTETS])
        self._head = head
        self._head_open = not complete and len(head) < HEAD_LIMIT_OCTETS

    async def finish(self) -> Content:
        """Return the content, synced to disk if it is a blob. Raises TemporaryError."""
        if self._writer is not None:
            await self._writer.finish()
            head, complete = _head_of(self._head)
            return Content(self._size_octets, head, complete, blob_id=self._writer.blob_id)
        whole = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        head, complete = _head_of(whole)
        complete = complete or len(whole) <= HEAD_LIMIT_OCTETS
        return Content(self._size_octets, head, complete, inline=whole)

    def abort(self) -> None:
        """Forget everything, also what finish has made of it. Never fails."""
        self._chunks.clear()
        if self._writer is not None:
            self._writer.abort()


def _head_of(octets: bytes) -> tuple[bytes, bool]:
    """Cut out the header section with the empty line behind it; False if its end is not seen."""
    if octets.startswith(b"\r\n"):
        return b"\r\n", True
    end = octets.find(b"\r\n\r\n", 0, HEAD_LIMIT_OCTETS)
    if end < 0:
        return octets[:HEAD_LIMIT_OCTETS], False
    return octets[: end + 4], True
