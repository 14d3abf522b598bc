"""The rules in the order in which they are asked: switched, moved, removed."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

from bitrixmail.admin.office import Office
from bitrixmail.admin.rule_editing import Listed
from bitrixmail.model.user import Right
from bitrixmail.rules.sentences import sentence
from bitrixmail.web.visit import Page, Redirect, Reply, Route, Visit
from bitrixmail.web.words import _

PAGE = 100


class RulePages:
    """Made by the site map, lives as long as it."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> Iterator[Route]:
        """Yield them."""
        yield Route("GET", "/rules", self.show)
        yield Route("POST", "/rules/switch", self.switch, Right.MANAGE)
        yield Route("POST", "/rules/move", self.move, Right.MANAGE)
        yield Route("POST", "/rules/remove", self.remove, Right.MANAGE)
        yield Route("POST", "/rules/group", self.group, Right.MANAGE)

    async def show(self, visit: Visit) -> Reply:
        """List them, all or those of one scope, a page at a time."""
        listed = await self._office.rule_editing.listing()
        scopes = list(dict.fromkeys(each.whose for each in listed))
        scope, words = visit.asked("scope", "*"), visit.asked("words").strip()
        chosen = [each for each in listed if _is_meant(each, scope, words)]
        start = _number(visit.asked("from"))
        shown = chosen[start : start + PAGE]
        more = {"scope": scope, "words": words, "from": start + PAGE}
        context = {
            "rows": [(each, _told(each, visit.language)) for each in shown],
            "scopes": scopes,
            "scope": scope,
            "words": words,
            "total": len(listed),
            "found": len(chosen),
            "more": "/rules?" + urlencode(more) if len(chosen) > start + PAGE else "",
            "groups": await self._office.rule_book.groups(),
            "here": _here(scope, words, start),
            "may_manage": visit.may(Right.MANAGE),
        }
        return Page("rules.html", context)

    async def switch(self, visit: Visit) -> Reply:
        """Switch a rule on or off."""
        name, on = visit.given("name"), visit.given("to") == "on"
        await self._office.rule_editing.switch(name, visit.user, on=on)
        await self._record(visit, "rule.on" if on else "rule.off", name)
        return Redirect(_back(visit), _("The rule is on.") if on else _("The rule is off."))

    async def move(self, visit: Visit) -> Reply:
        """Ask a rule earlier or later among those of its scope."""
        name, place = visit.given("name"), _number(visit.given("place"))
        await self._office.rule_editing.move(name, place, visit.user)
        await self._record(visit, "rule.move", name, f"to place {place}")
        return Redirect(_back(visit), _("The rules stand in a new order."))

    async def remove(self, visit: Visit) -> Reply:
        """Remove a rule; its version stays."""
        name = visit.given("name")
        await self._office.rule_editing.remove(name, visit.user)
        await self._record(visit, "rule.remove", name)
        said = _("The rule is removed. The versions have it still.")
        return Redirect("/rules", said)

    async def group(self, visit: Visit) -> Reply:
        """Switch a group on or off."""
        name, on = visit.given("name"), visit.given("to") == "on"
        await self._office.rule_book.switch(name, on=on, author=visit.user)
        await self._record(visit, "rule.group.on" if on else "rule.group.off", name)
        return Redirect(_back(visit), _("The group is on.") if on else _("The group is off."))

    async def _record(self, visit: Visit, what: str, name: str, detail: str = "") -> None:
        await self._office.users.record(visit.user, what, name, detail, visit.peer)


def _is_meant(each: Listed, scope: str, words: str) -> bool:
    if scope not in {"*", each.whose}:
        return False
    text = f"{each.rule.name}\n{each.rule.description}\n{each.rule.group}".casefold()
    return words.casefold() in text


def _told(each: Listed, language: str) -> str:
    return sentence(each.rule, language, off=each.off)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0


def _here(scope: str, words: str, start: int) -> str:
    asked = {"scope": scope if scope != "*" else None, "words": words, "from": start}
    return "/rules?" + urlencode({key: value for key, value in asked.items() if value is not None})


def _back(visit: Visit) -> str:
    to = visit.given("back")
    return to if to.startswith("/rules?") and to.isprintable() and "\\" not in to else "/rules"
