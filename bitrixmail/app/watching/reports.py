"""What receivers have counted by now, beside what the server has: for the pages."""

from __future__ import annotations

from collections import Counter

from bitrixmail.app.listening.arrivals import Arrived, arrived_at
from bitrixmail.app.listening.listeners import Listener
from bitrixmail.app.receiving.orders import Report
from bitrixmail.app.receiving.receivers import Receivers
from bitrixmail.app.watching.tally import Tally


class Reports:
    """Made by the web room, lives as long. What one has counted stays counted when it is gone."""

    def __init__(self, tally: Tally | None) -> None:
        self._tally = tally
        self._last: dict[int, Report] = {}
        self._counts: Counter[str] = Counter()
        self._arrived: dict[str, Arrived] = {}

    def attend(self, receivers: Receivers) -> None:
        """Hear what they report, beside whoever does already."""
        before = receivers.reported

        def both(process: int, report: Report | None) -> None:
            before(process, report)
            self.reported(process, report)

        receivers.reported = both

    def reported(self, process: int, report: Report | None) -> None:
        """Take what a process has counted; None: it is gone."""
        if report is not None:
            self._last[process] = report
            return
        gone = self._last.pop(process, None)
        if gone is not None:
            self._counts.update(dict(gone.counts))
            for endpoint, count, peer, at in gone.doors:
                known = self._arrived.get(endpoint, Arrived())
                self._arrived[endpoint] = known + Arrived(count, peer, at)

    def counts(self) -> dict[str, int]:
        """Return all that was counted since the start of the server."""
        counted = Counter(self._counts)
        if self._tally is not None:
            counted.update(self._tally.counts)
        for report in self._last.values():
            counted.update(dict(report.counts))
        return dict(counted)

    def arrived(self, listener: Listener) -> Arrived:
        """Return who has come to a listener."""
        found = arrived_at(listener)
        if listener.door == "smtp":
            text = listener.endpoint.text
            found += self._arrived.get(text, Arrived())
            for report in self._last.values():
                for endpoint, count, peer, at in report.doors:
                    if endpoint == text:
                        found += Arrived(count, peer, at)
        return found
