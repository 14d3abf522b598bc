"""The mail log's lines of sessions that are refused or cut off: one each, but no flood of them.

Ten thousand refused connections in a second would cost more by their lines than by themselves, and
fill the disk. So beyond a number of lines in a second, refusals are summed up by peer and words.
"""

from __future__ import annotations

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from bitrixmail.interfaces.maillog import IMailLog

LINES_A_SECOND = 50
# Peers that are named when a flood is summed up, and those that are counted apart until then
PEERS_NAMED = 20
PEERS_COUNTED = 10_000


class RefusalLines:
    """Writes those lines. Made by the factory of a door or by Proxied, lives as long."""

    def __init__(self, maillog: IMailLog, clock: IReactorTime) -> None:
        self._maillog = maillog
        self._clock = clock
        self._second = 0.0
        self._written = 0
        # transition, peer, reply or reason -> how many were not written; of further ones, a number
        self._summed: dict[tuple[str, str, str, str], int] = {}
        self._further = 0
        self._summing: IDelayedCall | None = None

    def write(
        self,
        peer: str,
        words: str,
        *,
        transition: str = "refused",
        told_as: str = "reply",
        **fields: str | None,
    ) -> None:
        """Write the line of one refusal, or count it for a sum.

        `told_as`: the key of the words. Other fields of the line are left out of a sum;
        `session_id` stands before the peer, the others behind it.
        """
        now = self._clock.seconds()
        if self._summing is None and not 0 <= now - self._second < 1:
            self._second, self._written = now, 0
        if self._summing is None and self._written < LINES_A_SECOND:
            self._written += 1
            told = {"session_id": fields.pop("session_id", None), "peer": peer, **fields}
            told[told_as] = words
            self._maillog.record(transition, **{k: v for k, v in told.items() if v is not None})
            return
        key = transition, peer, told_as, words
        if key in self._summed or len(self._summed) < PEERS_COUNTED:
            self._summed[key] = self._summed.get(key, 0) + 1
        else:
            self._further += 1
        if self._summing is None:
            self._summing = self._clock.callLater(1, self._sum_up)

    def _sum_up(self) -> None:
        """Write a line for each of the worst peers and one for all others."""
        self._summing = None
        counted = sorted(self._summed.items(), key=lambda item: -item[1])
        for (transition, peer, told_as, words), count in counted[:PEERS_NAMED]:
            self._maillog.record(transition, peer=peer, **{told_as: words}, count=count)
        rest = counted[PEERS_NAMED:]
        if rest or self._further:
            count = self._further + sum(number for _, number in rest)
            self._maillog.record("refused", reason="a flood, of further peers", count=count)
        self._summed.clear()
        self._further = 0
        self._second, self._written = self._clock.seconds(), min(len(counted), PEERS_NAMED)
