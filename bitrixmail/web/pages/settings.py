"""The settings: a form for each section, what is wrong beside its field, and who changed what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bitrixmail.admin.office import Office
from bitrixmail.admin.settings_desk import Saved
from bitrixmail.admin.settings_words.russian import section_in_russian
from bitrixmail.admin.upkeep import Upkeep
from bitrixmail.model.errors import ChangedMeanwhileError, Fault, InputError
from bitrixmail.model.settings_book import Book, Section, mark_of
from bitrixmail.model.user import Right
from bitrixmail.web.visit import Page, Redirect, Reply, Route, Visit
from bitrixmail.web.words import _
from bitrixmail.web.words.deeds import is_hidden
from bitrixmail.web.words.settings import CHOICES, in_words, is_default, name_of

_PATH = "/settings"


class SettingsPages:
    """Made by the site map, lives as long as it."""

    def __init__(self, office: Office, upkeep: Upkeep) -> None:
        self._office = office
        self._desk = upkeep.settings

    def routes(self) -> Iterator[Route]:
        """Yield them."""
        yield Route("GET", _PATH, self.show, needs=Right.GOVERN)
        yield Route("POST", _PATH, self.save, needs=Right.GOVERN)
        yield Route("GET", "/settings/history", self.history, needs=Right.GOVERN)
        yield Route("POST", "/settings/undo", self.undo, needs=Right.GOVERN)

    async def show(self, visit: Visit) -> Reply:
        """Show one section."""
        try:
            book = await self._desk.read()
        except InputError as error:
            return Page("settings_broken.html", {"faults": error.faults})
        section = _section(book, visit.asked("section"), visit.language)
        return Page("settings.html", _context(book, section))

    async def save(self, visit: Visit) -> Reply:
        """Change what is other than the form showed; or tell every fault beside its field.

        Where another has changed the same meanwhile, nothing is changed, and both are shown.
        """
        try:
            book = await self._desk.read()
        except InputError as error:
            return Page("settings_broken.html", {"faults": error.faults}, 400)
        section = _section(book, visit.given("section"), visit.language)
        reset = visit.given("reset")
        given: dict[str, str | None] = {reset: None} if reset else dict(_given(visit, section))
        seen = dict(_seen(visit))
        # What was only shown is shown as it is now, else the next save would put it back
        texts = {
            path: text
            for path, text in given.items()
            if text is not None and seen.get(path) != mark_of(text)
        }
        try:
            saved = await self._desk.change(given, visit.user, visit.peer, seen)
        except ChangedMeanwhileError as error:
            book = await self._desk.read()
            section = _section(book, section.name, visit.language)
            return Page("settings.html", _context(book, section, texts, error.faults), 409)
        except InputError as error:
            return Page("settings.html", _context(book, section, texts, error.faults), 400)
        return Redirect(f"{_PATH}?section={section.name}", _said(saved))

    async def history(self, visit: Visit) -> Reply:  # noqa: ARG002 - every page is handed one
        """Show who changed what."""
        changes = await self._desk.history()
        return Page(
            "settings_history.html",
            {"changes": changes, "is_hidden": is_hidden, "name_of": name_of},
        )

    async def undo(self, visit: Visit) -> Reply:
        """Put a setting back."""
        path = visit.given("setting")
        saved = await self._desk.undo(visit.given("at"), path, visit.user, visit.peer)
        return Redirect(f"{_PATH}?section={_of(path, saved)}", _said(saved))


def _section(book: Book, name: str, language: str) -> Section:
    """Return the section that is wanted, or the first, with its help in a language."""
    found = next((each for each in book.sections if each.name == name), book.sections[0])
    return section_in_russian(found) if language == "ru" else found


def _of(path: str, saved: Saved) -> str:
    return (saved.changes[0].path if saved.changes else path).partition(".")[0]


def _given(visit: Visit, section: Section) -> Iterator[tuple[str, str]]:
    """Yield the texts of the form's fields; what is locked has none."""
    for setting in section.settings:
        if setting.path in visit.form and not setting.locked:
            yield setting.path, visit.given(setting.path)


def _seen(visit: Visit) -> Iterator[tuple[str, str]]:
    """Yield the marks of what the form showed, by path."""
    for each in visit.given("seen").split(","):
        path, _space, mark = each.partition(" ")
        yield path, mark


def _context(
    book: Book,
    section: Section,
    texts: Mapping[str, str] | None = None,
    faults: tuple[Fault, ...] = (),
) -> dict[str, object]:
    """Return what the form shows; a fault stands at the field whose path it begins with."""
    beside: dict[str, list[Fault]] = {setting.path: [] for setting in section.settings}
    elsewhere = []
    for fault in faults:
        path = next((path for path in beside if _is_at(fault.where, path)), None)
        if path is None:
            elsewhere.append(fault)
        else:
            beside[path].append(fault)
    return {
        "book": book,
        "section": section,
        "texts": texts or {},
        "beside": beside,
        "faults": elsewhere,
        "name_of": name_of,
        "in_words": in_words,
        "is_default": is_default,
        "choices": CHOICES,
    }


def _is_at(where: str, path: str) -> bool:
    return where == path or (where.startswith(path) and where[len(path)] in ".[:")


def _said(saved: Saved) -> str:
    """Say what came of it."""
    if not saved.changes:
        return _("Nothing was changed.")
    if saved.reloaded.faults:
        return _("It stands in the file, but could not be put in force: the log says why.")
    changed = {change.path for change in saved.changes}
    if changed & set(saved.reloaded.waiting):
        return _("Saved. It takes effect with the next start of the server.")
    return _("Saved, and in force.")
