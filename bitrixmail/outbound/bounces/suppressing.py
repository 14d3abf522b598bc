"""Has nothing more sent to an address that surely does not exist."""

from __future__ import annotations

from datetime import datetime, timedelta

from bitrixmail.interfaces.suppressions import ISuppressions
from bitrixmail.model.dsn import Nature, Verdict
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
        """Suppress the recipient of a message if the verdict on him is hard."""
        if verdict.nature is not Nature.HARD or not self.lasting:
            return
        until = now + self.lasting
        await self._suppressions.add(
            Suppressed(recipient, verdict.reason.value, now, until, said, queue_id)
        )
