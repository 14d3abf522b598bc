"""What the spam filter learns, written and read: counts by token, halved when they grow old.

Runs in the writer's or a reader's thread.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from bitrixmail.model.bayes import Corpus, Learned, Lesson, Scope
from bitrixmail.store.prepared import Prepared, PreparedInsert
from bitrixmail.store.schema_spam import spam_corpus, spam_learned, spam_token
from bitrixmail.store.sequences import bump

TOPIC = "spam"
CHUNK = 5000
# Of one scope that are read together: 16 octets each in memory
MOST_KNOWN = 1_000_000
# After so many changes all is read anew
MOST_CHANGES = 50_000
# With so many messages learned all counts are halved: what is old counts for less and less
HALVED_AT = 50_000
_PART = 500
_NOW = "(spam_token.{0} >> (excluded.epoch - spam_token.epoch)) + excluded.{0}"
_ADD = PreparedInsert(
    spam_token,
    " ON CONFLICT (scope, token) DO UPDATE SET"
    f" ham = {_NOW.format('ham')}, spam = {_NOW.format('spam')}, epoch = excluded.epoch,"
    " change = excluded.change, seen = excluded.seen",
)
_OF = (spam_token.c.scope == bindparam("of"), spam_token.c.token == bindparam("which"))
_ONE = Prepared(
    select(spam_token.c.ham, spam_token.c.spam, spam_token.c.epoch).where(*_OF), ["of", "which"]
)
_SET = Prepared(
    update(spam_token)
    .values(
        {
            spam_token.c.ham: bindparam("good"),
            spam_token.c.spam: bindparam("bad"),
            spam_token.c.epoch: bindparam("age"),
            spam_token.c.change: bindparam("number"),
        }
    )
    .where(*_OF),
    ["good", "bad", "age", "number", "of", "which"],
)
_CORPORA = Prepared(
    select(
        spam_corpus.c.scope,
        spam_corpus.c.ham,
        spam_corpus.c.spam,
        spam_corpus.c.epoch,
        spam_corpus.c.change,
    ),
    [],
)
_ROWS = select(spam_token.c.token, spam_token.c.ham, spam_token.c.spam, spam_token.c.epoch)
_ALL = Prepared(
    _ROWS.where(spam_token.c.scope == bindparam("of")).order_by(spam_token.c.token),
    ["of"],
    f" LIMIT {MOST_KNOWN + 1}",
)
_SINCE = Prepared(
    _ROWS.where(spam_token.c.scope == bindparam("of"), spam_token.c.change > bindparam("number")),
    ["of", "number"],
    f" LIMIT {MOST_CHANGES}",
)
_NAMED = _ROWS.where(
    spam_token.c.scope == bindparam("of"),
    spam_token.c.token.in_(bindparam("which", expanding=True)),
)
_KNOWN = select(spam_learned.c.digest, spam_learned.c.spam).where(
    spam_learned.c.scope == bindparam("of"),
    spam_learned.c.digest.in_(bindparam("which", expanding=True)),
)
_NOTE = PreparedInsert(
    spam_learned,
    " ON CONFLICT (scope, digest) DO UPDATE SET spam = excluded.spam, at = excluded.at",
)


class Standing(NamedTuple):
    """How far a scope's learning is; counts of an older `epoch` are halved for each one since."""

    corpus: Corpus
    epoch: int
    change: int


@dataclass(frozen=True, slots=True)
class Teaching:
    """Lessons for a scope, at a time in microseconds."""

    scope: int
    lessons: tuple[Lesson, ...]
    now: int


@dataclass(frozen=True, slots=True)
class Adding:
    """Counts for a scope, (token, ham, spam) each, from a corpus elsewhere.

    `mark`, if there is one, is noted: what bears a mark that is known is left out.
    """

    scope: int
    corpus: Corpus
    counts: tuple[tuple[int, int, int], ...]
    now: int
    mark: bytes = b""


def standings(connection: Connection) -> dict[int, Standing]:
    """Read how far the learning of every scope is."""
    return {
        scope: Standing(Corpus(ham, spam), epoch, change)
        for scope, ham, spam, epoch, change in _CORPORA.all(connection)
    }


