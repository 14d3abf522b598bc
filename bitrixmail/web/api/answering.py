"""A call from its head to its answer: who asks, whether he may, how often, with what.

Knows no HTTP library: `web.http.routes` hands in what was asked and sends what is answered.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from bitrixmail.accounts.signing_in import SigningIn
from bitrixmail.admin.messages import Pieces
from bitrixmail.admin.users import TOKEN_PREFIX, Users
from bitrixmail.interfaces.threads import IThreads
from bitrixmail.model.errors import InputError, MailError
from bitrixmail.model.user import Right, Session
from bitrixmail.web.api.limits import CallRate
from bitrixmail.web.api.operation import BASE, JSON, Call, Caller, Operation, P, Raw, Sliced, T
from bitrixmail.web.api.paging import cursor_of, key_in, sliced
from bitrixmail.web.api.problem import PROBLEM, ProblemError, problem_of, written
from bitrixmail.web.api.reading import Reader
from bitrixmail.web.api.repeats import MOST_KEY, Repeats
from bitrixmail.web.live.stream import Stream

_log = Logger()
# With which nobody gets in: each is a look into the database
_REFUSED_PER_MINUTE = 60
_MOST_TOKEN = 200
# A body from here on is read in a thread
_AT_ONCE = 256 * 1024
_SAFE = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Asked:
    """What came in. `ours`: it comes from a page of ours, with the session's token.

    `target` is the path without its query.
    """

    method: str
    target: str
    parts: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    authorization: str = ""
    content_type: str = ""
    key: str = ""
    last_event: str = ""
    body: bytes = b""
    peer: str = ""
    session: Session | None = None
    ours: bool = False

    def digest(self) -> str:
        """Return one of query and body: of the same call it is the same."""
        query = json.dumps(sorted(self.query.items())).encode()
        return hashlib.sha256(b"%d\n%b%b" % (len(query), query, self.body)).hexdigest()


@dataclass(frozen=True, slots=True)
class Answered:
    """What goes out; with a `stream` it has no end of its own, `pieces` are not read yet."""

    status: int
    octets: bytes = b""
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    stream: Stream | None = None
    pieces: Pieces | None = None


class Api:
    """All operations behind their guards. Made by the site map, lives as long as it."""

    def __init__(
        self,
        operations: Iterable[Operation],
        signing_in: SigningIn,
        users: Users,
        clock: IReactorTime,
        threads: IThreads,
        *,
        per_minute: Callable[[], int],
    ) -> None:
        self.operations = tuple(operations)
        self._signing_in = signing_in
        self._users = users
        self._threads = threads
        self._rate = CallRate(clock, per_minute)
        self._refused = CallRate(clock, lambda: _REFUSED_PER_MINUTE)
        self._repeats: Repeats[Answered] = Repeats(clock, lambda answered: len(answered.octets))
        self._readers = {each.name: Reader(each) for each in self.operations}
        self._writers = {
            each.name: _writer(each)
            for each in self.operations
            if each.answers is not None and each.gives == JSON
        }

    async def answer(self, operation: Operation, asked: Asked) -> Answered:
        """Do what is asked. Never raises."""
        try:
            return await self._answer(operation, asked)
        except ProblemError as error:
            return told(error)
        except (InputError, MailError) as error:
            if isinstance(error, MailError):
                _log.warn(
                    "{path}: {reason}", path=asked.target, reason=error.cause or str(error.reply)
                )
            return told(problem_of(error))
        except Exception:  # noqa: BLE001 - a bug: whoever asks must be told that it is none of his
            _log.failure("{method} {path} failed", method=asked.method, path=asked.target)
            return told(ProblemError(500, "This is a bug; the log says more."))

    async def _answer(self, operation: Operation, asked: Asked) -> Answered:
        caller = Caller("", asked.peer, frozenset(), asked.peer)
        if operation.needs is not None:
            caller = await self.caller(asked)
            for right in operation.rights:
                self.allow(caller, right)
        wait_s = self._rate.wait_s(caller.name)
        if wait_s:
            raise ProblemError(429, "Too many calls.", headers={"Retry-After": str(wait_s)})
        if len(asked.body) > operation.most_octets:
            raise ProblemError(413, f"At most {operation.most_octets} octets are taken here.")
        if len(asked.key) > MOST_KEY:
            raise ProblemError(422, f"An Idempotency-Key has at most {MOST_KEY} characters.")
        reader = self._readers[operation.name]
        query = reader.query(asked.query)

        async def apart(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
            if len(asked.body) <= _AT_ONCE:
                return function(*args, **kwargs)
            return await self._threads.run(function, *args, **kwargs)

        body = await apart(reader.body, asked.body, asked.content_type)

        async def record(what: str, target: str = "", detail: str = "") -> None:
            await self._users.record(caller.name, what, target, detail, caller.peer)

        async def still() -> bool:
            now = asked
            if asked.session is not None:
                now = replace(asked, session=await self._signing_in.again(asked.session))
            try:
                self.allow(await self.caller(now), operation.needs or Right.SEE)
            except ProblemError:
                return False
            return True

        named = operation.keeps_keys or (operation.takes_keys and bool(asked.key))
        digest = await apart(asked.digest) if named else ""
        call = Call(
            caller,
            asked.parts,
            query,
            body,
            asked.key,
            record,
            still,
            apart,
            asked.last_event,
            digest,
        )
        if named and not operation.keeps_keys:
            return await self._once(operation, asked, call)
        return self._written(operation, asked, query, await operation.handler(call))

    async def _once(self, operation: Operation, asked: Asked, call: Call) -> Answered:
        """Do it, unless it came before: then answer as then."""
        user, name = call.caller.user, f"{operation.name}\n{asked.target}\n{asked.key}"
        known = self._repeats.begin(user, name, call.digest)
        if known is not None:
            return known
        made: Answered | None = None
        try:
            made = self._written(operation, asked, call.query, await operation.handler(call))
            return made
        finally:
            self._repeats.end(user, name, made)

    async def caller(self, asked: Asked) -> Caller:
        """Return who asks (RFC 6750 §2.1). Raises ProblemError: nobody knows him."""
        if asked.authorization:
            return await self._by_token(asked)
        session = asked.session
        if session is None:
            raise _unknown("Show a token: Authorization: Bearer bxm_…")
        if asked.method not in _SAFE and not asked.ours:
            raise ProblemError(403, "A call with a session's cookie needs its X-CSRF-Token.")
        user = session.user
        return Caller(user.name, user.name, user.role.rights, asked.peer)

    async def _by_token(self, asked: Asked) -> Caller:
        scheme, _, text = asked.authorization.partition(" ")
        text = text.strip()
        token = None
        if scheme.lower() == "bearer" and text.startswith(TOKEN_PREFIX) and text.isascii():
            token = await self._signing_in.token(text[:_MOST_TOKEN])
        if token is None:
            wait_s = self._refused.wait_s(asked.peer)
            if wait_s:
                retry = {"Retry-After": str(wait_s)}
                raise ProblemError(429, "Too many calls without a valid token.", headers=retry)
            raise _unknown("This token is not known, or no longer valid.", 'error="invalid_token"')
        name = f"{token.user.name} ({token.name})"
        return Caller(token.user.name, name, token.rights, asked.peer)

    @staticmethod
    def allow(caller: Caller, needs: Right) -> None:
        """Raise ProblemError for who may not do what needs this right."""
        if needs in caller.rights:
            return
        had = ", ".join(sorted(right.value for right in caller.rights)) or "none"
        scope = f'Bearer error="insufficient_scope", scope="{needs.value}"'
        detail = f"This needs the right {needs.value}; there is: {had}."
        raise ProblemError(403, detail, headers={"WWW-Authenticate": scope})

    def _written(self, operation: Operation, asked: Asked, query: Any, found: Any) -> Answered:
        if operation.answers is None and operation.gives == JSON:
            return Answered(204)
        if isinstance(found, Stream):
            return Answered(operation.status, content_type=operation.gives, stream=found)
        if isinstance(found, Raw):
            return Answered(operation.status, found.octets, found.content_type, pieces=found.pieces)
        if not operation.listed:
            return Answered(operation.status, self._json(operation, found))
        page = found
        if not isinstance(page, Sliced):
            if operation.key is None:
                raise TypeError(f"{operation.name} has no key to slice by")
            page = sliced(found, operation.key, key_in(query.cursor), query.limit)
        cursor = None if page.next is None else cursor_of(page.next)
        items = self._json(operation, page.items)
        octets = b'{"items":' + items + b',"next":' + json.dumps(cursor).encode() + b"}"
        headers = {} if cursor is None else {"Link": _next(asked, query.limit, cursor)}
        return Answered(operation.status, octets, headers=headers)

    def _json(self, operation: Operation, value: Any) -> bytes:
        writer = self._writers[operation.name]
        try:
            return writer.dump_json(value)
        except PydanticSerializationError:
            # Half of a surrogate pair in remote text: no UTF-8 has it, JSON's escapes have
            return json.dumps(writer.dump_python(value, mode="json")).encode()


def _writer(operation: Operation) -> TypeAdapter[Any]:
    answers: Any = operation.answers
    return TypeAdapter(tuple[answers, ...] if operation.listed else answers)


def told(error: ProblemError) -> Answered:
    """Return the answer that tells a problem."""
    return Answered(error.status, written(error), PROBLEM, error.headers)


def missing(target: str) -> Answered:
    """Return the answer for a path that there is not."""
    del target  # it is remote text, and told to whoever has just sent it
    return told(ProblemError(404, f"There is no such path; {BASE} is told of at /api/docs."))


def _unknown(detail: str, more: str = "") -> ProblemError:
    scheme = 'Bearer realm="bitrixmail"' + (f", {more}" if more else "")
    return ProblemError(401, detail, headers={"WWW-Authenticate": scheme})


def _next(asked: Asked, limit: int, cursor: str) -> str:
    """Write where the next page is (RFC 8288)."""
    kept = [
        (name, text)
        for name, texts in asked.query.items()
        if name not in {"cursor", "limit"}
        for text in texts
    ]
    query = urlencode([*kept, ("limit", str(limit)), ("cursor", cursor)])
    return f'<{asked.target}?{query}>; rel="next"'
