"""One round over the hosts of a destination: who has an answer, who is still to be asked for."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.internet.interfaces import IReactorTime

from bitrixmail.model.job import Attempt, Delivery, Job, Result, Trouble
from bitrixmail.model.parcel import Answer, ConnectionFailed, Delivered
from bitrixmail.model.text import printable
from bitrixmail.outbound.client.verdict import About, Verdict, judged
from bitrixmail.outbound.hosts import Nowhere
from bitrixmail.tasks import utcnow

_MOST_REPLY = 1000
_TOO_MANY = "4.5.3"
_TAKEN = frozenset({Result.DELIVERED, Result.RELAYED})


class Round:
    """Made by the courier for the jobs of one delivery; `delivery` ends it."""

    def __init__(self, jobs: Sequence[Job], clock: IReactorTime) -> None:
        self._clock = clock
        self._begun_s = clock.seconds()
        self._attempts: list[Attempt | None] = [None] * len(jobs)
        # Those about whom no host has said anything yet
        self._left = list(range(len(jobs)))
        self._reached = False
        self._busy = False
        # Whether the host has taken some, and would take others of the rest at once
        self.goes_on = False

    @property
    def left(self) -> tuple[int, ...]:
        """The numbers of the jobs whose recipients are still to be asked for."""
        return tuple(self._left)

    def nowhere(self, found: Nowhere) -> None:
        """Note that there is no host for any of them."""
        reply = found.reply
        final = reply.code >= 500
        self._reached = final
        attempt = Attempt(
            at=utcnow(self._clock),
            result=Result.FAILED if final else Result.DEFERRED,
            host="",
            address="",
            enhanced=reply.enhanced,
            reply=reply.text,
            duration_s=self._clock.seconds() - self._begun_s,
        )
        self._attempts = [attempt] * len(self._attempts)
        self._left.clear()

    def failed(self, host: str, address: str, failure: ConnectionFailed) -> None:
        """Note that an address could not be met; the next one may be."""
        self._note(host, address, [failure] * len(self._left), "")

    def answered(self, host: str, address: str, delivered: Delivered, tls: str) -> None:
        """Note the answers for those that were left, in their order."""
        self._note(host, address, delivered, tls)

    def _note(
        self, host: str, address: str, answers: Sequence[Answer | ConnectionFailed], tls: str
    ) -> None:
        asked, self._left = self._left, []
        verdicts = [judged(answer) for answer in answers]
        took = any(verdict.result in _TAKEN for verdict in verdicts)
        self.goes_on = False
        for number, answer, verdict in zip(asked, answers, verdicts, strict=True):
            self._attempts[number] = self._attempt(host, address, answer, verdict, tls)
            if not isinstance(answer, ConnectionFailed):
                self._reached = True
            if took and verdict.enhanced == _TOO_MANY:
                # RFC 5321 §4.5.3.1.10: in another transaction
                self.goes_on = True
                self._left.append(number)
                continue
            self._busy = self._busy or verdict.busy
            # Whoever may have taken the message must not get a second one by another host
            if verdict.about is About.HOST and not verdict.uncertain:
                self._left.append(number)

    def _attempt(
        self,
        host: str,
        address: str,
        answer: Answer | ConnectionFailed,
        verdict: Verdict,
        tls: str,
    ) -> Attempt:
        return Attempt(
            at=utcnow(self._clock),
            result=verdict.result,
            host=host,
            address=address,
            enhanced=verdict.enhanced,
            reply=printable(str(answer), _MOST_REPLY),
            duration_s=self._clock.seconds() - self._begun_s,
            tls=tls,
        )

    def delivery(self) -> Delivery:
        """Return what came of it all."""
        attempts = tuple(attempt for attempt in self._attempts if attempt is not None)
        if len(attempts) != len(self._attempts):
            raise RuntimeError("a recipient was never asked for")
        if not self._reached:
            trouble = Trouble.DOWN
        else:
            trouble = Trouble.BUSY if self._busy else Trouble.NONE
        return Delivery(attempts, trouble)
