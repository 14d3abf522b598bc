"""One's own account: password, second factor, sessions."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import segno

from bitrixmail.accounts.second_factor import SecondFactor
from bitrixmail.accounts.signing_in import RefusedError, SigningIn
from bitrixmail.admin.users import Users
from bitrixmail.model.errors import Fault, InputError, NotFoundError
from bitrixmail.model.user import Session, User
from bitrixmail.web.pages.login import session_cookie
from bitrixmail.web.pages.users import ROLE_NAMES
from bitrixmail.web.visit import Download, Page, Redirect, Reply, Route, Visit
from bitrixmail.web.words import _

_PICTURE = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


class AccountPages:
    """Made by the site map, lives as long as it."""

    def __init__(self, signing_in: SigningIn, second_factor: SecondFactor, users: Users) -> None:
        self._signing_in = signing_in
        self._second_factor = second_factor
        self._users = users

    def routes(self) -> Iterator[Route]:
        """Yield them: everybody's who is logged in."""
        yield Route("GET", "/account", self.show)
        yield Route("POST", "/account/password", self.password)
        yield Route("POST", "/account/sessions/end", self.end_session)
        yield Route("POST", "/account/sessions/end-others", self.end_others)
        yield Route("GET", "/account/second-factor", self.offer)
        yield Route("POST", "/account/second-factor", self.begin)
        yield Route("GET", "/account/second-factor.svg", self.picture)
        yield Route("POST", "/account/second-factor/on", self.switch_on)
        yield Route("POST", "/account/second-factor/off", self.switch_off)
        yield Route("POST", "/account/second-factor/recovery", self.renew)

    async def show(self, visit: Visit) -> Reply:
        """Show it."""
        session = _session(visit)
        context = {
            "user": await self._users.find(session.user.name),
            "role_names": ROLE_NAMES,
            "sessions": await self._users.sessions(session.user.name),
            "own": session.key,
            "recovery": await self._users.recovery_left(session.user.name),
        }
        return Page("account.html", context)

    async def password(self, visit: Visit) -> Reply:
        """Change one's own password: the old one is asked for, and all other sessions end."""
        session = _session(visit)
        new = _raw(visit, "new")
        if new != _raw(visit, "again"):
            raise InputError(Fault("password", "the two differ", "type the new one twice"))
        await self._confirm(visit, session)
        user = await self._users.set_password(session.user.name, new)
        await self._users.record(user.name, "user.password", user.name, "", visit.peer)
        return await self._anew(visit, user, "/account", _("The password was changed."))

    async def end_session(self, visit: Visit) -> Reply:
        """End one of one's own sessions."""
        session = _session(visit)
        await self._users.end_session(session.user.name, visit.given("session"))
        await self._users.record(visit.user, "session.end", visit.user, "", visit.peer)
        return Redirect("/account", _("The session was ended."))

    async def end_others(self, visit: Visit) -> Reply:
        """End all of one's own sessions but this one."""
        session = _session(visit)
        for other in await self._users.sessions(session.user.name):
            if other.key != session.key:
                await self._users.end_session(session.user.name, other.key)
        await self._users.record(visit.user, "session.end", visit.user, "all others", visit.peer)
        return Redirect("/account", _("All other sessions were ended."))

    async def begin(self, visit: Visit) -> Reply:
        """Offer a second factor to who knows his password."""
        session = _session(visit)
        await self._confirm(visit, session)
        self._second_factor.begin(session)
        return Redirect("/account/second-factor")

    async def offer(self, visit: Visit) -> Reply:
        """Show the code to be scanned."""
        secret = self._second_factor.secret(_session(visit))
        if secret is None:
            return Redirect("/account", _("Begin anew: the code was too old."))
        return Page("second_factor.html", {"secret": secret, "wrong": False})

    async def picture(self, visit: Visit) -> Reply:
        """Draw the code."""
        address = self._second_factor.address(_session(visit))
        if address is None:
            raise NotFoundError(Fault("second factor", "none is offered", "begin anew"))
        drawn = BytesIO()
        segno.make(address, micro=False, error="m").save(
            drawn, kind="svg", scale=4, border=3, xmldecl=False, dark="#000", light="#fff"
        )
        return Download(drawn.getvalue(), "image/svg+xml", policy=_PICTURE)

    async def switch_on(self, visit: Visit) -> Reply:
        """Ask for codes from now on, after a right one; all other sessions end."""
        session = _session(visit)
        secret = self._second_factor.secret(session)
        switched = await self._second_factor.switch_on(session, visit.given("code"))
        if switched is None:
            if secret is None:
                return Redirect("/account", _("Begin anew: the code was too old."))
            return Page("second_factor.html", {"secret": secret, "wrong": True}, 400)
        user = switched.user
        await self._users.record(user.name, "user.factor_on", user.name, "", visit.peer)
        _began, cookie = await self._signing_in.begin(user, visit.peer, visit.agent)
        context = {"codes": switched.recovery, "on": True}
        return Page("recovery_codes.html", context, cookies=(session_cookie(cookie),))

    async def renew(self, visit: Visit) -> Reply:
        """Make recovery codes anew; the password and a code are asked for."""
        session = _session(visit)
        await self._confirm(visit, session, visit.given("code"))
        codes = await self._second_factor.recovery(session.user.name)
        await self._users.record(visit.user, "user.recovery", visit.user, "", visit.peer)
        return Page("recovery_codes.html", {"codes": codes, "on": False})

    async def switch_off(self, visit: Visit) -> Reply:
        """Ask for no code any more; the password and a code are asked for, a last time."""
        session = _session(visit)
        await self._confirm(visit, session, visit.given("code"))
        user = await self._users.forget_factor(session.user.name)
        await self._users.record(user.name, "user.factor_off", user.name, "", visit.peer)
        return await self._anew(visit, user, "/account", _("The second factor is off."))

    async def _confirm(self, visit: Visit, session: Session, code: str | None = None) -> None:
        """Ask for the password, and if wanted for a code. Raises InputError."""
        try:
            await self._signing_in.confirm(session, _raw(visit, "password"), visit.peer, code)
        except RefusedError as error:
            if error.looked_at:
                await self._users.record(visit.user, "login.refused", "", "confirm", visit.peer)
            if error.code_used:
                fault = Fault("code", "was used already", "wait for the next one, and type that")
                raise InputError(fault) from None
            remedy = "after many wrong ones none is looked at for a while"
            where = "password" if code is None else "password or code"
            raise InputError(Fault(where, "is wrong", remedy)) from None

    async def _anew(self, visit: Visit, user: User, to: str, said: str) -> Reply:
        """Go on in a new session: the old ones have ended."""
        _, cookie = await self._signing_in.begin(user, visit.peer, visit.agent)
        return Redirect(to, said, cookies=(session_cookie(cookie),))


def _session(visit: Visit) -> Session:
    """Return the session of a page that nobody gets without one."""
    if visit.session is None:
        raise RuntimeError("nobody is logged in")
    return visit.session


def _raw(visit: Visit, name: str) -> str:
    return next(iter(visit.form.get(name, ())), "")
