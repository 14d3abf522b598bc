"""The courier of commands: the message on standard input, what is known of it in the environment.

What it is to do next is said by the exit code, as the programs of sysexits.h have it: 0 done, 77
(EX_NOPERM) never, 75 (EX_TEMPFAIL) and all others again later.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from twisted.internet.defer import DeferredSemaphore
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from bitrixmail.interfaces.commands import ICommandRunner
from bitrixmail.interfaces.courier import ICourier, ILine
from bitrixmail.interfaces.jobs import IJobStore
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.model.command import Command, Ended
from bitrixmail.model.errors import MailError
from bitrixmail.model.job import Attempt, Job, Kind, Result
from bitrixmail.model.text import printable
from bitrixmail.model.work import Order
from bitrixmail.outbound.line import OneByOne
from bitrixmail.tasks import utcnow

_log = Logger()
_AGAIN, _NEVER = 75, 77
_MOST_CHARACTERS = 1000
_HEAD_OCTETS = 64 * 1024
_FIELDS = {"SUBJECT": "subject", "FROM": "from", "TO": "to", "MESSAGE_ID": "message-id"}
_WORDS = {0: "done", _AGAIN: "again later", _NEVER: "refused for good"}
# Status codes of RFC 3463: what was done, what may come yet, and what never will
_DONE, _LATER, _REFUSED = "2.0.0", "4.3.0", "5.7.0"


@implementer(ICourier, ILine)
class CommandCourier(OneByOne):
    """See the module. Made by compose, lives as long as the server.

    `commands`, which may be replaced, are those that the settings allow, by their names. No more
    than `most` run at a time, nor of one more than it allows.
    """

    kind = Kind.COMMAND

    def __init__(
        self,
        runner: ICommandRunner,
        jobs: IJobStore,
        clock: IReactorTime,
        commands: Mapping[str, Command],
        most: int = 8,
    ) -> None:
        self._runner = runner
        self._jobs = jobs
        self._clock = clock
        self._all = DeferredSemaphore(most)
        self._each: dict[tuple[str, int], DeferredSemaphore] = {}
        self.commands = commands

    async def close(self) -> None:
        """See ICourier. What still runs was cut by the dispatcher."""

    async def _one(self, job: Job) -> Attempt:
        begun = self._clock.seconds()
        order = Order.from_json(job.payload)
        command = self.commands.get(order.argument)
        if command is None:
            said = f"the settings have no [commands.{printable(order.argument, 60)}]"
            return self._attempt(Result.DEFERRED, _LATER, said, begun)
        places = self._each.setdefault(
            (order.argument, command.at_once), DeferredSemaphore(command.at_once)
        )
        await places.acquire()
        try:
            await self._all.acquire()
            try:
                return await self._run(job, order, command)
            finally:
                self._all.release()
        finally:
            places.release()

    async def _run(self, job: Job, order: Order, command: Command) -> Attempt:
        begun = self._clock.seconds()
        read = self._reader(job)
        try:
            environment = environment_of(job, order, await read(0, _HEAD_OCTETS))
            ended = await self._runner.run(command, environment, read, job.size_octets)
        except MailError:
            raise
        except OSError as error:
            said = f"it can't be run: {error}"
            return self._attempt(Result.DEFERRED, _LATER, said, begun)
        return self._attempt(*verdict(ended), begun)

    def _reader(self, job: Job) -> Callable[[int, int], Awaitable[bytes]]:
        content = job.content
        if content is None:
            return partial(self._jobs.read, job.message_id)

        async def read(offset: int, length: int) -> bytes:
            return content[offset : offset + length]

        return read

    def _attempt(self, result: Result, enhanced: str, said: str, begun: float) -> Attempt:
        spent_s = self._clock.seconds() - begun
        return Attempt(utcnow(self._clock), result, "", "", enhanced, printable(said, 300), spent_s)


def verdict(ended: Ended) -> tuple[Result, str, str]:
    """Say what came of a run: its result, a status code, and words with its first line."""
    text = ended.output.decode("utf-8", "replace")
    line = next((each for each in map(str.strip, text.splitlines()) if each), "")
    if ended.timed_out:
        how = f"it took longer than it may and was ended after {ended.duration_s:.0f} s"
    elif ended.code is None:
        how = f"it was ended by {ended.signal}"
    else:
        how = f"exit code {ended.code} ({_WORDS.get(ended.code, 'again later')})"
    said = f"{how}: {line}" if line else how
    if ended.code == 0 and not ended.timed_out:
        return Result.DELIVERED, _DONE, said
    if ended.code == _NEVER and not ended.timed_out:
        return Result.FAILED, _REFUSED, said
    return Result.DEFERRED, _LATER, said


def environment_of(job: Job, order: Order, head: bytes) -> dict[str, str]:
    """Return what a command is told: one line each, printable and cut. See docs/extending.md."""
    headers = HeaderSection.parse(head)
    told = {
        "QUEUE_ID": job.queue_id,
        # The same each time this very work is attempted
        "KEY": job.key,
        "ATTEMPT": str(job.attempts + 1),
        "RULE": order.rule,
        "ACTION": order.argument,
        "MAILBOX": order.mailbox,
        "RECIPIENT": order.recipient,
        "FOLDER": order.folder,
        "TAGS": ",".join(order.tags),
        "SENDER": job.sender,
        "SIZE": str(job.size_octets),
    }
    told |= {name: headers.text(field) for name, field in _FIELDS.items()}
    values = (order.settings or {}).get("values", {})
    told |= {f"VALUE_{name.upper()}": text for name, text in values.items()}
    return {f"BITRIXMAIL_{name}": printable(text, _MOST_CHARACTERS) for name, text in told.items()}
