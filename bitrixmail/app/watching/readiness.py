"""Whether mail can be kept now: for those who ask whether to send us some."""

from __future__ import annotations

import os

from bitrixmail.model.errors import MailError
from bitrixmail.store.opening import Stores
from bitrixmail.tasks import spawn

# Less than a large message takes, and more than the store needs to go on for a while
LEAST_FREE_OCTETS = 10 * 2**20


class Readiness:
    """Made by who answers, lives as long as the server.

    Where commits have failed, each question has one tried, which the next is answered by: else a
    server that gets no mail because it is not ready would never be ready again.
    """

    def __init__(self, stores: Stores, least_free_octets: int = LEAST_FREE_OCTETS) -> None:
        self._stores = stores
        self._least_free_octets = least_free_octets
        self._trying = False

    def faults(self) -> tuple[str, ...]:
        """Say what keeps mail from being written, one sentence each; nothing: it can be."""
        return tuple(filter(None, (self._commits(), self._room())))

    def _commits(self) -> str:
        database = self._stores.database
        failed, cause = database.failed
        if not failed:
            return ""
        if not self._trying:
            self._trying = True
            spawn(self._try(), "a commit to see whether it succeeds")
        return f"the last {failed} writes have failed: {cause}"

    async def _try(self) -> None:
        try:
            await self._stores.database.touch()
        except MailError:
            pass  # it counts among those that failed
        finally:
            self._trying = False

    def _room(self) -> str:
        try:
            found = os.statvfs(self._stores.data_dir)
        except OSError as error:
            return f"the folder of the data can't be looked at: {error.strerror}"
        free = found.f_bavail * found.f_frsize
        if free >= self._least_free_octets:
            return ""
        wanted = self._least_free_octets
        return f"the disk is full: {free >> 10} KiB are free, at least {wanted >> 10} are wanted"
