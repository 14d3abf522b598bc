"""Has nothing more sent to an address that surely does not exist."""

from __future__ import annotations

from datetime import datetime, timedelta

from bitrixmail.interfaces.suppressions import ISuppressions
from bitrixmail.model.dsn import Nature, Reason, Verdict
from bitrixmail.model.suppression import Suppressed


class Suppressor:
    """Made by compose, lives as long as the server. `lasting` zero: nothing is suppressed.

    It may be replaced while it runs.
    """

    def __init__(self, suppressions: ISuppressions, lasting: timedelta) -> None:
        self._suppressions = suppressions
        self.lasting = lasting

    async def judge(
        self, recipient: str, verdict: Verdict, said: str, queue_id: str, now: datetime
    ) -> None:
        """Suppress the recipient of a message if the verdict on him is hard.

        Not where his domain does not exist: nobody is bothered by more mail for it, and a name
        server that has lost its way says so of all.
        """
        if verdict.nature is not Nature.HARD or verdict.reason is Reason.NO_SUCH_DOMAIN:
            return
        if not self.lasting:
            return
        until = now + self.lasting
        await self._suppressions.add(
            Suppressed(recipient, verdict.reason.value, now, until, said, queue_id)
        )
