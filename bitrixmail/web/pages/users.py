"""Users: who may do what here, and what was done by whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import quote, urlencode

from bitrixmail.admin.passwords import generated
from bitrixmail.admin.users import Users
from bitrixmail.model.errors import Fault, InputError
from bitrixmail.model.user import DeedSearch, Right, Role
from bitrixmail.web.visit import Page, Redirect, Reply, Route, Visit
from bitrixmail.web.words import _
from bitrixmail.web.words.deeds import DEED_WORDS

_DEEDS = 100
_ID_DIGITS = 18
ROLES = {
    Role.READER: _(
        "reader: sees mail, queue, rules and domains, not settings, users or the audit log"
    ),
    Role.OPERATOR: _("operator: also handles mail, queue and tickets"),
    Role.ADMIN: _("admin: also domains, mailboxes, rules and lists"),
    Role.OWNER: _("owner: also settings, listeners and users"),
}
ROLE_NAMES = {
    Role.READER: _("reader"),
    Role.OPERATOR: _("operator"),
    Role.ADMIN: _("admin"),
    Role.OWNER: _("owner"),
}


class UserPages:
    """Made by the site map, lives as long as it."""

    def __init__(self, users: Users) -> None:
        self._users = users

    def routes(self) -> Iterator[Route]:
        """Yield them: the owners' alone."""
        for method, path, handler in (
            ("GET", "/users", self.listing),
            ("POST", "/users", self.add),
            ("GET", "/users/audit", self.audit),
            ("GET", "/users/user/<name>", self.show),
            ("POST", "/users/user/<name>/role", self.role),
            ("POST", "/users/user/<name>/lock", self.lock),
            ("POST", "/users/user/<name>/password", self.password),
            ("POST", "/users/user/<name>/factor", self.factor),
            ("POST", "/users/user/<name>/end", self.end_session),
            ("POST", "/users/user/<name>/remove", self.remove),
        ):
            yield Route(method, path, handler, Right.GOVERN)

    async def listing(self, visit: Visit) -> Reply:  # noqa: ARG002 - every page is handed one
        """List the users."""
        return await self._listing({}, ())

    async def _listing(self, typed: Mapping[str, str], faults: tuple[Fault, ...]) -> Page:
        context = {
            "users": await self._users.listing(),
            "roles": ROLES,
            "role_names": ROLE_NAMES,
            "typed": typed,
            "faults": faults,
        }
        return Page("users.html", context, 400 if faults else 200)

    async def add(self, visit: Visit) -> Reply:
        """Add a user with a password that is shown once."""
        typed = {name: visit.given(name) for name in ("name", "role")}
        password = generated()
        try:
            user = await self._users.add(typed["name"], typed["role"], password)
        except InputError as error:
            return await self._listing(typed, error.faults)
        await self._record(visit, "user.add", user.name, user.role.value)
        return Page("user_made.html", {"user": user, "password": password, "new": True})

    async def show(self, visit: Visit, name: str) -> Reply:  # noqa: ARG002 - as above
        """Show a user."""
        user = await self._users.find(name)
        context = {
            "user": user,
            "roles": ROLES,
            "role_names": ROLE_NAMES,
            "sessions": await self._users.sessions(user.name),
            "tokens": await self._users.tokens_of(user.name),
        }
        return Page("user.html", context)

    async def role(self, visit: Visit, name: str) -> Reply:
        """Give a user another role."""
        before = await self._users.find(name)
        user = await self._users.change(before.name, role=visit.given("role"), active=None)
        await self._record(
            visit, "user.role", user.name, f"{before.role.value} → {user.role.value}"
        )
        return Redirect(_path(user.name), _("Saved. Who has another role now logs in anew."))

    async def lock(self, visit: Visit, name: str) -> Reply:
        """Lock a user out, or let him in again."""
        active = visit.given("active") == "1"
        user = await self._users.change(name, role=None, active=active)
        await self._record(visit, "user.unlock" if active else "user.lock", user.name)
        said = _("The user may log in again.") if active else _("The user is locked out.")
        return Redirect(_path(user.name), said)

    async def password(self, visit: Visit, name: str) -> Reply:
        """Give a user a new password, shown once."""
        password = generated()
        user = await self._users.set_password(name, password)
        await self._record(visit, "user.password", user.name)
        return Page("user_made.html", {"user": user, "password": password, "new": False})

    async def factor(self, visit: Visit, name: str) -> Reply:
        """Ask a user for no code any more: he has lost what makes them."""
        user = await self._users.forget_factor(name)
        await self._record(visit, "user.factor_off", user.name)
        return Redirect(_path(user.name), _("The second factor is off."))

    async def end_session(self, visit: Visit, name: str) -> Reply:
        """End a session of a user."""
        user = await self._users.find(name)
        await self._users.end_session(user.name, visit.given("session"))
        await self._record(visit, "session.end", user.name)
        return Redirect(_path(user.name), _("The session was ended."))

    async def remove(self, visit: Visit, name: str) -> Reply:
        """Remove a user."""
        user = await self._users.find(name)
        await self._users.remove(user.name)
        await self._record(visit, "user.remove", user.name)
        return Redirect("/users", _("The user was removed."))

    async def audit(self, visit: Visit) -> Reply:
        """Show the audit log, newest first."""
        wanted = {name: visit.asked(name).strip() for name in ("who", "what", "target")}
        before = visit.asked("before")
        number = int(before) if before.isdecimal() and len(before) <= _ID_DIGITS else 0
        search = DeedSearch(wanted["who"].lower(), wanted["what"], wanted["target"], number)
        found = await self._users.deeds(_DEEDS + 1, None, search)
        shown = found[:_DEEDS]
        more = ""
        if len(found) > _DEEDS:
            more = f"/users/audit?{urlencode({**wanted, 'before': shown[-1].id})}"
        context = {
            "deeds": shown,
            "more": more,
            "wanted": wanted,
            "first": not number,
            **DEED_WORDS,
        }
        return Page("audit.html", context)

    async def _record(self, visit: Visit, what: str, target: str, detail: str = "") -> None:
        await self._users.record(visit.user, what, target, detail, visit.peer)


def _path(name: str) -> str:
    return f"/users/user/{quote(name, safe='')}"