def learn(connection: Connection, items: Sequence[Teaching]) -> list[Learned]:
    """Count lessons; what was learned as the other kind is taken back."""
    results = [_learn(connection, item) for item in items]
    bump(connection, TOPIC)
    return results


def _learn(connection: Connection, item: Teaching) -> Learned:
    before = standings(connection).get(item.scope, Standing(Corpus(0, 0), 0, 0))
    known = _known(connection, item.scope, [lesson.digest for lesson in item.lessons])
    new, changed = 0, 0
    more: list[Counter[int]] = [Counter(), Counter()]
    less: list[Counter[int]] = [Counter(), Counter()]
    totals = [before.corpus.ham, before.corpus.spam]
    for lesson in item.lessons:
        was = known.get(lesson.digest)
        if was is lesson.spam:
            continue
        if was is None:
            new += 1
        else:
            changed += 1
            less[was].update(lesson.tokens)
            totals[was] = max(0, totals[was] - 1)
        more[lesson.spam].update(lesson.tokens)
        totals[lesson.spam] += 1
        known[lesson.digest] = lesson.spam
    if new or changed:
        after = Standing(Corpus(*totals), before.epoch, before.change + 1)
        _take_back(connection, item.scope, after, less)
        rows = ((token, more[0][token], more[1][token]) for token in sorted({*more[0], *more[1]}))
        _add(connection, item.scope, after, rows, item.now)
        learned = {lesson.digest: lesson.spam for lesson in item.lessons}
        _NOTE.rows(
            connection,
            [(item.scope, digest, spam, item.now) for digest, spam in learned.items()],
        )
        _save(connection, item.scope, after)
    return Learned(new, changed, len(item.lessons) - new - changed)


def _known(connection: Connection, scope: int, digests: Sequence[bytes]) -> dict[bytes, bool]:
    found: dict[bytes, bool] = {}
    for start in range(0, len(digests), _PART):
        part = {"of": scope, "which": list(digests[start : start + _PART])}
        found.update((digest, bool(spam)) for digest, spam in connection.execute(_KNOWN, part))
    return found


def _add(
    connection: Connection,
    scope: int,
    now: Standing,
    counts: Iterable[tuple[int, int, int]],
    at: int,
) -> None:
    rows = [(scope, token, ham, spam, now.epoch, now.change, at) for token, ham, spam in counts]
    _ADD.rows(connection, rows)


def _take_back(
    connection: Connection, scope: int, now: Standing, less: Sequence[Counter[int]]
) -> None:
    rows = []
    for token in {*less[0], *less[1]}:
        for ham, spam, epoch in _ONE.all(connection, scope, token):
            age = now.epoch - epoch
            good = max(0, (ham >> age) - less[0][token])
            bad = max(0, (spam >> age) - less[1][token])
            rows.append((good, bad, now.epoch, now.change, scope, token))
    _SET.many(connection, rows)


def _save(connection: Connection, scope: int, now: Standing) -> None:
    """Write how far a scope's learning is, halving it if it is too much."""
    (ham, spam), epoch = now.corpus, now.epoch
    while ham + spam > HALVED_AT:
        ham, spam, epoch = ham // 2, spam // 2, epoch + 1
    values = {"ham": ham, "spam": spam, "epoch": epoch, "change": now.change}
    changed = update(spam_corpus).where(spam_corpus.c.scope == scope).values(values)
    if not connection.execute(changed).rowcount:
        connection.execute(insert(spam_corpus).values({"scope": scope, **values}))


def add(connection: Connection, items: Sequence[Adding]) -> list[bool]:
    """Add counts that were learned elsewhere; tell of each whether it was not yet known."""
    results = [_add_counts(connection, item) for item in items]
    bump(connection, TOPIC)
    return results


def _add_counts(connection: Connection, item: Adding) -> bool:
    if item.mark:
        if _known(connection, item.scope, [item.mark]):
            return False
        _NOTE.rows(connection, [(item.scope, item.mark, False, item.now)])
    before = standings(connection).get(item.scope, Standing(Corpus(0, 0), 0, 0))
    corpus = Corpus(before.corpus.ham + item.corpus.ham, before.corpus.spam + item.corpus.spam)
    after = Standing(corpus, before.epoch, before.change + 1)
    _add(connection, item.scope, after, item.counts, item.now)
    _save(connection, item.scope, after)
    return True


