"""Domains: which there are, what their zones need, and whether it is there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from urllib.parse import quote

from bitrixmail.admin.findings.russian import finding_in_russian, in_russian
from bitrixmail.admin.office import Office
from bitrixmail.mime.domains import to_unicode
from bitrixmail.model.errors import InputError
from bitrixmail.model.finding import Finding
from bitrixmail.model.user import Right
from bitrixmail.web.pages.doctor import is_command
from bitrixmail.web.pages.whose import mailbox_names
from bitrixmail.web.visit import Download, Page, Redirect, Reply, Route, Visit
from bitrixmail.web.words import _


class DomainPages:
    """Made by the site map, lives as long as it."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> Iterator[Route]:
        """Yield them."""
        yield Route("GET", "/domains", self.listing)
        yield Route("POST", "/domains", self.add, Right.MANAGE)
        yield Route("GET", "/domains/<name>", self.show)
        yield Route("GET", "/domains/<name>/zone", self.zone)
        yield Route("POST", "/domains/<name>/check", self.check, Right.HANDLE)
        yield Route("POST", "/domains/<name>/catch-all", self.catch_all, Right.MANAGE)
        yield Route("POST", "/domains/<name>/rotate", self.rotate, Right.MANAGE)
        yield Route("GET", "/domains/<name>/remove", self.ask, Right.MANAGE)
        yield Route("POST", "/domains/<name>/remove", self.remove, Right.MANAGE)

    async def listing(self, visit: Visit) -> Reply:  # noqa: ARG002 - every page is handed one
        """List the domains."""
        return await self._listing({}, ())

    async def _listing(self, typed: dict[str, str], faults: tuple[object, ...]) -> Page:
        accounts = self._office.accounts
        domains = await accounts.domains()
        mailboxes = await accounts.mailboxes(None)
        counts = Counter(mailbox.address.rpartition("@")[2] for mailbox in mailboxes)
        zones = self._office.zones
        context = {
            "domains": domains,
            "readable": to_unicode,
            "counts": counts,
            "worst": {domain.name: zones.worst(domain.name) for domain in domains},
            "typed": typed,
            "faults": faults,
        }
        return Page("domains.html", context, 400 if faults else 200)

    async def add(self, visit: Visit) -> Reply:
        """Add a domain."""
        typed = {name: visit.given(name) for name in ("name", "alias_of", "catch_all")}
        try:
            added = await self._office.accounts.add_domain(
                typed["name"], alias_of=typed["alias_of"], catch_all=typed["catch_all"]
            )
        except InputError as error:
            return await self._listing(typed, error.faults)
        await self._record(visit, "domain.add", added.name, added.alias_of or added.catch_all)
        return Redirect(_path(added.name), _("The domain was added. Now its records are needed."))

    async def show(self, visit: Visit, name: str) -> Reply:
        """Show a domain: its zone, its keys, what was found."""
        office = self._office
        domain = await office.accounts.domain(name)
        others = await office.accounts.domains()
        context = {
            "domain": domain,
            "is_command": is_command,
            "readable": to_unicode,
            "aliases": [each.name for each in others if each.alias_of == domain.name],
            "mailboxes": len(await office.accounts.mailboxes(domain.name)),
            "addresses": await mailbox_names(office),
            "states": [
                (state, [_in(visit, finding) for finding in state.findings])
                for state in await office.zones.states(domain.name)
            ],
            "zone_text": _zone_in(visit, await office.zones.zone(domain.name)),
            "last": office.zones.last(domain.name),
            "keys": await office.dkim.list(domain.name),
        }
        return Page("domain.html", context)

    async def zone(self, visit: Visit, name: str) -> Reply:
        """Give the lines of the zone as a file."""
        domain = await self._office.accounts.domain(name)
        text = _zone_in(visit, await self._office.zones.zone(domain.name))
        return Download(text.encode(), "text/plain; charset=utf-8", f"{domain.name}.zone")

    async def check(self, visit: Visit, name: str) -> Reply:
        """Ask the DNS anew."""
        domain = await self._office.accounts.domain(name)
        _checked, begun = await self._office.zones.check(domain.name)
        said = _("The DNS was asked.")
        if begun:
            said = _("The DNS was asked. Keys that were found there sign from now on.")
            await self._record(visit, "dkim.sign", domain.name, ", ".join(begun))
        return Redirect(_path(domain.name), said)

    async def catch_all(self, visit: Visit, name: str) -> Reply:
        """Set who gets mail for unknown addresses."""
        changed = await self._office.accounts.set_catch_all(name, visit.given("address"))
        await self._record(visit, "domain.catch_all", changed.name, changed.catch_all or "-")
        return Redirect(_path(changed.name), _("Saved."))

    async def rotate(self, visit: Visit, name: str) -> Reply:
        """Make new keys."""
        made = await self._office.dkim.rotate(name)
        domain, selectors = made[0].domain, ", ".join(key.selector for key in made)
        await self._record(visit, "dkim.rotate", domain, selectors)
        said = _("New keys were made. Publish their records, then check: they sign once found.")
        return Redirect(_path(domain), said)

    async def ask(self, visit: Visit, name: str) -> Reply:  # noqa: ARG002 - as above
        """Ask before a domain goes."""
        domain = await self._office.accounts.domain(name)
        held = await self._office.accounts.mail_of_domain(domain.name)
        return Page("domain_remove.html", {"domain": domain, "held": held})

    async def remove(self, visit: Visit, name: str) -> Reply:
        """Remove a domain whose name was typed again."""
        domain = await self._office.accounts.domain(name)
        if visit.given("sure").casefold() != domain.name:
            return Redirect(_path(domain.name) + "/remove", _("Type the name to remove it."))
        removed = await self._office.accounts.remove_domain(domain.name)
        await self._record(visit, "domain.remove", removed.name)
        return Redirect("/domains", _("The domain was removed."))

    async def _record(self, visit: Visit, what: str, target: str, detail: str = "") -> None:
        await self._office.users.record(visit.user, what, target, detail, visit.peer)


def _path(name: str) -> str:
    return f"/domains/{quote(name, safe='')}"


def _in(visit: Visit, finding: Finding) -> Finding:
    return finding_in_russian(finding) if visit.language == "ru" else finding


def _zone_in(visit: Visit, text: str) -> str:
    """Say the comments of a zone in the language of who reads; its lines stay as they are."""
    if visit.language != "ru":
        return text
    lines = text.split("\n")
    return "\n".join(in_russian(line) if line.startswith(";") else line for line in lines)
