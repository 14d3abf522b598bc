"""The spam filter taught from files of mail, chunk by chunk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bitrixmail.admin.mail_sources import Letter, Source
from bitrixmail.bayes.lesson import READ_OCTETS, lesson_of
from bitrixmail.bayes.teaching import Class
from bitrixmail.interfaces.counters import ICounters
from bitrixmail.model.bayes import NOTHING, Corpus, Learned, Lesson
from bitrixmail.model.errors import Fault
from bitrixmail.model.text import printable

# One transaction each, which stays below a tenth of a second
_GROUP = 100
_MAX_FAULTS = 100
# Four kilobytes each, in memory
_MOST_PLAIN = 25_000


@dataclass(slots=True)
class Training:
    """A training on its way. Made by `begin`, carried on by `go_on` until that returns False.

    `reached` of `total` tells how far it is; `ham` and `spam` are what came of it, `sure` counts
    what was plain already and taught nothing (with `everything` that is learned too), `unread`
    what could not be read, `faults` are the first of these.
    """

    scope: int
    sources: Sequence[tuple[Source, bool]]
    total: int
    everything: bool
    reached: int = 0
    ham: Learned = NOTHING
    spam: Learned = NOTHING
    sure: int = 0
    unread: int = 0
    faults: list[Fault] = field(default_factory=list)
    rest: Iterator[Lesson | Fault] = field(default_factory=lambda: iter(()))
    plain: list[Lesson] = field(default_factory=list)
    again: bool = False


def begin(
    scope: int, sources: Sequence[tuple[Source, bool]], *, everything: bool = False
) -> Training:
    """Make a training of these sources, each with whether it holds spam.

    `everything`: also what the filter is sure of already.
    """
    total = sum(source.total for source, _ in sources)
    work = Training(scope, sources, total, everything)
    work.rest = _lessons(work)
    return work


async def go_on(work: Training, counters: ICounters) -> bool:
    """Learn the next chunk; tell whether there may be more. Interrupted, it may be begun again."""
    lessons: list[Lesson] = []
    for found in work.rest:
        if isinstance(found, Fault):
            work.unread += 1
            if len(work.faults) < _MAX_FAULTS:
                work.faults.append(found)
            continue
        lessons.append(found)
        if len(lessons) == _GROUP:
            break
    more = len(lessons) == _GROUP
    if not more and not work.again:
        # What was plain once is looked at again: later ones may have made it doubtful
        work.again = more = True
        plain, work.plain = work.plain, []
        work.sure -= len(plain)
        work.rest = iter(plain)
    chosen = lessons if work.everything else await _worth(work, lessons, counters)
    work.sure += len(lessons) - len(chosen)
    if not work.again and len(work.plain) < _MOST_PLAIN:
        taken = {lesson.digest for lesson in chosen}
        work.plain += (lesson for lesson in lessons if lesson.digest not in taken)
    for spam in (False, True):
        some = [lesson for lesson in chosen if lesson.spam is spam]
        if some:
            learned = await counters.learn(work.scope, some)
            if spam:
                work.spam += learned
            else:
                work.ham += learned
    return more


async def _worth(work: Training, lessons: Sequence[Lesson], counters: ICounters) -> list[Lesson]:
    """Leave out what the filter is sure of already, and learned the same way or never."""
    tokens = {token for lesson in lessons for token in lesson.tokens}
    corpus, counts = Corpus(0, 0), dict[int, tuple[int, int]]()
    found = await counters.tables([work.scope], list(tokens))
    if found:  # it has learned enough to be sure of anything
        corpus, table = found[0]
        counts = {token: count for token in tokens if (count := table.get(token)) is not None}
    return Class(corpus, counts, counters.least).chosen(lessons)


def _lessons(work: Training) -> Iterator[Lesson | Fault]:
    """Go through all sources at the same pace: both kinds are met in turn."""
    going = [_Reading(source, spam, source.letters()) for source, spam in work.sources]
    while going:
        reading = min(going, key=lambda each: each.part)
        letter = next(reading.letters, None)
        if letter is None:
            reading.reached = reading.source.total
            going.remove(reading)
        elif isinstance(letter, Fault):
            yield letter
        else:
            try:
                octets = _first(letter)
            except OSError as error:
                where = printable(letter.where, 200)
                yield Fault(where, f"can't be read: {error.strerror or error}", "left out")
            else:
                yield lesson_of(octets, spam=reading.spam)
            work.reached += letter.reached - reading.reached
            reading.reached = letter.reached


@dataclass(slots=True)
class _Reading:
    """How far one source is read. Made by `_lessons`, ends with it."""

    source: Source
    spam: bool
    letters: Iterator[Letter | Fault]
    reached: int = 0

    @property
    def part(self) -> float:
        """Which part of it was read."""
        return self.reached / max(self.source.total, 1)


def _first(letter: Letter) -> bytes:
    """Read as much of a message as is looked at."""
    found = bytearray()
    for piece in letter.pieces():
        found += piece
        if len(found) >= READ_OCTETS:
            break
    return bytes(found[:READ_OCTETS])
