"""The client's side of an SMTP session, octets in, octets and events out (RFC 5321 §3, §4.2).

No sockets and no clock: the connection feeds what came, writes what `take` gives, and tells when
time is over (`fail`). The host is not trusted: a reply counts only for a command that was sent
before it came, and whatever has no meaning ends the dialogue.
"""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Callable
from enum import Enum

from bitrixmail.model.parcel import Answer, ConnectionFailed, Failing, Parcel, Stage
from bitrixmail.outbound.client.extensions import Extensions, extensions_of
from bitrixmail.outbound.client.replies import BadReplyError, HostReply, ReplyReader
from bitrixmail.outbound.client.transaction import Transaction

_Reaction = Callable[[HostReply], None]


class Event(Enum):
    """What came of octets; details stand in the dialogue."""

    READY = "the host has said what it offers"
    SHAKE_HANDS = "TLS begins here"
    NO_TLS = "STARTTLS is refused, see refusal"
    CHALLENGE = "AUTH goes on, see challenge"
    LOGGED_IN = "AUTH is over"
    NO_LOGIN = "AUTH is refused, see refusal"
    ROOM = "content is wanted"
    DONE = "every recipient has an answer, see outcome"
    BYE = "the host has said good bye"
    FAILED = "nothing more can be said, see failure"


