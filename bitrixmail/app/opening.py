"""What must be open before a door may greet: store, threads, rules; and its orderly close."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from twisted.logger import Logger

from bitrixmail.mime.charset import warm
from bitrixmail.model.directory import Domain
from bitrixmail.model.errors import InputError, MailError, SetupError
from bitrixmail.pipeline.gate import Gate
from bitrixmail.pipeline.judge import Judge
from bitrixmail.store.database import error_behind
from bitrixmail.store.opening import Stores
from bitrixmail.tasks import Threads

_log = Logger()


@dataclass(frozen=True, slots=True)
class Opening:
    """Opens and closes the inner rooms. Made by compose, used by the server's service."""

    stores: Stores
    threads: Threads
    judge: Judge
    gate: Gate
    domains: Sequence[str]

    async def open(self) -> None:
        """Open everything, make the domains asked for. Raises SetupError."""
        try:
            await self.stores.open()
        except MailError as error:
            raise self._unusable(error) from error
        self.threads.start()
        await self.threads.run(warm)
        try:
            await self.judge.load()
        except (InputError, MailError) as error:
            _log.error(
                "the stored rules can't be used, none is in force until `bitrixmail rules import`"
                " puts a readable set in their place: {error}",
                error=error,
            )
        self.judge.follow(self.stores.changes)
        for name in self.domains:
            await self._add(name)

    async def _add(self, name: str) -> None:
        directory = self.stores.directory
        try:
            if await directory.domain(name) is None:
                await directory.add_domain(Domain(name))
                _log.info("domain {domain} made", domain=name)
        except (InputError, MailError) as error:
            _log.error("domain {domain} not made: {error}", domain=name, error=error)

    async def close(self) -> None:
        """Note the last refusals, finish what is queued, end the threads."""
        await self.gate.refusals.write()
        await self.stores.close()
        self.threads.stop()

    def _unusable(self, error: MailError) -> SetupError:
        """Say what an operator can do about it, by the error of the database behind it."""
        found = error_behind(self.stores.database.file.path, error)
        return found or SetupError(
            f"the store can't be opened now: {error}",
            "see whether the disk is full or broken: df -h; dmesg",
            exit_code=os.EX_TEMPFAIL,
        )