def rows_of(connection: Connection, scope: int, epoch: int) -> list[tuple[int, int, int]]:
    """Read all counts of a scope by rising token, one more than MOST_KNOWN at most."""
    return list(_aged(_ALL.all(connection, scope), epoch))


def rows_since(
    connection: Connection, scope: int, epoch: int, change: int
) -> list[tuple[int, int, int]]:
    """Read the counts that were changed after a change, MOST_CHANGES at most."""
    return list(_aged(_SINCE.all(connection, scope, change), epoch))


def named(
    connection: Connection, scope: int, tokens: Sequence[int]
) -> tuple[Standing | None, dict[int, tuple[int, int]]]:
    """Read the counts of these tokens, and how far the scope is."""
    standing = standings(connection).get(scope)
    found: dict[int, tuple[int, int]] = {}
    if standing is not None:
        rest = iter(tokens)
        while part := list(islice(rest, _PART)):
            rows = connection.execute(_NAMED, {"of": scope, "which": part})
            for token, ham, spam in _aged(rows, standing.epoch):
                found[token] = (ham, spam)
    return standing, found


def _aged(rows: Iterable[Sequence[Any]], epoch: int) -> Iterator[tuple[int, int, int]]:
    for token, ham, spam, of in rows:
        age = epoch - of
        yield token, ham >> age, spam >> age


def scopes(connection: Connection) -> tuple[Scope, ...]:
    """Tell what each scope has learned."""
    query = select(spam_token.c.scope, func.count()).group_by(spam_token.c.scope)
    counts = {row[0]: row[1] for row in connection.execute(query)}
    found = standings(connection)
    return tuple(Scope(scope, found[scope].corpus, counts.get(scope, 0)) for scope in sorted(found))


def forget_chunk(connection: Connection, items: Sequence[int]) -> list[bool]:
    """Remove a chunk of what scopes have learned; tell of each whether there is more."""
    results = []
    for scope in items:
        more = False
        for table, key in ((spam_token, spam_token.c.token), (spam_learned, spam_learned.c.digest)):
            query = select(key).where(table.c.scope == scope).order_by(key).limit(CHUNK)
            found = list(connection.execute(query).scalars())
            more = more or len(found) == CHUNK
            if found:
                connection.execute(delete(table).where(table.c.scope == scope, key <= found[-1]))
        # The row stays: by its epoch whoever knows the counts by heart notices
        values = {
            "ham": 0, "spam": 0,
            "epoch": spam_corpus.c.epoch + 1, "change": spam_corpus.c.change + 1,
        }  # fmt: skip
        connection.execute(update(spam_corpus).where(spam_corpus.c.scope == scope).values(values))
        results.append(more)
    bump(connection, TOPIC)
    return results


class Unseen(NamedTuple):
    """Which tokens are dropped: of scopes' tokens behind `after`, those last seen before a time.

    `before` holds for all, `rare` for those of a single message; both in microseconds.
    """

    after: tuple[int, int]
    before: int
    rare: int


def expire_chunk(
    connection: Connection, items: Sequence[Unseen]
) -> list[tuple[int, tuple[int, int] | None]]:
    """Look at a chunk of the tokens: return how many went, and where to go on, if anywhere."""
    return [_expire_chunk(connection, item) for item in items]


def _expire_chunk(connection: Connection, item: Unseen) -> tuple[int, tuple[int, int] | None]:
    scope, token = item.after
    query = (
        select(
            spam_token.c.scope, spam_token.c.token, spam_token.c.ham + spam_token.c.spam,
            spam_token.c.seen,
        )
        .where(
            (spam_token.c.scope > scope)
            | ((spam_token.c.scope == scope) & (spam_token.c.token > token))
        )
        .order_by(spam_token.c.scope, spam_token.c.token)
        .limit(CHUNK)
    )  # fmt: skip
    rows = connection.execute(query).all()
    old = [
        {"of": of, "which": which}
        for of, which, count, seen in rows
        if seen < (item.rare if count <= 1 else item.before)
    ]
    if old:
        connection.execute(delete(spam_token).where(*_OF), old)
    return len(old), (rows[-1][0], rows[-1][1]) if len(rows) == CHUNK else None
