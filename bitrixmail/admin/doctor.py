"""The examination of the surroundings: all probes at once, each with a deadline."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twisted.internet.defer import CancelledError, DeferredSemaphore
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from bitrixmail.interfaces.probe import IProbe
from bitrixmail.model.finding import Finding, Severity
from bitrixmail.tasks import deadline, gather

Progress = Callable[[str, int, int], None]
DEADLINE_S = 10.0
_AT_ONCE = 32
_log = Logger()


class Doctor:
    """Runs probes. Made by app.doctor for one examination."""

    def __init__(
        self, probes: Sequence[IProbe], clock: IReactorTime, deadline_s: float = DEADLINE_S
    ) -> None:
        self._probes = probes
        self._clock = clock
        self._deadline_s = deadline_s

    async def examine(self, progress: Progress) -> tuple[Finding, ...]:
        """Run every probe, up to 32 at the same time; return the findings in the probes' order.

        `progress` is told the name of the probe that has ended (at first none), how many have,
        and of how many.
        """
        turns = DeferredSemaphore(_AT_ONCE)
        total, ended = len(self._probes), 0

        async def one(probe: IProbe) -> tuple[Finding, ...]:
            nonlocal ended
            await turns.acquire()
            try:
                findings = await self._findings(probe)
            finally:
                turns.release()
            ended += 1
            progress(probe.name, ended, total)
            return findings

        progress("", 0, total)
        found = await gather(*map(one, self._probes))
        return tuple(finding for findings in found for finding in findings)

    async def _findings(self, probe: IProbe) -> tuple[Finding, ...]:
        try:
            return await deadline(probe.probe(), self._deadline_s, self._clock)
        except TimeoutError:
            return (
                Finding(
                    probe.name,
                    probe.name,
                    Severity.WARNING,
                    f"was not found out within {self._deadline_s:g} s",
                    "What could not be looked at may be well or broken.",
                    ("Look again when the machine and its network are less busy.",),
                ),
            )
        except CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - a bug of one probe must not hide the others
            _log.failure("the probe {probe} failed", probe=probe.name)
            return (
                Finding(
                    probe.name,
                    probe.name,
                    Severity.FAILURE,
                    f"could not be looked at: {type(error).__name__}: {error}",
                    "This is a fault of bitrixmail itself, not of your server.",
                ),
            )
