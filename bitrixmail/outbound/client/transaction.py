"""One mail transaction of a dialogue: MAIL, RCPT, DATA or BDAT (RFC 5321 §3.3, RFC 3030 §2).

With PIPELINING everything up to DATA goes out in one write, else step by step (RFC 2920 §3.1).
Sans I/O: what is to be sent is said to the dialogue, whose replies come back to the methods here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bitrixmail.model.parcel import Answer, ConnectionFailed, Delivered, Failing, Parcel, Stage
from bitrixmail.outbound.client.commands import mail, needs_smtputf8, obstacle, obstacle_of, rcpt
from bitrixmail.outbound.client.content import Mender, dotted, has_long_line, mended_octets
from bitrixmail.outbound.client.replies import HostReply
from bitrixmail.wire.dots import DotStuffer

if TYPE_CHECKING:
    from bitrixmail.outbound.client.dialogue import Dialogue

# So many chunks may be on their way unanswered
_MOST_CHUNKS = 4


class Transaction:
    """Made by `Dialogue.hand_over` for one parcel, ends with its outcome.

    `content` is all of it where it is small; None: it is fed piece by piece when `wants_content`.
    `recipients` are the places of those who are asked for, in `answers`.
    """

    __slots__ = (
        "_accepted",
        "_after_rcpt",
        "_asked",
        "_chunked",
        "_chunks_out",
        "_content",
        "_dialogue",
        "_mail_taken",
        "_mender",
        "_offered",
        "_parcel",
        "_place",
        "_refused",
        "_size_octets",
        "_stuffer",
        "_utf8",
        "after_dot",
        "answered",
        "answers",
        "feeding",
        "pipelined",
    )

    def __init__(self, dialogue: Dialogue, parcel: Parcel, content: bytes | None) -> None:
        self._dialogue = dialogue
        self._parcel = parcel
        self._offered = dialogue.extensions
        self._content = content if content is None else _whole(content)
        self.answers: list[Answer | ConnectionFailed | None] = [None] * len(parcel.recipients)
        self._asked: list[int] = []
        self._accepted: list[int] = []
        self._place = 0
        self._chunked = False
        self._chunks_out = 0
        self._mail_taken = False
        self._refused = False  # the content, by a reply to one of its chunks
        self.pipelined = False
        self.answered = False
        self.after_dot = False
        self.feeding = False
        if self._content is None:
            self._size_octets = len(parcel.prefix) + parcel.size_octets
        else:
            self._size_octets = len(self._content)

    # Commands

    def begin(self) -> None:
        """Say the first commands, or come to an end at once."""
        parcel, offered, content = self._parcel, self._offered, self._content
        eight_bit = parcel.body == "8BITMIME" if content is None else not content.isascii()
        in_the_way = obstacle(parcel, offered, self._size_octets, eight_bit=eight_bit)
        for place, recipient in enumerate(parcel.recipients):
            answer = in_the_way or obstacle_of(recipient, offered)
            if answer is None:
                self._asked.append(place)
            else:
                self.answers[place] = answer
        if not self._asked:
            self._dialogue.finished(self)
            return
        self._chunked = offered.chunking and (content is None or has_long_line(content))
        self._utf8 = offered.smtputf8 and needs_smtputf8(parcel)
        first = mail(parcel, offered, self._size_octets, eight_bit=eight_bit, utf8=self._utf8)
        self.pipelined = offered.pipelining
        say = self._dialogue.say
        if self._dialogue.must_reset:
            say(b"RSET\r\n", Stage.RSET, self._reset)
            if not self.pipelined:
                self._after_rcpt = first
                return
        say(first, Stage.MAIL, self._mailed)
        if not self.pipelined:
            return
        for place in self._asked:
            say(rcpt(parcel.recipients[place], offered, utf8=self._utf8), Stage.RCPT, self._named)
        if not self._chunked:
            say(b"DATA\r\n", Stage.DATA, self._data_begun)

    def _say_rcpt(self) -> None:
        recipient = self._parcel.recipients[self._asked[self._place]]
        command = rcpt(recipient, self._offered, utf8=self._utf8)
        self._dialogue.say(command, Stage.RCPT, self._named)

    # Replies

    def _reset(self, reply: HostReply) -> None:
        if reply.code // 100 != 2:
            answer = reply.answer(Stage.RSET)
            self._dialogue.broken(Failing.PROTOCOL, "the host refuses RSET", answer)
            return
        self._dialogue.must_reset = False
        if not self.pipelined:
            self._dialogue.say(self._after_rcpt, Stage.MAIL, self._mailed)

    def _mailed(self, reply: HostReply) -> None:
        self.answered = True
        if reply.code // 100 == 2:
            self._mail_taken = self._dialogue.must_reset = True
            if not self.pipelined:
                self._say_rcpt()
            return
        if self._meaningless(reply, Stage.MAIL):
            return
        self._answer_all(reply.answer(Stage.MAIL), self._asked)
        if not self.pipelined:
            self._dialogue.finished(self)

    def _named(self, reply: HostReply) -> None:
        place = self._asked[self._place]
        self._place += 1
        kind = reply.code // 100
        if kind == 2 and self._mail_taken:
            self._accepted.append(place)
        elif kind == 3:
            self._meaningless(reply, Stage.RCPT)
            return
        elif self._mail_taken:
            self.answers[place] = reply.answer(Stage.RCPT)
        if self._place < len(self._asked):
            if not self.pipelined:
                self._say_rcpt()
        elif self._chunked or not self.pipelined:
            self._begin_content()

    def _begin_content(self) -> None:
        """Go on behind the reply to the last RCPT, where DATA was not said along with it."""
        if not self._accepted:
            self._dialogue.finished(self)
        elif self._chunked:
            self._send_content()
        else:
            self._dialogue.say(b"DATA\r\n", Stage.DATA, self._data_begun)

    def _data_begun(self, reply: HostReply) -> None:
        kind = reply.code // 100
        if kind == 3:
            if self._accepted:
                self._send_content()
            else:
                # Nobody is to get it: an empty message is what ends DATA (RFC 2920 §3.1)
                self._dialogue.say(b".\r\n", Stage.CONTENT, self._emptied)
        elif not self._meaningless(reply, Stage.DATA):
            self._answer_all(reply.answer(Stage.DATA), self._accepted)
            self._dialogue.finished(self)

    def _emptied(self, _reply: HostReply) -> None:
        self._dialogue.finished(self)

    def _ended(self, reply: HostReply) -> None:
        """Take the reply to the whole content."""
        if self._chunked:
            self._chunks_out -= 1
        if self._refused:
            self._dialogue.finished(self)
            return
        if self._meaningless(reply, Stage.CONTENT):
            return
        if self._chunked:
            self._dialogue.must_reset = reply.code // 100 != 2
        self._answer_all(reply.answer(Stage.CONTENT), self._accepted)
        self._dialogue.finished(self)

    def _chunk_taken(self, reply: HostReply) -> None:
        self._chunks_out -= 1
        if reply.code // 100 == 2 and not self._refused:
            if self.wants_content:
                self._dialogue.room()
            return
        if not self._refused:
            if self._meaningless(reply, Stage.CONTENT):
                return
            self._refused, self.feeding = True, False
            self._answer_all(reply.answer(Stage.CONTENT), self._accepted)
        if not self._chunks_out:
            self._dialogue.finished(self)

    def unasked(self, reply: HostReply) -> bool:
        """Take a reply that nothing was said for: amid content it may refuse that content."""
        if not self.feeding or reply.code // 100 not in (4, 5):
            return False
        self._answer_all(reply.answer(Stage.CONTENT), self._accepted)
        return True

    def _meaningless(self, reply: HostReply, stage: Stage) -> bool:
        """Fail, and tell so, if a reply to this command can't have such a code."""
        if reply.code // 100 in (4, 5) or (stage is Stage.CONTENT and reply.code // 100 == 2):
            return False
        answer = reply.answer(stage)
        self._dialogue.broken(Failing.PROTOCOL, "a reply that has no meaning there", answer)
        return True

    def _answer_all(self, answer: Answer, places: list[int]) -> None:
        taken = answer.code // 100 == 2 and not self._offered.dsn
        for place in places:
            notify = self._parcel.recipients[place].notify
            relayed = taken and notify is not None and "SUCCESS" in notify
            self.answers[place] = replace(answer, relayed=True) if relayed else answer

    # Content

    def _send_content(self) -> None:
        content = self._content
        if content is None:
            self._mender = Mender()
            self._stuffer = DotStuffer()
            self.feeding = True
            self._dialogue.room()
            return
        self.after_dot = True
        if self._chunked:
            self._chunks_out += 1
            octets = b"BDAT %d LAST\r\n%b" % (len(content), content)
        else:
            octets = dotted(content)
        self._dialogue.say(octets, Stage.CONTENT, self._ended)
        if not self._chunked:
            self._dialogue.dot_said()

    @property
    def wants_content(self) -> bool:
        """Whether a piece of content may be fed now."""
        most = _MOST_CHUNKS if self.pipelined else 1
        return self.feeding and self._chunks_out < most

    @property
    def leads(self) -> bool:
        """Whether the commands of one more may go along with its content, or with its end."""
        return self.pipelined and not self._chunked and self._content is not None

    def feed(self, octets: bytes) -> None:
        """Send a piece of content."""
        mended = self._mender.feed(octets)
        if not mended:
            return
        if self._chunked:
            self._chunks_out += 1
            command = b"BDAT %d\r\n%b" % (len(mended), mended)
            self._dialogue.say(command, Stage.CONTENT, self._chunk_taken)
        else:
            self._dialogue.send(self._stuffer.feed(mended))

    def end_content(self) -> None:
        """Send what ends the content."""
        self.feeding, self.after_dot = False, True
        rest = self._mender.finish()
        if self._chunked:
            self._chunks_out += 1
            command = b"BDAT %d LAST\r\n%b" % (len(rest), rest)
        else:
            command = self._stuffer.feed(rest) + self._stuffer.finish()
        self._dialogue.say(command, Stage.CONTENT, self._ended)
        if not self._chunked:
            self._dialogue.dot_said()

    # The end

    def fail(self, failure: ConnectionFailed) -> None:
        """Let those who have no answer have this one: the host's last word, or that it is gone."""
        last_word = failure.reply
        said = last_word is not None and failure.kind is Failing.LOST
        for place, answer in enumerate(self.answers):
            if answer is None:
                self.answers[place] = last_word if said else failure

    @property
    def outcome(self) -> Delivered:
        """The answers, once there is one for each recipient."""
        return tuple(answer for answer in self.answers if answer is not None)


def _whole(content: bytes) -> bytes:
    """Return a content in CRLF form, its last line ended."""
    mended = mended_octets(content)
    return mended if not mended or mended.endswith(b"\r\n") else mended + b"\r\n"
