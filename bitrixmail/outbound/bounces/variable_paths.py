"""Return paths for each recipient: what comes back to one tells by itself of whom it speaks.

Variable envelope return paths, for mail of our own domains. A name in one is a queue id and a hash
of the recipient, so that the event log can tell what is meant long after the job is forgotten.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from bitrixmail.interfaces.directory import IDirectory
from bitrixmail.interfaces.queue import IQueue
from bitrixmail.interfaces.return_paths import IReturnPaths
from bitrixmail.model.address import Address
from bitrixmail.model.job import Job
from bitrixmail.model.queue import SentTo
from bitrixmail.outbound.actions.srs import is_rewritten
from bitrixmail.outbound.bounces.return_paths import ReturnPaths, is_shaped
from bitrixmail.tasks import utcnow

_HASH_OCTETS = 5  # of which a message has not two alike but once in millions
_HASH_LETTERS = 8


@implementer(IReturnPaths)
class VariablePaths:
    """See the module. Made by compose, lives as long as the process.

    `secret` gives the key. Unless `making`, mail goes out as it is, and what was sent before is
    known all the same.
    """

    def __init__(
        self,
        secret: Callable[[], Awaitable[bytes]],
        queue: IQueue,
        directory: IDirectory,
        clock: IReactorTime,
        *,
        making: bool,
    ) -> None:
        self.making = making
        self._secret = secret
        self._queue = queue
        self._directory = directory
        self._clock = clock
        self._paths: ReturnPaths | None = None

    async def paths(self) -> ReturnPaths:
        """Return what signs and reads. Raise StoreUnavailableError if there is no key."""
        if self._paths is None:
            self._paths = ReturnPaths([await self._secret()])
        return self._paths

    def meant(self, address: Address) -> bool:
        """See IReturnPaths."""
        return is_shaped(address.local_part)

    async def sent(self, address: Address) -> SentTo | None:
        """See IReturnPaths."""
        name = (await self.paths()).read(address, utcnow(self._clock))
        if name is None:
            return None
        queue_id, hashed = name[:-_HASH_LETTERS].upper(), name[-_HASH_LETTERS:]
        found = await self._queue.sent(queue_id)
        return next((each for each in found if _hash(each.recipient) == hashed), None)

    async def sender(self, jobs: Sequence[Job]) -> str:
        """See IReturnPaths.

        Several recipients, the null sender and others' mail keep theirs; so does what is passed on,
        whose sender says already where its bounces go.
        """
        job = jobs[0]
        domain = job.sender.rpartition("@")[2]
        if not self.making or len(jobs) != 1 or not job.sender or not domain.isascii():
            return job.sender
        if is_rewritten(job.sender):
            return job.sender
        if await self._directory.domain(domain.lower()) is None:
            return job.sender
        return await self._made(job.queue_id, job.recipient, domain, job.created)

    async def _made(self, queue_id: str, recipient: str, domain: str, at: datetime) -> str:
        """Make one, the same at each attempt: greylisting waits for the same sender."""
        name = queue_id + _hash(recipient)
        return str((await self.paths()).make(name, domain, at))


def _hash(recipient: str) -> str:
    """Return 8 letters and digits for a recipient, in whatever case he is written."""
    digest = hashlib.sha256(recipient.casefold().encode("utf-8", "replace")).digest()
    return base64.b32encode(digest[:_HASH_OCTETS]).decode("ascii").lower()
