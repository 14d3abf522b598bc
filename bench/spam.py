"""How well the spam filter tells spam from mail, beside the one it replaces and bogofilter.

The corpus is split in half by a hash of each message's content. One half is learned; the threshold
is chosen on it alone, by learning four fifths of it and rating the rest, five times. The other half
is rated once.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.goals import Figure, Scores
from bench.old_formula import OldFilter, old_tokens
from bench.spam_corpus import Sample, samples
from bitrixmail.bayes.teaching import Class
from bitrixmail.bayes.tokens import hashes_of, tokens_of
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.mime.parts import parse_body
from bitrixmail.model.bayes import Corpus, Lesson

_FOLDS = 5
_LEAST = 20
_KEPT = Path("/var/tmp/bitrixmail-bench-spam")
_MOST_LOST = 0.1
_LEAST_CAUGHT = 95.0


@dataclass(frozen=True)
class Rated:
    """A message, and the rating some filter gave it, 0 to 100."""

    sample: Sample
    rating: float


# Learns some messages, then rates others
Filter = Callable[[Sequence[Sample], Sequence[Sample]], list[Rated]]


class Bayes:
    """Ours, in memory; tokens are read once for all folds."""

    def __init__(self) -> None:
        self._hashes: dict[bytes, list[int]] = {}

    def hashes(self, sample: Sample) -> list[int]:
        """Return what a message is known by."""
        found = self._hashes.get(sample.digest)
        if found is None:
            headers = HeaderSection.parse(sample.octets)
            tokens = tokens_of(headers, parse_body(sample.octets, headers))
            found = self._hashes[sample.digest] = hashes_of(tokens)
        return found

    def __call__(self, learned: Sequence[Sample], others: Sequence[Sample]) -> list[Rated]:
        room = Class(Corpus(0, 0), {}, _LEAST)
        # By the hash: ham and spam mixed, as `spam train` mixes what it reads
        mixed = sorted(learned, key=lambda each: each.digest[2:])
        lessons = [Lesson(each.digest, self.hashes(each), each.spam) for each in mixed]
        taken = {lesson.digest for lesson in room.chosen(lessons)}
        # The second look of `spam train`
        room.chosen([lesson for lesson in lessons if lesson.digest not in taken])
        return [Rated(each, room.score(self.hashes(each))) for each in others]


class Old:
    """The formula of the mail module that is replaced."""

    def __init__(self) -> None:
        self._tokens: dict[bytes, set[str]] = {}

    def _of(self, sample: Sample) -> set[str]:
        found = self._tokens.get(sample.digest)
        if found is None:
            headers = HeaderSection.parse(sample.octets)
            found = old_tokens(headers, parse_body(sample.octets, headers))
            self._tokens[sample.digest] = found
        return found

    def __call__(self, learned: Sequence[Sample], others: Sequence[Sample]) -> list[Rated]:
        base = OldFilter()
        for sample in learned:
            base.learn(self._of(sample), spam=sample.spam)
        base.begin()
        return [Rated(each, base.rating(self._of(each))) for each in others]


class Bogofilter:
    """Debian's bogofilter, told by its -d where to keep its words."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._home.mkdir()
        self._runs = 0

    def __call__(self, learned: Sequence[Sample], others: Sequence[Sample]) -> list[Rated]:
        self._runs += 1
        folder = self._home / f"words-{self._runs}"
        folder.mkdir()
        for spam, option in ((False, "-n"), (True, "-s")):
            self._run(folder, [option, "-b"], [each for each in learned if each.spam is spam])
        lines = self._run(folder, ["-b", "-TT"], others).splitlines()
        return [
            Rated(sample, 100 * float(line.split()[-1]))
            for sample, line in zip(others, lines, strict=True)
        ]

    def _run(self, folder: Path, options: Sequence[str], given: Sequence[Sample]) -> str:
        names = "".join(f"{self._file(each)}\n" for each in given)
        done = subprocess.run(
            ["bogofilter", "-C", "-d", folder, *options],
            input=names, check=False, capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode > 2:
            raise RuntimeError(f"bogofilter {' '.join(options)}: {done.stderr[:500]}")
        return done.stdout

    def _file(self, sample: Sample) -> Path:
        path = self._home / sample.digest.hex()
        if not path.exists():
            path.write_bytes(sample.octets.replace(b"\r\n", b"\n"))
        return path


def run(home: Path, scores: Scores) -> None:
    """Print the figures of all filters, and ours beside the goals."""
    found = samples(_KEPT)
    learned = [each for each in found if each.trains]
    others = [each for each in found if not each.trains]
    print(
        "Spam: the public corpus of SpamAssassin, in halves by a hash of the content:"
        f" {_counted(learned)} learned, {_counted(others)} rated\n"
    )
    ours = (100.0, 0.0)
    print(f"{'':<16}{'threshold':>10}{'ham lost':>18}{'spam caught':>20}")
    filters: dict[str, Filter] = {"bitrixmail": Bayes(), "old formula": Old()}
    if shutil.which("bogofilter"):
        filters["bogofilter"] = Bogofilter(home / "bogofilter")
    else:
        print("  (no bogofilter: apt-get install --no-install-recommends bogofilter)")
    for name, rate in filters.items():
        threshold = chosen(folded(rate, learned))
        rated = rate(learned, others)
        _line(name, threshold, rated)
        if name == "bitrixmail":
            lost, caught = shares(rated, threshold)
            ours = (lost, caught)
        elif name == "old formula":
            _line("  at 90", 90.0, rated)
        else:
            _line("  its own", 99.0, rated)
    print()
    scores.add(Figure("ham lost", ours[0], _MOST_LOST, unit=" %", at_most=True))
    scores.add(Figure("spam caught", ours[1], _LEAST_CAUGHT, unit=" %"))
    rates = _training(learned)
    scores.add(Figure("tokens read, messages a minute", rates, 10_000, unit=""))


def folded(rate: Filter, learned: Sequence[Sample]) -> list[Rated]:
    """Rate each message of a half by what the rest of it teaches."""
    found: list[Rated] = []
    for fold in range(_FOLDS):
        held = [each for each in learned if each.digest[1] % _FOLDS == fold]
        rest = [each for each in learned if each.digest[1] % _FOLDS != fold]
        found += rate(rest, held)
    return found


def chosen(rated: Sequence[Rated]) -> float:
    """Return the lowest threshold, in steps of 1, above which no ham is lost, or too little."""
    ham = sorted(each.rating for each in rated if not each.sample.spam)
    allowed = int(len(ham) * _MOST_LOST / 200)
    worst = ham[-1 - allowed]
    return next((float(step) for step in range(50, 100) if step > worst), 99.9)


def shares(rated: Sequence[Rated], threshold: float) -> tuple[float, float]:
    """Return what is lost of the ham and caught of the spam, in per cent."""
    ham = [each for each in rated if not each.sample.spam]
    spam = [each for each in rated if each.sample.spam]
    lost = sum(each.rating >= threshold for each in ham)
    caught = sum(each.rating >= threshold for each in spam)
    return 100 * lost / len(ham), 100 * caught / len(spam)


def _line(name: str, threshold: float, rated: Sequence[Rated]) -> None:
    lost, caught = shares(rated, threshold)
    ham = sum(not each.sample.spam for each in rated)
    spam = len(rated) - ham
    losses = f"{round(lost * ham / 100)} of {ham} = {lost:.2f} %"
    catches = f"{round(caught * spam / 100)} of {spam} = {caught:.2f} %"
    print(f"{name:<16}{threshold:>10.1f}{losses:>22}{catches:>26}")


def _counted(some: Sequence[Sample]) -> str:
    spam = sum(each.spam for each in some)
    return f"{len(some) - spam} ham and {spam} spam"


def _training(learned: Sequence[Sample]) -> float:
    begun = time.perf_counter()
    bayes = Bayes()
    for sample in learned:
        bayes.hashes(sample)
    return 60 * len(learned) / (time.perf_counter() - begun)
