"""The files of messages, for whoever has a signed link to one: a resource that any site can hold.

It stands below `attachments/`, and asks for no password: the link is one (`model.attachment_link`).
What is served was written by strangers, so no browser shows it (RFC 9110, RFC 6266).
"""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from io import BytesIO
from typing import Any, NamedTuple
from urllib.parse import quote

from twisted.internet.defer import Deferred, DeferredSemaphore
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request
from twisted.web.static import NoRangeStaticProducer

from bitrixmail.interfaces.threads import IThreads
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.mime.unpacking import Enclosure, unpack
from bitrixmail.model.attachment_link import AttachmentLink, is_signed, read_link
from bitrixmail.model.errors import MailError, NotFoundError
from bitrixmail.tasks import spawn, utcnow

_log = Logger()
# Messages that are in memory at the same time; the next one waits
_MOST_AT_ONCE = 4
# No matter how slowly it is taken
_MOST_S = 600.0
# From here on the reactor has better things to do meanwhile
_IN_THREAD_OCTETS = 64 * 1024
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,80}")
_UNQUOTABLE = re.compile(r'[^\x20-\x7e]|["\\%/]')
_SEGMENTS = 2
_WORDS = {
    403: "this link is wrong, or has expired",
    404: "there is no such file any more",
    500: "an error of this server, its log tells which",
    503: "the file can't be read now: try again later",
}


class Vault(NamedTuple):
    """Where the files come from. `key` and `read` raise MailError; `read` returns a message."""

    key: Callable[[], Awaitable[bytes]]
    read: Callable[[str], Awaitable[bytes]]
    threads: IThreads


class AttachmentPage(Resource):
    """See the module. Made by who composes a site, lives as long as it."""

    isLeaf = True

    def __init__(self, vault: Vault, clock: IReactorTime) -> None:
        super().__init__()
        self._vault = vault
        self._clock = clock
        self._turns = DeferredSemaphore(_MOST_AT_ONCE)

    def render_GET(self, request: Request) -> int:
        """See Resource. HEAD is answered alike."""
        gone: Deferred[None] = request.notifyFinish()
        gone.addErrback(lambda _: None)
        spawn(self._answer(request, gone), "a file of a message")
        return NOT_DONE_YET

    async def _answer(self, request: Request, gone: Deferred[None]) -> None:
        await self._turns.acquire()
        try:
            status = await self._served(request, gone)
        except Exception:  # noqa: BLE001 - a bug: whoever asks must not wait for ever
            _log.failure("a file of a message could not be served")
            status = 500
        finally:
            self._turns.release()
        if status and not gone.called:
            _say(request, status)

    async def _served(self, request: Request, gone: Deferred[None]) -> int:
        """Serve what is asked for; return the status of an error, 0 for none."""
        try:
            link = await self._link(request)
            if link is None:
                return 403
            octets = await self._vault.read(link.queue_id)
        except NotFoundError:
            return 404
        except MailError as error:
            _log.warn("a file of a message can't be read: {reason}", reason=error.cause)
            return 503
        if len(octets) > _IN_THREAD_OCTETS:
            file = await self._vault.threads.run(_part_of, octets, link.part)
        else:
            file = _part_of(octets, link.part)
        if file is None:
            return 404
        if not gone.called:
            await self._sent(request, file, gone)
        return 0

    async def _link(self, request: Request) -> AttachmentLink | None:
        """Return the link by which it is asked; None for one that is not signed or has expired."""
        segments = [each.decode("ascii", "replace") for each in request.postpath or ()]
        args = request.args or {}
        expires, signature = (args.get(name, []) for name in (b"expires", b"signature"))
        if len(segments) != _SEGMENTS or len(expires) != 1 or len(signature) != 1:
            return None
        queue_id, part = segments
        link = read_link(queue_id, part, expires[0].decode("ascii", "replace"))
        if link is None:
            return None
        signed = is_signed(await self._vault.key(), link, signature[0].decode("ascii", "replace"))
        return link if signed and utcnow(self._clock).timestamp() < link.expires else None

    async def _sent(self, request: Request, file: Enclosure, gone: Deferred[None]) -> None:
        """Write it, and wait until it is taken or nobody is there any more."""
        kind = file.type.lower()
        _harmless(request, kind if _TYPE.fullmatch(kind) else "application/octet-stream")
        request.setHeader("content-disposition", _disposition(file.name))
        request.setHeader("content-length", str(file.size_octets))
        if request.method == b"HEAD" or not file.octets:
            request.finish()
            return
        transport: Any = request.transport
        timer = self._clock.callLater(_MOST_S, transport.abortConnection)
        # As fast as it is taken
        NoRangeStaticProducer(request, BytesIO(file.octets)).start()
        try:
            await gone
        finally:
            if timer.active():
                timer.cancel()


def _part_of(octets: bytes, part: int) -> Enclosure | None:
    files = unpack(octets, HeaderSection.parse(octets)).enclosures
    return files[part - 1] if part <= len(files) else None


def _harmless(request: Request, content_type: str) -> None:
    """Have no browser show it within this site, guess what it is, or keep it."""
    request.setHeader("content-type", content_type)
    request.setHeader("x-content-type-options", "nosniff")
    request.setHeader("content-security-policy", "sandbox; default-src 'none'")
    request.setHeader("referrer-policy", "no-referrer")
    request.setHeader("cache-control", "private, no-store")


def _disposition(name: str) -> str:
    """Name the file, in both spellings (RFC 6266 §4.3, RFC 8187 §3.2)."""
    plain = _UNQUOTABLE.sub("_", name)[:100] or "attachment"
    told = f'attachment; filename="{plain}"'
    if plain != name and name:
        told += f"; filename*=UTF-8''{quote(name.encode('utf-8', 'replace'), safe='')}"
    return told


def _say(request: Request, status: int) -> None:
    text = f"{_WORDS[status]}\n".encode()
    request.setResponseCode(status)
    _harmless(request, "text/plain; charset=utf-8")
    request.setHeader("content-length", str(len(text)))
    request.write(text)
    request.finish()
