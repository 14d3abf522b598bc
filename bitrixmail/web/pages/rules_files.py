"""Rules as files: taken in with a look beforehand, given out, and the templates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from bitrixmail.admin.office import Office
from bitrixmail.model.errors import Fault, InputError
from bitrixmail.model.rule import RuleSet
from bitrixmail.model.user import Right
from bitrixmail.rules.sentences import sentence
from bitrixmail.rules.syntax import parse_rules
from bitrixmail.rules.templates import Template, find_template, load_templates
from bitrixmail.web.pages.whose import domain_names, mailbox_names
from bitrixmail.web.rule_form.lines import one_text
from bitrixmail.web.visit import Download, Page, Redirect, Reply, Route, Visit
from bitrixmail.web.words import _

_MOST_TOLD = 200

_MOST_OCTETS = 8 * 1024 * 1024


class RuleFilePages:
    """Made by the site map, lives as long as it."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> Iterator[Route]:
        """Yield them."""
        yield Route("GET", "/rules/import", self.form)
        yield Route("POST", "/rules/import", self.take, Right.MANAGE, _MOST_OCTETS)
        yield Route("GET", "/rules/export", self.export)
        yield Route("GET", "/rules/templates", self.templates)
        yield Route("GET", "/rules/templates/<name>", self.template)
        yield Route("POST", "/rules/templates/<name>", self.fill, Right.MANAGE)

    async def form(self, visit: Visit) -> Reply:
        """Ask for a file."""
        return self._import_page(visit, "", keep=True)

    def _import_page(
        self, visit: Visit, text: str, *, keep: bool, changes: Any = None, faults: Any = ()
    ) -> Reply:
        context = {
            "text": text,
            "keep": keep,
            "changes": changes,
            "faults": {"text": list(faults)} if faults else {},
            "most": _MOST_TOLD,
            "may_manage": visit.may(Right.MANAGE),
        }
        return Page("rules_import.html", context, 400 if faults else 200)

    async def take(self, visit: Visit) -> Reply:
        """Show what a file would change, or put it."""
        name, octets = visit.files.get("file", ("", b""))
        text = one_text(next(iter(visit.form.get("text", ())), ""))
        where = "rules"
        if octets:
            where = name or "file"
            try:
                text = octets.decode("utf-8-sig")
            except UnicodeDecodeError:
                fault = Fault(where, "is not UTF-8", "save it as UTF-8")
                return self._import_page(visit, "", keep=True, faults=[fault])
        keep = visit.given("keep") == "yes"
        rules = self._office.rules
        try:
            changes = await rules.look_text(text, where, keep=keep)
            if visit.given("do") != "put" or octets:
                return self._import_page(visit, text, keep=keep, changes=changes)
            if changes.empties and visit.given("sure") != "yes":
                fault = Fault(where, "no rule would be left", "tick the box if you mean it")
                return self._import_page(visit, text, keep=keep, changes=changes, faults=[fault])
            put = await rules.put(changes, visit.user, "import")
        except InputError as error:
            return self._import_page(visit, text, keep=keep, faults=error.faults)
        detail = f"version {put.rules.version}"
        await self._office.users.record(visit.user, "rules.import", "rules", detail, visit.peer)
        return Redirect("/rules/findings" if put.notes else "/rules", _("The rules are in force."))

    async def export(self, visit: Visit) -> Reply:  # noqa: ARG002 - every page is handed one
        """Give out the rules in force as a file."""
        text = await self._office.rules.export()
        return Download(text.encode(), "application/toml; charset=utf-8", "rules.toml")

    async def templates(self, visit: Visit) -> Reply:
        """Show them all."""
        return Page("rules_templates.html", {"templates": _told(load_templates(), visit.language)})

    async def template(self, visit: Visit, name: str) -> Reply:
        """Show one, to be filled in."""
        return await self._template_page(visit, find_template(name), {}, [])

    async def fill(self, visit: Visit, name: str) -> Reply:
        """Show what comes of what was filled in, or put it."""
        template = find_template(name)
        values = {slot.name: visit.given(f"slot.{slot.name}") for slot in template.slots}
        where = f"template {template.name}"
        try:
            text = template.filled(values, visit.language)
            if visit.given("do") != "put":
                rules = parse_rules(text, where)
                return await self._template_page(visit, template, values, [], rules)
            put = await self._office.rules.import_text(
                text, where, keep=True, author=visit.user, comment=where
            )
        except InputError as error:
            return await self._template_page(visit, template, values, error.faults)
        detail = ", ".join((*put.added, *put.changed))
        await self._office.users.record(visit.user, "rules.template", name, detail, visit.peer)
        return Redirect("/rules/findings" if put.notes else "/rules", _("The rules are in force."))

    async def _template_page(
        self,
        visit: Visit,
        template: Template,
        values: dict[str, str],
        faults: Sequence[Fault],
        rules: RuleSet | None = None,
    ) -> Reply:
        known = {rule.name for rule in (await self._office.rules.current()).rules}
        made = () if rules is None else rules.rules
        context = {
            "template": template,
            "told": template.told(visit.language),
            "text": template.text_in(visit.language),
            "slots": [
                (
                    slot,
                    slot.told(visit.language),
                    values.get(slot.name, slot.default_in(visit.language) or ""),
                )
                for slot in template.slots
            ],
            "faults": {"": list(faults)} if faults else {},
            "made": [(rule.name, sentence(rule, visit.language)) for rule in made],
            "replaced": sorted(known & {rule.name for rule in made}),
            "may_manage": visit.may(Right.MANAGE),
            "mailboxes": await mailbox_names(self._office),
            "domains": await domain_names(self._office),
        }
        return Page("rules_template.html", context, 400 if faults else 200)


def _told(templates: Sequence[Template], language: str) -> list[tuple[str, str]]:
    found = [(each.name, each.told(language)) for each in templates]
    return sorted(found, key=lambda pair: pair[1].casefold())