class Dialogue:
    """One session. Made by its connection, lives as long; one thing is asked for at a time.

    Whatever is asked for says its commands at once, for `take`; events come from `receive`, `fail`
    and `happened`. With `pipelining` False all is said step by step, whatever the host offers.
    While a parcel is under way one more may be handed over where there is `room_behind`: its
    commands go along with the content before it, so a message takes one round trip (RFC 2920 §3.1).
    """

    def __init__(self, name: str, *, pipelining: bool = True) -> None:
        self._name = name.encode("ascii")
        self._pipelining = pipelining
        self._reader = ReplyReader()
        self._waiting: deque[tuple[Stage, _Reaction]] = deque()
        self._out: list[bytes] = []
        self._events: list[Event] = []
        self._transactions: deque[Transaction] = deque()
        self._ended: list[Transaction] = []
        self.extensions = Extensions()
        self.must_reset = False
        # How many commands, pieces of content and replies there were
        self.steps = 0
        self.failure: ConnectionFailed | None = None
        self.refusal: Answer | None = None
        self.challenge = b""
        self._waiting.append((Stage.GREETING, self._greeted))

    # What a connection does with it

    def receive(self, octets: bytes) -> list[Event]:
        """Take octets from the host, in any cuts; return what came of them."""
        if self.failure is not None:
            return []
        self._reader.feed(octets)
        # Only what was sent before can be answered by what has come
        asked = len(self._waiting)
        try:
            while (reply := self._reader.next()) is not None:
                self._react(reply, asked)
                if self._over:
                    break
                asked -= 1
        except BadReplyError as error:
            self.broken(Failing.PROTOCOL, str(error))
        if asked <= 0 and self._waiting and self._reader.pending:
            self.broken(Failing.PROTOCOL, "a reply before its command")
        return self.happened()

    def happened(self) -> list[Event]:
        """Return what came of what was done since it was last asked."""
        if not self._events:
            return []
        events, self._events = self._events, []
        return events

    def take(self) -> bytes:
        """Return what is to be sent now; empty if nothing is."""
        if not self._out:
            return b""
        octets = self._out[0] if len(self._out) == 1 else b"".join(self._out)
        self._out.clear()
        return octets

    @property
    def waits_for(self) -> Stage | None:
        """To what a reply is due; None if to nothing."""
        return self._waiting[0][0] if self._waiting else None

    @property
    def transaction(self) -> Transaction | None:
        """The transaction under way, to feed it content; replies are first of all for it."""
        return self._transactions[0] if self._transactions else None

    @property
    def room_behind(self) -> bool:
        """Whether one more parcel with its whole content may be handed over already."""
        if self.failure is not None or len(self._transactions) != 1:
            return False
        return self._transactions[0].leads

    def ended(self) -> list[Transaction]:
        """Return those that have come to their end since this was last asked."""
        ended, self._ended = self._ended, []
        return ended

    def fail(self, kind: Failing, text: str, reply: Answer | None = None) -> list[Event]:
        """End the dialogue, as `broken` does; return what came of it."""
        self.broken(kind, text, reply)
        return self.happened()

    def start_tls(self) -> None:
        """Ask for TLS: SHAKE_HANDS or NO_TLS follows."""
        self.say(b"STARTTLS\r\n", Stage.STARTTLS, self._tls_answered)

    def secured(self) -> None:
        """Forget what was learnt in the clear and say EHLO again (RFC 3207 §4.2)."""
        self._reader = ReplyReader()
        self.extensions = Extensions()
        self._say_ehlo()

    def authenticate(self, mechanism: str, initial: bytes | None) -> None:
        """Log in (RFC 4954 §4): CHALLENGE, LOGGED_IN or NO_LOGIN follows."""
        first = "" if initial is None else " " + (b64encode(initial).decode() or "=")
        self.say(f"AUTH {mechanism}{first}\r\n".encode("ascii"), Stage.AUTH, self._auth_answered)

    def respond(self, response: bytes | None) -> None:
        """Answer a challenge; None breaks it off, which the host has to refuse."""
        line = b"*" if response is None else b64encode(response)
        self.say(line + b"\r\n", Stage.AUTH, self._auth_answered)

    def hand_over(self, parcel: Parcel, content: bytes | None) -> Transaction:
        """Begin a transaction: DONE follows, and ROOM before it if `content` is not given here.

        It may have come to its end at once. While another one is under way: only if `room_behind`.
        """
        transaction = Transaction(self, parcel, content)
        self._transactions.append(transaction)
        if self.failure is not None:
            transaction.fail(self.failure)
            self.finished(transaction)
        elif self._reader.pending and not self._waiting:
            self.broken(Failing.PROTOCOL, "a reply before its command")
        elif len(self._transactions) == 1 or self._transactions[0].after_dot:
            transaction.begin()
        return transaction

    def quit(self) -> None:
        """Take leave: BYE or FAILED follows."""
        self.say(b"QUIT\r\n", Stage.QUIT, self._left)

    # What a transaction does with it

    def say(self, command: bytes, stage: Stage, reaction: _Reaction) -> None:
        """Send a command, and have its reply given to `reaction`."""
        if self.failure is None:
            self.steps += 1
            self._out.append(command)
            self._waiting.append((stage, reaction))

    def send(self, octets: bytes) -> None:
        """Send what no reply is due to."""
        if self.failure is None:
            self.steps += 1
            self._out.append(octets)

    def room(self) -> None:
        """Have content fed."""
        self._events.append(Event.ROOM)

    def broken(self, kind: Failing, text: str, reply: Answer | None = None) -> None:
        """Let nothing more be said; who has no answer yet gets this for one. The first counts."""
        if self.failure is not None:
            return
        transaction = self.transaction
        stage = self.waits_for or (Stage.CONTENT if transaction else Stage.OURS)
        self.failure = ConnectionFailed(
            kind,
            stage if reply is None else reply.stage,
            text,
            reply,
            # What is still to be taken was never sent
            after_dot=transaction is not None and transaction.after_dot and not self._out,
            answered=transaction is not None and transaction.answered,
            pipelined=transaction is not None and transaction.pipelined,
        )
        self._waiting.clear()
        self._out.clear()
        failure = self.failure
        # The last word was on the content before, or on a parcel before: not on those behind
        elsewhere = ConnectionFailed(kind, Stage.MAIL, text)
        if transaction is not None and not transaction.answered and failure.stage is Stage.CONTENT:
            failure = elsewhere
        while self._transactions:
            first = self._transactions[0]
            first.fail(failure)
            self.finished(first)
            failure = elsewhere
        self._events.append(Event.FAILED)

    def dot_said(self) -> None:
        """Go on behind a content that is all said: nothing of it needs RSET any more."""
        self.must_reset = False
        if len(self._transactions) > 1:
            self._transactions[1].begin()

    def finished(self, transaction: Transaction) -> None:
        """Let a transaction have come to its end."""
        follows = self._transactions[0] is transaction and not transaction.after_dot
        self._transactions.remove(transaction)
        self._ended.append(transaction)
        self._events.append(Event.DONE)
        if follows and self._transactions and self.failure is None:
            self._transactions[0].begin()

    # Replies

    @property
    def _over(self) -> bool:
        return self.failure is not None

    def _react(self, reply: HostReply, asked: int) -> None:
        if asked <= 0:
            self._unasked(reply)
            return
        self.steps += 1
        stage, reaction = self._waiting[0]
        if reply.code == 421 and stage not in {Stage.CONTENT, Stage.QUIT}:
            kind = Failing.LOST if self._transactions else Failing.GREETING
            self.broken(kind, "the host closes the session", reply.answer(stage))
            return
        self._waiting.popleft()
        reaction(reply)
        if reply.code == 421:
            self.broken(Failing.LOST, "the host closes the session", reply.answer(stage))

    def _unasked(self, reply: HostReply) -> None:
        """Take a reply to nothing: mostly a host that has waited long enough for us."""
        transaction = self.transaction
        answer = reply.answer(self.waits_for or (Stage.CONTENT if transaction else Stage.OURS))
        if transaction is not None and transaction.unasked(reply):
            self.broken(Failing.LOST, "the host refuses amid the content", answer)
        elif reply.code == 421:
            self.broken(Failing.LOST, "the host closes the session", answer)
        else:
            self.broken(Failing.PROTOCOL, "a reply before its command", answer)

    def _greeted(self, reply: HostReply) -> None:
        if reply.code == 220:
            self._say_ehlo()
        else:
            self._turned_away(reply.answer(Stage.GREETING))

    def _say_ehlo(self) -> None:
        self.say(b"EHLO %b\r\n" % self._name, Stage.EHLO, self._ehlo_answered)

    def _ehlo_answered(self, reply: HostReply) -> None:
        kind = reply.code // 100
        if kind == 2:
            self.extensions = extensions_of(reply, pipelining=self._pipelining)
            self._events.append(Event.READY)
        elif kind == 5:
            # RFC 5321 §3.2: a host of before 1995, or one that plays it
            self.say(b"HELO %b\r\n" % self._name, Stage.EHLO, self._helo_answered)
        else:
            self._turned_away(reply.answer(Stage.EHLO))

    def _helo_answered(self, reply: HostReply) -> None:
        if reply.code // 100 == 2:
            self._events.append(Event.READY)
        else:
            self._turned_away(reply.answer(Stage.EHLO))

    def _turned_away(self, answer: Answer) -> None:
        self.broken(Failing.GREETING, "the host turns us away", answer)

    def _tls_answered(self, reply: HostReply) -> None:
        if reply.code == 220:
            if self._reader.pending:
                # Said in the clear by whoever, to be read as if under TLS (RFC 3207 §4.2)
                self.broken(Failing.PROTOCOL, "octets in the clear behind the reply to STARTTLS")
            else:
                self._events.append(Event.SHAKE_HANDS)
        else:
            self.refusal = reply.answer(Stage.STARTTLS)
            self._events.append(Event.NO_TLS)

    def _auth_answered(self, reply: HostReply) -> None:
        kind = reply.code // 100
        if kind == 3:
            try:
                self.challenge = b64decode(reply.lines[0].strip(), validate=True)
            except binascii.Error:
                answer = reply.answer(Stage.AUTH)
                self.broken(Failing.PROTOCOL, "a challenge that is not base64", answer)
                return
            self._events.append(Event.CHALLENGE)
        elif kind == 2:
            self._events.append(Event.LOGGED_IN)
        else:
            self.refusal = reply.answer(Stage.AUTH)
            self._events.append(Event.NO_LOGIN)

    def _left(self, _reply: HostReply) -> None:
        self._events.append(Event.BYE)
