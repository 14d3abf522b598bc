"""Logging in and out, and the language of the pages."""

from __future__ import annotations

from collections.abc import Iterator

from bitrixmail.accounts.signing_in import RefusedError, SigningIn
from bitrixmail.admin.users import Users
from bitrixmail.model.user import Right
from bitrixmail.web.visit import (
    LANGUAGE,
    LANGUAGES,
    SESSION,
    Cookie,
    Page,
    Redirect,
    Reply,
    Route,
    Visit,
)
from bitrixmail.web.words import _

_SESSION_S = 14 * 24 * 3600
_YEAR_S = 366 * 24 * 3600
_WRONG = _("Name, password or code is wrong. After many wrong ones none is looked at for a while.")
_USED = _("That code was used already: wait until another one is shown, and type that.")


class LoginPages:
    """Made by the site map, lives as long as it."""

    def __init__(self, signing_in: SigningIn, users: Users) -> None:
        self._signing_in = signing_in
        self._users = users

    def routes(self) -> Iterator[Route]:
        """Yield them."""
        yield Route("GET", "/login", self.form, needs=None)
        yield Route("POST", "/login", self.log_in, needs=None)
        yield Route("POST", "/logout", self.log_out, needs=Right.SEE)
        yield Route("POST", "/language", self.language, needs=None)

    async def form(self, visit: Visit) -> Reply:
        """Show the form; who is logged in goes on."""
        to = _local(visit.asked("to"))
        if visit.session is not None:
            return Redirect(to)
        return Page("login.html", {"to": to, "wrong": "", "name": ""})

    async def log_in(self, visit: Visit) -> Reply:
        """Begin a session: always a new one, so that nobody can hand one to somebody else."""
        name, to = visit.given("name"), _local(visit.given("to"))
        password = next(iter(visit.form.get("password", ())), "")
        try:
            session, cookie = await self._signing_in.sign_in(
                name, password, visit.given("code"), visit.peer, visit.agent
            )
        except RefusedError as error:
            if error.looked_at:  # else many guesses would fill the log
                await self._users.record(name, "login.refused", address=visit.peer)
            wrong = _USED if error.code_used else _WRONG
            return Page("login.html", {"to": to, "wrong": wrong, "name": name}, 403)
        if visit.session is not None:
            await self._signing_in.sign_out(visit.session)
        await self._users.record(session.user.name, "login", address=visit.peer)
        return Redirect(to, cookies=(session_cookie(cookie),))

    async def log_out(self, visit: Visit) -> Reply:
        """End the session."""
        if visit.session is not None:
            await self._signing_in.sign_out(visit.session)
            await self._users.record(visit.user, "logout", address=visit.peer)
        return Redirect("/login", cookies=(Cookie(SESSION, "", 0),))

    async def language(self, visit: Visit) -> Reply:
        """Keep the language that was chosen."""
        chosen = visit.given("language")
        cookies = (Cookie(LANGUAGE, chosen, _YEAR_S),) if chosen in LANGUAGES else ()
        return Redirect(_local(visit.given("to")), cookies=cookies)


def session_cookie(value: str) -> Cookie:
    """Return the cookie by which a session is known."""
    return Cookie(SESSION, value, _SESSION_S)


def _local(to: str) -> str:
    """Return a path of this site: what leads elsewhere leads to the first page."""
    if not to.startswith("/") or to.startswith(("//", "/\\")) or "\\" in to:
        return "/"
    return to if to.isprintable() else "/"
