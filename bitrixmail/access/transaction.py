"""The TRANSACTION and UPDATE states of POP3: messages are read, and removed at QUIT alone.

RFC 1939 §5, §6.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from bitrixmail.access.authorization import Authorization
from bitrixmail.access.listing import Listing, number_of
from bitrixmail.access.replies import (
    MESSAGE_GONE,
    NOT_DELETED,
    TOP_SYNTAX,
    err,
    ok,
)
from bitrixmail.access.top import Top
from bitrixmail.interfaces.maildrop import IMaildrop
from bitrixmail.link.crowd import Standing
from bitrixmail.model.errors import MailError, NotFoundError, PermanentError
from bitrixmail.wire.dots import DotStuffer

if TYPE_CHECKING:
    from bitrixmail.access.factory import POP3Factory

# A session holds one such piece of a message, and one or two on their way out
CHUNK_OCTETS = 64 * 1024
BYE = "Bye"
_END = b".\r\n"
_log = Logger()


class Transaction(Authorization):
    """The part of a session that has a maildrop open. See Channel for its life.

    The maildrop's lock is given back just once: by `forget`, or by the commit at QUIT when that
    has ended, however the connection fares meanwhile.
    """

    def __init__(self, factory: POP3Factory) -> None:
        super().__init__(factory)
        self.maildrop: IMaildrop | None = None
        self.listing = Listing((), (), 0)
        self._logout: Callable[[], None] | None = None
        self._read = 0
        self._amid_content = False

    def begin(self, maildrop: IMaildrop, logout: Callable[[], None]) -> None:
        """See Authorization."""
        self.maildrop, self._logout = maildrop, logout
        folder = maildrop.folder
        self.listing = Listing(folder.sizes, folder.uids, folder.uidvalidity)
        self.client = replace(self.client, account=maildrop.account)
        self.timeout_s = self.limits.idle_timeout_s
        self.factory.crowd.prove(self)
        self._record("login", maildrop)
        self._say_count()

    def standing(self) -> Standing:
        """See Channel. Whoever has logged in stays."""
        return super().standing() if self.maildrop is None else Standing.STAYS

    def _say_count(self) -> None:
        self.say(f"{self.listing.count} messages ({self.listing.octets} octets)")

    def forget(self) -> None:
        """See Channel: give the maildrop back, nothing is removed."""
        logout, self._logout = self._logout, None
        if logout is not None and self.maildrop is not None:
            logout()
            self._record("logout", self.maildrop, read=self._read, deleted=0, reason="no QUIT")

    def _record(self, transition: str, maildrop: IMaildrop, **fields: object) -> None:
        self.factory.maillog.record(
            transition,
            session_id=self.client.session_id,
            peer=self.client.address,
            account=maildrop.account,
            folder=maildrop.folder.name,
            **fields,
        )

    # Numbers and marks

    def do_STAT(self) -> None:
        """STAT."""
        self.say(f"{self.listing.count} {self.listing.octets}")

    def do_LIST(self, number: bytes | None = None) -> None:
        """LIST, of one message or all."""
        self._list(number, self.listing.size_line)

    def do_UIDL(self, number: bytes | None = None) -> None:
        """UIDL, of one message or all."""
        self._list(number, self.listing.uid_line)

    def _list(self, number: bytes | None, line: Callable[[int], str]) -> None:
        if number is None:
            self._say_count()
            self.work(self._tell(self.listing.chunks(line)))
        else:
            self.say(line(self.listing.index(number)))

    async def _tell(self, chunks: Iterator[bytes]) -> None:
        """Say many lines, and let others have their turns meanwhile."""
        self._amid_content = True
        for number, chunk in enumerate(chunks):
            if number:
                turn: Deferred[None] = Deferred()
                self.clock.callLater(0, turn.callback, None)
                await turn
            self.outgoing.append(chunk)
            if not await self.sent():
                return
        self._amid_content = False
        self.outgoing.append(_END)

    def do_DELE(self, number: bytes) -> None:
        """DELE: a mark, until QUIT."""
        self.listing.mark(self.listing.index(number))
        self.say("Marked as deleted")

    def do_RSET(self) -> None:
        """RSET."""
        self.listing.unmark()
        self._say_count()

    def do_NOOP(self) -> None:
        """NOOP."""
        self.say()

    # Content

    def do_RETR(self, number: bytes) -> None:
        """RETR."""
        self.work(self._retrieve(self.listing.index(number), None))

    def do_TOP(self, number: bytes, lines: bytes) -> None:
        """TOP."""
        index = self.listing.index(number)
        self.work(self._retrieve(index, Top(number_of(lines, TOP_SYNTAX))))

    async def _retrieve(self, index: int, top: Top | None) -> None:
        """Say a message, piece by piece, as the peer reads it. Nobody waits for the whole."""
        size, offset = self.listing.size(index), 0
        stuffer = DotStuffer()
        chunk = await self._piece(index, offset, size)
        if self.closing:
            return
        self.say(f"{size} octets" if top is None else "The beginning follows")
        self._amid_content = True
        while True:
            self.outgoing.append(stuffer.feed(chunk if top is None else top.take(chunk)))
            offset += len(chunk)
            if offset >= size or (top is not None and top.done):
                break
            if not await self.sent():
                return
            chunk = await self._piece(index, offset, size)
            if self.closing:
                return
        self._amid_content = False
        self.outgoing.append(stuffer.finish())
        self._read += top is None

    async def _piece(self, index: int, offset: int, size: int) -> bytes:
        """Read on. Raise MailError, also if there is less than there should be."""
        if self.maildrop is None:
            raise RuntimeError("no maildrop is open")
        try:
            piece = await self.maildrop.read(index, offset, min(CHUNK_OCTETS, size - offset))
        except NotFoundError as error:
            raise PermanentError(MESSAGE_GONE, cause=str(error)) from error
        if not piece and offset < size:
            raise PermanentError(MESSAGE_GONE, cause=f"only {offset} of {size} octets are there")
        return piece

    def refuse(self, error: MailError) -> None:
        """See Channel. Amid a message there is no reply that would not be taken for content."""
        if self._amid_content:
            _log.warn(
                "{session_id}: cut amid a message: {reason}",
                session_id=self.client.session_id,
                reason=error.cause or str(error.reply),
            )
            self.cut()
        else:
            super().refuse(error)

    def answer_bug(self) -> None:
        """See `refuse`."""
        if self._amid_content:
            self.cut()
        else:
            super().answer_bug()

    # The end

    def do_QUIT(self) -> None:
        """QUIT: what is marked goes now, or nothing of it."""
        maildrop, logout = self.maildrop, self._logout
        if maildrop is None or logout is None:
            self.end(ok(BYE))
        else:
            self._logout = None
            self.work(self._update(maildrop, logout, frozenset(self.listing.marked)))

    async def _update(
        self, maildrop: IMaildrop, logout: Callable[[], None], marked: Collection[int]
    ) -> None:
        """Remove messages. Whether the peer is still there does not matter any more."""
        last_words, deleted, reason = err(NOT_DELETED), 0, "commit failed"
        try:
            await maildrop.commit(marked)
            last_words, deleted, reason = ok(BYE), len(marked), "QUIT"
        except MailError as error:
            _log.warn(
                "{session_id}: nothing deleted: {reason}",
                session_id=self.client.session_id,
                reason=error.cause or str(error.reply),
            )
        except Exception:  # noqa: BLE001 - a bug must not keep the maildrop locked
            _log.failure("{session_id}: bug in a commit", session_id=self.client.session_id)
        finally:
            logout()
        self._record("logout", maildrop, read=self._read, deleted=deleted, reason=reason)
        self.end(last_words)
