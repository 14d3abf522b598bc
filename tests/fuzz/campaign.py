"""One target under one seed: inputs made, read, measured, and what breaks is cut down and named."""

from __future__ import annotations

import hashlib
import re
import time
import traceback
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz.mutation import Mutator
from tests.fuzz.target import Target
from tests.fuzz.watch import HANG_S, HangError, Watch

_MAX_CORPUS = 4000
_MAX_FINDS = 20
# Each costs seconds, and one says as much as a hundred
_MAX_HANGS = 3
# Every so many inputs one is read twice: what a reader does must not depend on what it did before
_TWICE = 64
_SHRINKS = 400
ROOT = Path(__file__).parents[2]
FINDS = ROOT / "tests" / "corpus" / "finds"


@dataclass(frozen=True)
class Find:
    """An input that breaks a promise: by which error it shows, and where that was raised."""

    octets: bytes
    error: str
    where: str

    @property
    def name(self) -> str:
        """Name a file for it, until a person knows a better one."""
        kind = re.sub(r"[^a-z]+", "-", self.error.partition(":")[0].lower()).strip("-")
        return f"{kind}-{hashlib.sha256(self.octets).hexdigest()[:8]}"


@dataclass
class Report:
    """What a campaign did. `slowest_s` is processor time, `slowest` the input that took it."""

    target: str
    seed: int
    inputs: int = 0
    elapsed_s: float = 0.0
    finds: list[Find] = field(default_factory=list)
    slowest_s: float = 0.0
    slowest: bytes = b""
    kept: int = 0
    hangs: int = 0

    @property
    def full(self) -> bool:
        """Whether so much was found that it should be mended first."""
        return len(self.finds) >= _MAX_FINDS or self.hangs >= _MAX_HANGS


class _Corpus:
    """The inputs worth changing: for each thing the reader did, the shortest that made it."""

    def __init__(self) -> None:
        self.inputs: list[bytes] = []
        self._places: dict[Hashable, int] = {}

    def note(self, octets: bytes, did: Hashable) -> None:
        place = self._places.get(did)
        if place is None:
            if len(self.inputs) < _MAX_CORPUS:
                self._places[did] = len(self.inputs)
                self.inputs.append(octets)
        elif len(octets) < len(self.inputs[place]):
            self.inputs[place] = octets


class Campaign:
    """Made for one run of one target. `before` is told each input before it is read."""

    def __init__(
        self,
        target: Target,
        seed: int,
        *,
        before: Callable[[bytes], None] | None = None,
        hang_s: float = HANG_S,
    ) -> None:
        self._target = target
        self._mutator = Mutator(seed, target.words, target.max_octets)
        self._before = before
        self._corpus = _Corpus()
        self._broken: set[str] = set()
        self._watch = Watch(hang_s)
        self.report = Report(target.name, seed)

    @property
    def corpus(self) -> list[bytes]:
        """What is worth keeping for another run."""
        return self._corpus.inputs

    def run(self, *, inputs: int = 0, seconds: float = 0.0, more: tuple[bytes, ...] = ()) -> Report:
        """Read seeds, then `inputs` new ones, or as many as `seconds` of the wall clock allow."""
        report = self.report
        begun = time.monotonic()
        with self._watch.watching():
            for octets in (*self._target.seeds, *more, b""):
                self.read(octets)
            make, corpus = self._mutator.make, self._corpus.inputs
            if not corpus:
                corpus.append(b"")
            while not report.full:
                if inputs and report.inputs >= inputs:
                    break
                if seconds and not report.inputs % 32 and time.monotonic() - begun > seconds:
                    break
                self.read(make(corpus))
        report.elapsed_s = time.monotonic() - begun
        report.kept = len(corpus)
        return report

    def read(self, octets: bytes) -> None:
        """Read one input, and note what it breaks."""
        report, run = self.report, self._target.run
        report.inputs += 1
        self._watch.number += 1
        if self._before is not None:
            self._before(octets)
        begun = time.process_time()
        try:
            did = run(octets)
            took_s = time.process_time() - begun
            if not report.inputs % _TWICE:
                again = run(octets)
                assert again == did, f"first {did!r}, then {again!r}"
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            self._note(octets, error)
            return
        if took_s > report.slowest_s:
            report.slowest_s, report.slowest = took_s, octets
            if took_s > HANG_S:
                report.finds.append(Find(octets, f"HangError: {took_s:.1f} s", "it ended"))
        self._corpus.note(octets, did)

    def _note(self, octets: bytes, error: Exception) -> None:
        self.report.hangs += isinstance(error, HangError)
        where = place_of(error)
        if where in self._broken:
            return
        self._broken.add(where)
        if not isinstance(error, MemoryError | HangError):
            octets = self._shrunk(octets, where)
        shown = "".join(traceback.format_exception_only(error)).strip()[:300]
        self.report.finds.append(Find(octets, shown, where))

    def _shrunk(self, octets: bytes, where: str) -> bytes:
        """Cut out whatever is not needed for the same error at the same place."""
        left = _SHRINKS
        size = max(1, len(octets) // 2)
        while size and left > 0:
            at = 0
            while at < len(octets) and left > 0:
                left -= 1
                shorter = octets[:at] + octets[at + size :]
                if _breaks(self._target.run, shorter, where):
                    octets = shorter
                else:
                    at += size
            size //= 2
        return octets


def place_of(error: Exception) -> str:
    """Tell where an error was raised, so that one fault is one find."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if frame.filename.startswith(str(ROOT / "bitrixmail"))]
    frame = ours[-1] if ours else frames[-1]
    name = Path(frame.filename).name
    last = frames[-1]
    return f"{type(error).__name__} {name}:{frame.lineno} {Path(last.filename).name}:{last.lineno}"


def _breaks(run: Callable[[bytes], Hashable], octets: bytes, where: str) -> bool:
    try:
        run(octets)
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        return place_of(error) == where
    return False
