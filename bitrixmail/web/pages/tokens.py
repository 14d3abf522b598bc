"""Tokens of the API: everybody's own, and for owners those of all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

from bitrixmail.admin.users import Users
from bitrixmail.model.errors import Fault, InputError, NotFoundError
from bitrixmail.model.user import Right, User
from bitrixmail.web.visit import Page, Redirect, Reply, Route, Visit
from bitrixmail.web.words import _

_ID_DIGITS = 18
_LASTING = {"30": timedelta(days=30), "90": timedelta(days=90), "365": timedelta(days=365)}
RIGHTS = {
    Right.SEE: _("see mail, queue, rules and domains, not settings, users or the audit log"),
    Right.HANDLE: _("handle mail, queue and tickets"),
    Right.MANAGE: _("manage domains, mailboxes, rules and lists"),
    Right.SEND: _("send mail"),
    Right.GOVERN: _("govern settings, listeners and users"),
}


class TokenPages:
    """Made by the site map, lives as long as it."""

    def __init__(self, users: Users) -> None:
        self._users = users

    def routes(self) -> Iterator[Route]:
        """Yield them."""
        yield Route("GET", "/account/tokens", self.own)
        yield Route("POST", "/account/tokens", self.add)
        yield Route("POST", "/account/tokens/remove", self.remove_own)
        yield Route("GET", "/users/tokens", self.all, Right.GOVERN)
        yield Route("POST", "/users/tokens/remove", self.remove, Right.GOVERN)

    async def own(self, visit: Visit) -> Reply:
        """List one's own."""
        return await self._own(visit, {}, ())

    async def _own(self, visit: Visit, typed: Mapping[str, str], faults: tuple[Fault, ...]) -> Page:
        user = await self._me(visit)
        context = {
            "tokens": await self._users.tokens_of(user.name),
            "rights": {right: RIGHTS[right] for right in Right if right in user.role.rights},
            "names": RIGHTS,
            "typed": typed,
            "ticked": visit.all_given("right"),
            "faults": faults,
        }
        return Page("tokens.html", context, 400 if faults else 200)

    async def add(self, visit: Visit) -> Reply:
        """Make a token; its text is shown now and never again."""
        user, lasting = await self._me(visit), _LASTING.get(visit.given("lasting"))
        name = visit.given("name")
        try:
            token, text = await self._users.add_token(user, name, visit.all_given("right"), lasting)
        except InputError as error:
            typed = {"name": name, "lasting": visit.given("lasting")}
            return await self._own(visit, typed, error.faults)
        rights = ", ".join(sorted(right.value for right in token.rights))
        await self._record(visit, "token.add", token.name, rights)
        return Page("token_made.html", {"token": token, "text": text, "names": RIGHTS})

    async def remove_own(self, visit: Visit) -> Reply:
        """Remove one of one's own."""
        number = _number(visit.given("token"))
        if number not in {token.id for token in await self._users.tokens_of(visit.user)}:
            raise NotFoundError(Fault("token", "no such token"))
        await self._remove(visit, number)
        return Redirect("/account/tokens", _("The token was removed: it opens nothing any more."))

    async def all(self, visit: Visit) -> Reply:  # noqa: ARG002 - every page is handed one
        """List those of all users."""
        return Page("tokens_all.html", {"tokens": await self._users.tokens(), "names": RIGHTS})

    async def remove(self, visit: Visit) -> Reply:
        """Remove one of any user."""
        await self._remove(visit, _number(visit.given("token")))
        return Redirect("/users/tokens", _("The token was removed: it opens nothing any more."))

    async def _remove(self, visit: Visit, number: int) -> None:
        token = await self._users.remove_token(number)
        await self._record(visit, "token.remove", token.name, token.user.name)

    async def _me(self, visit: Visit) -> User:
        return await self._users.find(visit.user)

    async def _record(self, visit: Visit, what: str, target: str, detail: str = "") -> None:
        await self._users.record(visit.user, what, target, detail, visit.peer)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) <= _ID_DIGITS else 0
