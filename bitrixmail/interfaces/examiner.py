"""The doctor in a running server: one examination at a time, whose result is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zope.interface import Interface

if TYPE_CHECKING:
    from bitrixmail.model.finding import Examination


class IExaminer(Interface):
    """Looks at the surroundings in the background."""

    def begin() -> bool:
        """Begin to look; False if a look is on its way already."""

    def latest() -> Examination:
        """Return the look on its way, or else the last one; with no `begun`: there was none."""
