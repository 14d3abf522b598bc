"""One rule in a form, or as its text; tried on a message before it is put."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bitrixmail.admin.office import Office
from bitrixmail.admin.rule_editing import mark_of_rule
from bitrixmail.admin.trace_words import told_result, told_steps
from bitrixmail.model.errors import ChangedMeanwhileError, Fault, InputError, NotFoundError
from bitrixmail.model.plan import Plan
from bitrixmail.model.rule import All, Rule, RuleSet
from bitrixmail.model.user import Right
from bitrixmail.rules.sentences import field_clause, sentence
from bitrixmail.web.http.forms import MOST_FIELDS
from bitrixmail.web.pages.whose import mailbox_names, names_of_whom
from bitrixmail.web.rule_form.form import Form, empty_form, fields_of, form_of
from bitrixmail.web.rule_form.lines import one_text
from bitrixmail.web.rule_form.reading import (
    Faults,
    form_of_rule,
    form_of_text,
    placed,
    rule_of,
    text_of,
)
from bitrixmail.web.rule_form.steps import step
from bitrixmail.web.rule_form.words import VOCABULARY
from bitrixmail.web.visit import MOST_FILE, Page, Redirect, Reply, Route, Visit
from bitrixmail.web.words import _

FORM, TEXT = "form", "text"
# A browser's form holds so many fields at most, see web.http.forms; the rest is the trial's
_MOST_FIELDS = MOST_FIELDS - 50


@dataclass
class _Draft:
    """A rule being edited. Made for a visit, ends with it.

    `text` is None where the form is shown; `instead` names the rule it is put in the place of,
    `seen` is its mark as it was read, `other` how another has left it meanwhile.
    """

    form: Form
    instead: str
    text: str | None = None
    rule: Rule = field(default_factory=lambda: Rule("", All(), ()))
    faults: Faults = field(default_factory=dict)
    trial: dict[str, Any] = field(default_factory=dict)
    seen: str = ""
    other: Rule | None = None


class RuleEditPages:
    """Made by the site map, lives as long as it."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> Iterator[Route]:
        """Yield them."""
        yield Route("GET", "/rules/new", self.new)
        yield Route("GET", "/rules/edit", self.named)
        yield Route("GET", "/rules/<path:name>/edit", self.edit)
        yield Route("POST", "/rules/edit", self.change, Right.MANAGE, MOST_FILE)
        yield Route("GET", "/rules/try", self.try_form)
        yield Route("POST", "/rules/try", self.try_all, Right.SEE, MOST_FILE)

    async def new(self, visit: Visit) -> Reply:
        """Show the form of a new rule."""
        return await self._page(visit, _Draft(empty_form(), ""))

    async def named(self, visit: Visit) -> Reply:
        """Show the rule that the query names."""
        return await self.edit(visit, visit.asked("name"))

    async def edit(self, visit: Visit, name: str) -> Reply:
        """Show a rule."""
        rule = await self._office.rule_editing.find(name)
        form = form_of_rule(rule)
        text = text_of(form) if visit.asked("tab") == TEXT else None
        return await self._page(visit, _Draft(form, name, text, seen=mark_of_rule(rule)))

    async def change(self, visit: Visit) -> Reply:
        """Do what a button says: change the form, show the other side of it, try it, or put it."""
        draft, button = _draft_of(visit), visit.given("do")
        if button == "save" and not draft.faults:
            reply = await self._put(visit, draft)
            if reply is not None:
                return reply
        elif button == "try" and not draft.faults:
            await self._tried(visit, draft)
        elif button == TEXT and draft.text is None:
            draft.text, draft.faults = text_of(draft.form), {}
        elif button == FORM and draft.text is not None and TEXT not in draft.faults:
            draft.text = None
        elif button not in {"save", "try"} and draft.text is None:
            draft.faults = {}  # who is still writing needs no faults told
        return await self._page(visit, draft)

    async def _put(self, visit: Visit, draft: _Draft) -> Reply | None:
        """Put a rule into force; None if it can't be, which the draft then tells."""
        editing = self._office.rule_editing
        try:
            changes = await editing.put(draft.rule, draft.instead, visit.user, draft.seen)
        except NotFoundError:
            raise
        except ChangedMeanwhileError:
            # He is shown what it is now, and may then put his own in its place
            draft.other = await editing.find(draft.instead)
            draft.seen = mark_of_rule(draft.other)
            return None
        except InputError as error:
            draft.faults = placed(draft.form, error.faults)
            return None
        what = "rule.edit" if draft.instead else "rule.new"
        detail = f"version {changes.rules.version}" if changes.any else "nothing changed"
        await self._office.users.record(visit.user, what, draft.rule.name, detail, visit.peer)
        if changes.notes:
            said = _("The rule is in force. Something about it should be seen, it is told below.")
            return Redirect("/rules/findings", said)
        return Redirect("/rules", _("The rule is in force."))

    async def _tried(self, visit: Visit, draft: _Draft) -> None:
        """Show what the rules would do with a message, the draft among them as it stands."""
        try:
            rules = await self._office.rule_editing.with_draft(draft.rule, draft.instead)
        except InputError as error:
            draft.faults = placed(draft.form, error.faults)
            return
        try:
            draft.trial = await self._trial(visit, rules)
        except InputError as error:
            draft.faults = {"trial": list(error.faults)}
            return
        draft.trial["asked"] = any(each.rule == draft.rule.name for each in draft.trial["steps"])

    async def _trial(self, visit: Visit, rules: RuleSet | None) -> dict[str, Any]:
        """Judge the message that was given. Raises InputError."""
        plan = await self._plan(visit, rules)
        return {
            "plan": plan,
            "steps": told_steps(plan.trace, visit.language),
            "result": told_result(plan.trace, visit.language),
            "asked": True,
        }

    async def _plan(self, visit: Visit, rules: RuleSet | None) -> Plan:
        mailbox = visit.given("trial.mailbox")
        if not mailbox:
            raise InputError(Fault("mailbox", "is missing", "say for whom the message is"))
        sender = visit.given("trial.sender") or None
        at = visit.given("trial.at") or None
        office, queue_id = self._office.rules, visit.given("trial.id")
        _name, octets = visit.files.get("trial.file", ("", b""))
        if not octets:
            pasted = one_text(next(iter(visit.form.get("trial.text", ())), "")).lstrip("\n")
            octets = pasted.replace("\n", "\r\n").encode()
        if octets:
            return await office.test_file(
                octets, mailbox, sender=sender, recipient=None, at=at, rules=rules
            )
        if not queue_id:
            remedy = "give its id, its file, or its text"
            raise InputError(Fault("message", "is missing", remedy))
        return await office.test_stored(
            queue_id, mailbox, sender=sender, recipient=None, at=at, rules=rules
        )

    async def try_form(self, visit: Visit) -> Reply:
        """Ask for a message to try the rules in force on; its id may be given."""
        return await self._try_page(visit, {}, [])

    async def try_all(self, visit: Visit) -> Reply:
        """Show what the rules in force would do with a message."""
        try:
            return await self._try_page(visit, await self._trial(visit, None), [])
        except InputError as error:
            return await self._try_page(visit, {}, error.faults)

    async def _try_page(self, visit: Visit, trial: dict[str, Any], faults: Any) -> Reply:
        context = {
            "trial": trial,
            "faults": {"trial": list(faults)} if faults else {},
            "given": _given(visit),
            "mailboxes": await mailbox_names(self._office),
        }
        return Page("rules_try.html", context, 400 if faults else 200)

    async def _page(self, visit: Visit, draft: _Draft) -> Reply:
        rule, wrong = rule_of(draft.form)
        large = len(fields_of(draft.form)) > _MOST_FIELDS
        if large and draft.text is None:
            draft.text = text_of(draft.form)
        mailboxes = await mailbox_names(self._office)
        counts = await self._office.rule_book.counts()
        context = {
            **VOCABULARY,
            "form": draft.form,
            "faults": draft.faults,
            "instead": draft.instead,
            "text": draft.text,
            "large": large,
            "trial": draft.trial,
            "given": _given(visit, draft.form.whose if "@" in draft.form.whose else ""),
            "seen": draft.seen,
            "other": draft.other and text_of(form_of_rule(draft.other)),
            "other_said": draft.other and sentence(draft.other, visit.language),
            "sentence": "" if wrong else sentence(rule, visit.language),
            "field_label": lambda field: field_clause(field, visit.language),
            "mailboxes": mailboxes,
            "scopes": await names_of_whom(self._office),
            "count": counts.get(draft.instead),
            "may": visit.may(Right.MANAGE),
        }
        status = 409 if draft.other else 400 if draft.faults else 200
        return Page("rules_edit.html", context, status)


def _draft_of(visit: Visit) -> _Draft:
    """Read what was sent: the form, changed by its button, or the text."""
    draft = _read(visit, next(iter(visit.form.get("instead", ())), ""))
    draft.seen = visit.given("seen")
    return draft


def _read(visit: Visit, instead: str) -> _Draft:
    if visit.given("tab") != TEXT:
        form = form_of(visit.form)
        step(form, visit.given("do"))
        rule, faults = rule_of(form)
        return _Draft(form, instead, None, rule, faults)
    text = one_text(next(iter(visit.form.get("text", ())), ""))
    try:
        form, rule = form_of_text(text)
    except InputError as error:
        return _Draft(empty_form(), instead, text, faults={TEXT: list(error.faults)})
    return _Draft(form, instead, text, rule)


def _given(visit: Visit, mailbox: str = "") -> dict[str, str]:
    """Return what was said of the message to be tried, to be shown again."""
    names = ("mailbox", "id", "sender", "at", "text")
    found = {name: next(iter(visit.form.get(f"trial.{name}", ())), "") for name in names}
    said = {name: text or visit.asked(name) for name, text in found.items()}
    return said | {"mailbox": said["mailbox"] or mailbox}
