"""What the rules were, what changed when and by whom, and what is odd about them."""

from __future__ import annotations

from collections.abc import Iterator

from bitrixmail.admin.office import Office
from bitrixmail.model.user import Right
from bitrixmail.web.visit import Page, Redirect, Reply, Route, Visit
from bitrixmail.web.words import _

_VERSIONS = 30
_MOST_VERSIONS = 990
_MOST_FINDINGS = 500
_MOST_DIGITS = 9


class RuleHistoryPages:
    """Made by the site map, lives as long as it."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> Iterator[Route]:
        """Yield them."""
        yield Route("GET", "/rules/versions", self.versions)
        yield Route("GET", "/rules/difference", self.difference)
        yield Route("POST", "/rules/undo", self.undo, Right.MANAGE)
        yield Route("GET", "/rules/findings", self.findings)

    async def versions(self, visit: Visit) -> Reply:
        """List the versions, newest first."""
        limit = min(number_of(visit.asked("limit")) or _VERSIONS, _MOST_VERSIONS)
        found = await self._office.rule_book.log(limit)
        older = bool(found) and found[-1].version.version > 1 and limit < _MOST_VERSIONS
        context = {
            "logged": found,
            "newest": found[0].version.version if found else 0,
            "more": f"/rules/versions?limit={limit * 3}" if older else "",
            "may_manage": visit.may(Right.MANAGE),
        }
        return Page("rules_versions.html", context)

    async def difference(self, visit: Visit) -> Reply:
        """Show how two versions differ."""
        old, new = (number_of(visit.asked(name)) for name in ("old", "new"))
        return Page("rules_difference.html", {"found": await self._office.rule_book.diff(old, new)})

    async def undo(self, visit: Visit) -> Reply:
        """Put an older version into force again."""
        to = number_of(visit.given("to"))
        done = await self._office.rule_book.undo(to, visit.user)
        detail = f"version {done.restored}, now {done.rules.version}"
        await self._office.users.record(visit.user, "rules.undo", "rules", detail, visit.peer)
        return Redirect("/rules/versions", _("These rules are in force again, as a new version."))

    async def findings(self, visit: Visit) -> Reply:  # noqa: ARG002 - every page is handed one
        """Look through the rules in force."""
        found = await self._office.rule_book.lint()
        context = {"findings": found[:_MOST_FINDINGS], "more": len(found) - _MOST_FINDINGS}
        return Page("rules_findings.html", context)


def number_of(text: str) -> int | None:
    """Return a number a person typed; None if it is none."""
    plain = text.strip()
    return (
        int(plain) if plain.isascii() and plain.isdigit() and len(plain) <= _MOST_DIGITS else None
    )
