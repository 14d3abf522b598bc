"""One victim's campaign: load, kill, start again, judge; everything noted so that it can go on.

In the victim's folder: `rounds.jsonl` and `stops.jsonl` (one line each when it is over),
`ledger-N` of each round, and the server's `home`.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.crash.books import faults, named_blobs, orphans
from tests.crash.client import trusting_context
from tests.crash.harvest import empty, harvest
from tests.crash.judge import SETTLED, Verdict, judge
from tests.crash.ledger import Attempt, Ledger, marks_of
from tests.crash.letters import FOLDER, RULES, write_letter
from tests.crash.plan import Plan, Stop, phase_of
from tests.crash.points import Phase
from tests.crash.power import PluggedVictim
from tests.crash.senders import Senders
from tests.crash.victim import Victim

RECIPIENTS = ("info@example.org", "sales@example.org", "shop@example.com", "boss@example.com")
PASSWORD = "correct horse"  # of a server that lives for this run only
# A point that is not passed for so long is missed
_PATIENCE_S = 25.0
# What a service manager may expect of SIGTERM
END_S = 30.0
_SWEEP_S = 30.0
# Until then every sender has seen that the server is gone
_NOTICE_S = 0.3


def read_lines(file: Path) -> list[dict[str, Any]]:
    """Read what was noted until now; a last line that is not whole does not count."""
    if not file.exists():
        return []
    return [json.loads(line) for line in file.read_text().split("\n")[:-1]]


class Campaign:
    """The stops of one victim, in rounds that are judged. Made by its process or by a test."""

    def __init__(self, folder: Path, plan: Plan, number: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._plan = plan
        self._number = number
        self._stops = plan.stops(number)
        self._seed = str(plan.seed)
        kind = PluggedVictim if plan.power_cuts else Victim
        self.victim = kind(folder / "home", plan.broken, plan.processes)
        self._done = self._noted("stops.jsonl")
        rounds = self._noted("rounds.jsonl")
        self._round = len(rounds)
        self._session = len(list(folder.glob("session-*")))
        (folder / f"session-{self._session}").touch()
        self._tls = trusting_context()
        self._begin_round()

    def _noted(self, name: str) -> list[dict[str, Any]]:
        file = self._folder / name
        if file.exists():  # cut a last line that is not whole
            octets = file.read_bytes()
            os.truncate(file, octets.rfind(b"\n") + 1)
        return read_lines(file)

    def _note(self, name: str, values: dict[str, Any]) -> None:
        with (self._folder / name).open("a") as file:
            file.write(json.dumps(values, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _begin_round(self) -> None:
        self._ledger = Ledger(self._folder / f"ledger-{self._round}")
        self._senders = Senders(
            self.victim.smtp_port,
            RECIPIENTS,
            self._ledger,
            self._seed,
            f"{self._number}.{self._session}.{self._round}",
            self._plan.senders,
            self._tls,
        )

    def run(self) -> None:
        """Carry out what is left of the plan. Raises RuntimeError if the server does not start."""
        try:
            if not (self._folder / "furnished").exists():
                self.victim.furnish_site(RECIPIENTS, PASSWORD, RULES)
                (self._folder / "furnished").touch()
            self._finish_removal()
            stop = self._next()
            while stop is not None:
                self._senders.start()
                for _ in range(self._plan.round_stops):
                    self._carry_out(stop)
                    stop = self._next()
                    if stop is None:
                        break
                self._end_round()
        finally:
            self.victim.kill()
            self.victim.unplug()

    def _next(self) -> Stop | None:
        number = len(self._done)
        if number < len(self._stops):
            return self._stops[number]
        done = [(found["kind"], found["struck"]) for found in self._done]
        missed = self._plan.missed(self._number, done)
        return self._plan.stop(self._number, number, missed) if missed else None

    def _carry_out(self, stop: Stop) -> None:
        """Start the server and bring it to this end."""
        phase = phase_of(stop)
        if phase is Phase.SWEEP:
            self.victim.wait_for_receivers()
            self.victim.age_files(named_blobs(self.victim.data_dir))
        self._ledger.sync()
        start_s = self._start(stop)
        noted: dict[str, Any] = {"kind": stop.kind, "start_s": start_s}
        if stop.point:
            noted |= self._strike(stop, phase)
        elif stop.graceful:
            time.sleep(stop.load_s)
            self._senders.ending.set()
            ending = self.victim.ask_to_end(END_S)
            noted |= {"struck": ending.orderly, "code": ending.code, "took_s": ending.took_s}
            time.sleep(_NOTICE_S)
            self._senders.ending.clear()
        else:
            time.sleep(stop.load_s)
            noted["struck"] = self.victim.alive
            if stop.receiver:
                noted["struck"] &= self.victim.kill_a_receiver()
                time.sleep(stop.load_s)
        if not noted["struck"]:
            noted["said"] = self.victim.last_words()
        self.victim.kill()
        self.victim.lose_power()
        self._done.append(noted)
        self._note("stops.jsonl", noted)

    def _start(self, stop: Stop | None) -> float | None:
        """Start it; return how long that took, None if it struck already."""
        self.victim.arm(stop)
        begun = time.monotonic()
        try:
            self.victim.start()
        except RuntimeError:
            if not self.victim.struck:
                raise
            return None
        return time.monotonic() - begun

    def _strike(self, stop: Stop, phase: Phase) -> dict[str, Any]:
        if phase is Phase.STOP:
            time.sleep(stop.load_s)
            self.victim.ask_to_end(_PATIENCE_S)
        died = self.victim.dies(_PATIENCE_S)
        return {"struck": died and self.victim.struck}

    # The end of a round

    def _end_round(self) -> None:
        """Stop the load, judge everything, then empty the mailboxes for the next round."""
        self._start(None)
        self._senders.stop()
        ending = self.victim.ask_to_end(END_S)
        self.victim.kill()
        self.victim.wait_for_receivers()
        data_dir = self.victim.data_dir
        wrong = faults(data_dir)
        if not ending.orderly:
            wrong.append(f"no orderly end after SIGTERM: {ending}")
        left = orphans(data_dir)
        port = self._start_expiring()
        verdict = judge(self._ledger, harvest(port, RECIPIENTS, [FOLDER], PASSWORD), self._unknown)
        ledger = self._ledger
        noted = {
            "verdict": asdict(verdict),
            "attempts": len(ledger.attempts),
            "acknowledged": len(ledger.acknowledged),
            "marks": {mark: ledger.acknowledged_where(mark) for mark in "TBL2"},
            "dropped": sum("D" in found.marks for found in ledger.attempts.values()),
            "refusals": dict(Counter(self._senders.refusals).most_common(10)),
            "orphans": left,
            "wrong": wrong,
        }
        self._note("rounds.jsonl", noted)
        ledger.close()
        self._remove(port)
        self._round += 1
        self._begin_round()

    def _start_expiring(self) -> int:
        """Start it with every grace over: what is not referred to is swept all the time."""
        self.victim.arm(None, days_ahead=2)
        self.victim.start()
        return self.victim.pop3_port

    def _remove(self, port: int) -> None:
        """Empty the mailboxes; every file must go, and the books must agree again."""
        empty(port, RECIPIENTS, [FOLDER], PASSWORD)
        until = time.monotonic() + _SWEEP_S
        while self.victim.count_files() and time.monotonic() < until:
            time.sleep(0.1)
        files = self.victim.count_files()
        self.victim.ask_to_end(END_S)
        self.victim.kill()
        self.victim.wait_for_receivers()
        wrong = faults(self.victim.data_dir)
        if files:
            wrong.append(f"{files} files are left though nothing names them any more")
        self._note("removals.jsonl", {"wrong": wrong})
        self.victim.log.unlink()

    def _finish_removal(self) -> None:
        """Do what an interruption between the judgement and the removal has left undone."""
        if len(self._noted("removals.jsonl")) < self._round:
            self._remove(self._start_expiring())

    def _unknown(self, attempt: str) -> Attempt | str:
        """Tell what an attempt is that this round's ledger does not have.

        Where the whole machine died, the last lines of the ledger may be missing; the letter is
        written anew from its id.
        """
        numbers = attempt.split(".")
        if len(numbers) != 5 or not all(number.isdecimal() for number in numbers):
            return "never sent"
        victim, session, round_, _, _ = map(int, numbers)
        if victim == self._number and round_ < self._round:
            return SETTLED
        if victim != self._number or session >= self._session or round_ != self._round:
            return "never sent"
        letter = write_letter(attempt, RECIPIENTS, self._seed)
        return Attempt(letter.digest, letter.folder, marks_of(letter, tls=False), letter.recipients)


def total(rounds: Sequence[dict[str, Any]]) -> Verdict:
    """Add up the verdicts of rounds."""
    verdict = Verdict()
    for found in rounds:
        verdict.add(found["verdict"])
    return verdict
