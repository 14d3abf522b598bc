"""Mailboxes: how they are, what they hold, and everything that is said of one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import quote, urlencode

from bitrixmail.admin import typed
from bitrixmail.admin.accounts import MailboxOptions
from bitrixmail.admin.office import Office
from bitrixmail.admin.passwords import generated
from bitrixmail.admin.routes import Led
from bitrixmail.model.directory import Mailbox
from bitrixmail.model.errors import Fault, InputError
from bitrixmail.model.route import RouteKind
from bitrixmail.model.user import Right
from bitrixmail.web.visit import Page, Redirect, Reply, Route, Visit
from bitrixmail.web.words import _

PAGE = 50
_AGAIN = "save again to put yours in its place"
_FIELDS = ("address", "description", "quota", "retention", "how")


class MailboxPages:
    """Made by the site map, lives as long as it."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> Iterator[Route]:
        """Yield them."""
        yield Route("GET", "/mailboxes", self.listing)
        yield Route("POST", "/mailboxes", self.add, Right.MANAGE)
        yield Route("GET", "/mailboxes/route", self.route)
        yield Route("GET", "/mailboxes/<path:address>", self.show)
        yield Route("POST", "/mailboxes/<path:address>/change", self.change, Right.MANAGE)
        yield Route("POST", "/mailboxes/<path:address>/password", self.password, Right.MANAGE)
        yield Route("POST", "/mailboxes/<path:address>/grant", self.grant, Right.MANAGE)
        yield Route("POST", "/mailboxes/<path:address>/revoke", self.revoke, Right.MANAGE)
        yield Route("GET", "/mailboxes/<path:address>/remove", self.ask, Right.MANAGE)
        yield Route("POST", "/mailboxes/<path:address>/remove", self.remove, Right.MANAGE)

    async def listing(self, visit: Visit) -> Reply:
        """Show the grid."""
        return await self._listing(visit, {}, ())

    async def _listing(
        self, visit: Visit, given: Mapping[str, str], faults: tuple[Fault, ...]
    ) -> Page:
        accounts = self._office.accounts
        text, domain = visit.asked("q"), visit.asked("domain")
        domains = await accounts.domains()
        if domain not in {each.name for each in domains}:
            domain = ""
        found, more = await accounts.mailbox_page(text, domain or None, visit.asked("after"), PAGE)
        onward = {"q": text, "domain": domain, "after": found[-1].address if found else ""}
        context = {
            "mailboxes": found,
            "holdings": await accounts.holdings(found),
            "logins": {each.address: self._office.last_login(each.address) for each in found},
            "troubles": await self._office.troubles.of([each.address for each in found]),
            "domains": [each for each in domains if not each.alias_of],
            "q": text,
            "domain": domain,
            "first": not visit.asked("after"),
            "more": f"/mailboxes?{urlencode(onward)}" if more else "",
            "typed": given,
            "faults": faults,
        }
        return Page("mailboxes.html", context, 400 if faults else 200)

    async def add(self, visit: Visit) -> Reply:
        """Add a mailbox; a password that was made for it is shown now and never again."""
        given = {name: visit.given(name) for name in _FIELDS}
        password = _password(visit)
        options = MailboxOptions(
            quota=given["quota"] or None,
            retention=given["retention"] or None,
            description=given["description"] or None,
            plus_folders=bool(visit.given("plus_folders")),
        )
        try:
            added = await self._office.accounts.add_mailbox(given["address"], password, options)
        except InputError as error:
            return await self._listing(visit, given, error.faults)
        await self._record(visit, "mailbox.add", added.address)
        if given["how"] != "made":
            return Redirect(_path(added.address), _("The mailbox was added."))
        return Page("mailbox_made.html", {"mailbox": added, "password": password, "new": True})

    async def show(self, visit: Visit, address: str) -> Reply:  # noqa: ARG002 - every page gets one
        """Show one mailbox."""
        return Page("mailbox.html", await self._context(address))

    async def _context(self, address: str) -> dict[str, object]:
        office = self._office
        mailbox = await office.accounts.mailbox(address)
        shown = _shown(mailbox)
        return {
            "mailbox": mailbox,
            "holding": (await office.accounts.holdings((mailbox,)))[mailbox.address],
            "folders": await office.accounts.folder_holdings(mailbox),
            "aliases": await office.accounts.aliases_to(mailbox.address),
            "grants": await office.grants.listing(mailbox.address),
            "ways_in": office.ways_in,
            "last_login": office.last_login(mailbox.address),
            "trouble": (await office.troubles.of([mailbox.address])).get(mailbox.address),
            "was": shown,
            "typed": shown,
            "faults": (),
        }

    async def change(self, visit: Visit, address: str) -> Reply:
        """Change what is other than the form showed.

        Where another has changed the same meanwhile, nothing is changed, and both are shown.
        """
        before = await self._office.accounts.mailbox(address)
        now = _shown(before)
        given = {name: visit.given(name) for name in now}
        was = {name: visit.given(f"was.{name}") for name in now if f"was.{name}" in visit.form}
        changed_here = {
            name: text for name, text in given.items() if name not in was or text != was[name]
        }
        faults = tuple(
            Fault(name, f'somebody else has changed it meanwhile: it is now "{now[name]}"', _AGAIN)
            for name, text in changed_here.items()
            if was.get(name, now[name]) != now[name] != text
        )
        if faults:
            context = await self._context(address)
            context |= {"typed": now | changed_here, "faults": faults}
            return Page("mailbox.html", context, 409)
        options = MailboxOptions(
            quota=_or_none(changed_here.get("quota")),
            retention=_or_none(changed_here.get("retention")),
            plus_folders=_flag(changed_here.get("plus_folders")),
            description=changed_here.get("description"),
            active=_flag(changed_here.get("active")),
        )
        changed = await self._office.accounts.change_mailbox(before.address, options)
        detail = ", ".join(
            f"{name}: {getattr(before, name)} → {getattr(changed, name)}"
            for name in ("active", "quota_octets", "retention_days", "plus_folders", "description")
            if getattr(before, name) != getattr(changed, name)
        )
        await self._record(visit, "mailbox.change", changed.address, detail)
        return Redirect(_path(changed.address), _("Saved."))

    async def password(self, visit: Visit, address: str) -> Reply:
        """Set, make or take away a password."""
        how, password = visit.given("how"), _password(visit)
        if how == "typed" and not password:
            raise InputError(Fault("password", "is empty", "type one, or let one be made"))
        changed = await self._office.accounts.set_password(address, password)
        detail = "removed" if password is None else ""
        await self._record(visit, "mailbox.password", changed.address, detail)
        if how != "made":
            said = _("The password was removed: nobody can log in.")
            if password is not None:
                said = _("The password was changed.")
            return Redirect(_path(changed.address), said)
        return Page("mailbox_made.html", {"mailbox": changed, "password": password, "new": False})

    async def grant(self, visit: Visit, address: str) -> Reply:
        """Let a mailbox send as another address."""
        grant, _new, own = await self._office.grants.grant(address, visit.given("as"))
        await self._record(visit, "mailbox.grant", grant.mailbox, grant.address)
        said = _("Granted.")
        if not own:
            said = _("Granted. Its domain is not of this server, and others may refuse such mail.")
        return Redirect(_path(grant.mailbox), said)

    async def revoke(self, visit: Visit, address: str) -> Reply:
        """Take that back."""
        grant = await self._office.grants.revoke(address, visit.given("as"))
        await self._record(visit, "mailbox.revoke", grant.mailbox, grant.address)
        return Redirect(_path(grant.mailbox), _("Taken back."))

    async def ask(self, visit: Visit, address: str) -> Reply:  # noqa: ARG002 - as above
        """Ask before a mailbox goes."""
        mailbox = await self._office.accounts.mailbox(address)
        holding = (await self._office.accounts.holdings((mailbox,)))[mailbox.address]
        return Page("mailbox_remove.html", {"mailbox": mailbox, "holding": holding})

    async def remove(self, visit: Visit, address: str) -> Reply:
        """Remove a mailbox whose address was typed again."""
        mailbox = await self._office.accounts.mailbox(address)
        if visit.given("sure").casefold() != mailbox.address:
            said = _("Type the address to remove it.")
            return Redirect(_path(mailbox.address) + "/remove", said)
        removed = await self._office.accounts.remove_mailbox(mailbox.address)
        await self._record(visit, "mailbox.remove", removed.address)
        return Redirect("/mailboxes", _("The mailbox was removed."))

    async def route(self, visit: Visit) -> Reply:
        """Tell where mail for an address goes."""
        address = visit.asked("address").strip()
        led: Led | None = None
        faults: tuple[Fault, ...] = ()
        if address:
            try:
                led = await self._office.routes.find(address)
            except InputError as error:
                faults = error.faults
        context = {"address": address, "led": led, "faults": faults, "kinds": RouteKind}
        return Page("route.html", context, 400 if faults else 200)

    async def _record(self, visit: Visit, what: str, target: str, detail: str = "") -> None:
        await self._office.users.record(visit.user, what, target, detail, visit.peer)


def _shown(mailbox: Mailbox) -> dict[str, str]:
    """Return what the form of a mailbox has in its fields; a box is "1" or empty."""
    return {
        "description": mailbox.description,
        "quota": typed.size_text(mailbox.quota_octets) if mailbox.quota_octets else "",
        "retention": typed.days_text(mailbox.retention_days) if mailbox.retention_days else "",
        "active": "1" if mailbox.active else "",
        "plus_folders": "1" if mailbox.plus_folders else "",
    }


def _or_none(text: str | None) -> str | None:
    """Return what a limit is set to: an empty field lifts it; None leaves it."""
    return text if text is None else text or "0"


def _flag(text: str | None) -> bool | None:
    return None if text is None else bool(text)


def _password(visit: Visit) -> str | None:
    """Return the password that a form asks for: a new one, one that was typed, or none."""
    how = visit.given("how")
    if how == "made":
        return generated()
    return next(iter(visit.form.get("password", ())), "") if how == "typed" else None


def _path(address: str) -> str:
    return f"/mailboxes/{quote(address, safe='@')}"
