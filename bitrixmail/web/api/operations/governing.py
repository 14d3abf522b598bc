"""Users, their sessions and tokens, the audit log, and the settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field

from bitrixmail.admin.office import Office
from bitrixmail.model.errors import Fault, InputError
from bitrixmail.model.user import Deed, DeedSearch, Right, Role, Token, User
from bitrixmail.web.api.operation import EXACT, Call, Operation, Paged, Sliced, Text
from bitrixmail.web.api.paging import falling, microseconds, number_in, rising
from bitrixmail.web.api.problem import ProblemError

Days = Annotated[int, Field(ge=1, le=3650)]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """A user to be added."""

    __pydantic_config__: ClassVar[ConfigDict] = EXACT
    name: Text
    role: Role
    password: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class UserChange:
    """What becomes of a user; what is left out stays. A new password ends all sessions."""

    __pydantic_config__: ClassVar[ConfigDict] = EXACT
    role: Role | None = None
    active: bool | None = None
    password: Text | None = None


@dataclass(frozen=True, slots=True)
class SessionShown:
    """Where a user is logged in. `key` names it, and opens nothing."""

    key: str
    created: datetime
    seen: datetime
    address: str
    agent: str


@dataclass(frozen=True, slots=True)
class TokenShown:
    """A token as it is shown: never its text."""

    id: int
    name: str
    user: str
    rights: tuple[Right, ...]
    created: datetime
    expires: datetime | None
    used: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """A token to be made, for who asks; without `days` it lasts until it is removed."""

    __pydantic_config__: ClassVar[ConfigDict] = EXACT
    name: Text
    rights: Annotated[tuple[Right, ...], Field(min_length=1, max_length=len(Right))]
    days: Days | None = None


@dataclass(frozen=True, slots=True)
class MadeToken:
    """A new token. `token` is its text, which is told this once."""

    shown: TokenShown
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditQuery(Paged):
    """Which lines; what is empty says nothing.

    `what` is a code or what it begins with ("mailbox"), `target` a part of it.
    """

    who: Text = ""
    what: Text = ""
    target: Text = ""


class GoverningOperations:
    """Made by the contents, lives as long as they. `settings` returns those in force, masked."""

    def __init__(self, office: Office, settings: Callable[[], Mapping[str, Any]]) -> None:
        self._users = office.users
        self._settings = settings

    def operations(self) -> Iterator[Operation]:
        """Yield them."""
        govern = Right.GOVERN
        one = "/users/{name}"
        yield Operation(
            "GET", "/users", self.listing, govern, User, Paged, listed=True,
            key=lambda each: each.name,
        )  # fmt: skip
        yield Operation("POST", "/users", self.add, govern, User, None, NewUser, 201)
        yield Operation("GET", one, self.find, govern, User)
        yield Operation("PATCH", one, self.change, govern, User, None, UserChange)
        yield Operation("DELETE", one, self.remove, govern)
        yield Operation("DELETE", f"{one}/second-factor", self.forget_factor, govern, User)
        yield Operation(
            "GET", f"{one}/sessions", self.sessions, govern, SessionShown, Paged, listed=True,
            key=lambda each: f"{falling(microseconds(each.created))} {each.key}",
        )  # fmt: skip
        yield Operation("DELETE", f"{one}/sessions/{{key}}", self.end_session, govern)
        yield Operation(
            "GET", "/tokens", self.tokens, govern, TokenShown, Paged, listed=True,
            key=lambda each: rising(each.id),
        )  # fmt: skip
        yield Operation("POST", "/tokens", self.add_token, govern, MadeToken, None, NewToken, 201)
        yield Operation("DELETE", "/tokens/{id}", self.remove_token, govern)
        yield Operation("GET", "/audit", self.deeds, govern, Deed, AuditQuery, listed=True)
        yield Operation("GET", "/settings", self.settings, govern, dict[str, Any])

    async def listing(self, call: Call) -> tuple[User, ...]:  # noqa: ARG002 - as all are called
        """List the users by name."""
        return await self._users.listing()

    async def add(self, call: Call) -> User:
        """Add a user.

        He can have no right that who asks has not.
        """
        body: NewUser = call.body
        _within(call, body.role.rights)
        user = await self._users.add(body.name, body.role.value, body.password)
        await call.record("user.add", user.name, user.role.value)
        return user

    async def find(self, call: Call) -> User:
        """Tell of a user."""
        return await self._users.find(call.parts["name"])

    async def change(self, call: Call) -> User:
        """Give a user another role or password, or lock him out.

        Neither he nor his new role can have a right that who asks has not.
        """
        name, body = call.parts["name"], call.body
        user = await self._users.find(name)
        _within(call, user.role.rights | (body.role or user.role).rights)
        if body.role is not None or body.active is not None:
            role = None if body.role is None else body.role.value
            user = await self._users.change(name, role=role, active=body.active)
            state = "active" if user.active else "locked out"
            await call.record("user.change", user.name, f"{user.role.value}, {state}")
        if body.password is not None:
            user = await self._users.set_password(name, body.password)
            await call.record("user.password", user.name)
        return user

    async def remove(self, call: Call) -> None:
        """Remove a user with his sessions and tokens.

        He can have no right that who asks has not.
        """
        _within(call, (await self._users.find(call.parts["name"])).role.rights)
        await self._users.remove(call.parts["name"])
        await call.record("user.remove", call.parts["name"])

    async def forget_factor(self, call: Call) -> User:
        """Ask a user for no code any more: he has lost what makes them.

        He can have no right that who asks has not.
        """
        _within(call, (await self._users.find(call.parts["name"])).role.rights)
        user = await self._users.forget_factor(call.parts["name"])
        await call.record("user.factor_off", user.name)
        return user

    async def sessions(self, call: Call) -> tuple[SessionShown, ...]:
        """List where a user is logged in, the latest login first."""
        user = await self._users.find(call.parts["name"])
        return tuple(
            SessionShown(each.key, each.created, each.seen, each.address, each.agent)
            for each in await self._users.sessions(user.name)
        )

    async def end_session(self, call: Call) -> None:
        """End a session of a user."""
        user = await self._users.find(call.parts["name"])
        await self._users.end_session(user.name, call.parts["key"])
        await call.record("session.end", user.name)

    async def tokens(self, call: Call) -> tuple[TokenShown, ...]:  # noqa: ARG002 - as all are called
        """List all tokens of the API, in the order in which they were made."""
        return tuple(map(shown_token, await self._users.tokens()))

    async def add_token(self, call: Call) -> MadeToken:
        """Make a token; its text is not told again.

        It can have no right that who asks has not.
        """
        body: NewToken = call.body
        _within(call, frozenset(body.rights))
        lasting = None if body.days is None else timedelta(days=body.days)
        user = await self._users.find(call.caller.user)
        rights = [right.value for right in body.rights]
        token, text = await self._users.add_token(user, body.name, rights, lasting)
        await call.record("token.add", token.name, ", ".join(sorted(rights)))
        return MadeToken(shown_token(token), text)

    async def remove_token(self, call: Call) -> None:
        """Remove a token: whoever has it gets in no more."""
        given = call.parts["id"]
        if not (given.isascii() and given.isdigit() and len(given) < 19):
            raise InputError(Fault("id", "is no number of a token", "see /api/v1/tokens"))
        gone = await self._users.remove_token(int(given))
        await call.record("token.remove", gone.name)

    async def deeds(self, call: Call) -> Sliced:
        """Read the audit log, newest first."""
        query: AuditQuery = call.query
        search = DeedSearch(query.who.lower(), query.what, query.target, number_in(query.cursor))
        found = await self._users.deeds(query.limit + 1, None, search)
        items = found[: query.limit]
        return Sliced(items, str(items[-1].id) if len(found) > query.limit else None)

    async def settings(self, call: Call) -> Mapping[str, Any]:  # noqa: ARG002 - as all are called
        """Give the settings in force; of secrets only that they are there."""
        return self._settings()


def _within(call: Call, rights: frozenset[Right]) -> None:
    """Raise ProblemError if somebody would get, or be, more than who asks has himself."""
    beyond = rights - call.caller.rights
    if beyond:
        named = ", ".join(sorted(right.value for right in beyond))
        raise ProblemError(403, f"Who asks has not himself: {named}.")


def shown_token(token: Token) -> TokenShown:
    """Return a token as it is shown."""
    rights = tuple(sorted(token.rights, key=lambda right: right.value))
    return TokenShown(
        token.id, token.name, token.user.name, rights, token.created, token.expires, token.used
    )
