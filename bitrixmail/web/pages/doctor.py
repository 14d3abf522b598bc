"""What keeps mail away, and what to do: the doctor, in the running server."""

from __future__ import annotations

from collections.abc import Iterator

from bitrixmail.admin.findings.russian import finding_in_russian
from bitrixmail.admin.office import Office
from bitrixmail.admin.upkeep import Upkeep
from bitrixmail.model.finding import Finding
from bitrixmail.model.user import Right
from bitrixmail.web.visit import Page, Redirect, Reply, Route, Visit
from bitrixmail.web.words import _

_PATH = "/doctor"


class DoctorPages:
    """Made by the site map, lives as long as it."""

    def __init__(self, office: Office, upkeep: Upkeep) -> None:
        self._office = office
        self._examiner = upkeep.examiner

    def routes(self) -> Iterator[Route]:
        """Yield them."""
        yield Route("GET", _PATH, self.show)
        yield Route("POST", "/doctor/run", self.run, needs=Right.HANDLE)

    async def show(self, visit: Visit) -> Reply:
        """Show the last look, or how far one has come."""
        look = self._examiner.latest()
        context = {
            "look": look,
            "findings": in_language(look.worst_first(), visit.language),
            "right": Right,
            "is_command": is_command,
        }
        return Page("doctor.html", context)

    async def run(self, visit: Visit) -> Reply:
        """Begin a look."""
        if self._examiner.begin():
            await self._office.users.record(visit.user, "doctor.run", address=visit.peer)
        return Redirect(_PATH, _("The look has begun."))


def in_language(findings: tuple[Finding, ...], language: str) -> tuple[Finding, ...]:
    """Say findings in the language of who reads."""
    return tuple(map(finding_in_russian, findings)) if language == "ru" else findings


def is_command(remedy: str) -> bool:
    """Tell whether a remedy is something to copy: a sentence ends as sentences do.

    So does a line of a zone that ends with the name of a host.
    """
    return " IN " in remedy or not remedy.rstrip().endswith((".", ":", "?", "…"))
