"""A look at one part of the surroundings that may keep mail away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zope.interface import Attribute, Interface

if TYPE_CHECKING:
    from bitrixmail.model.finding import Finding


class IProbe(Interface):
    """Looks, and changes nothing."""

    name: str = Attribute("The stable key of its findings; several probes may share one.")

    async def probe() -> tuple[Finding, ...]:
        """Look, and tell what was found; also what is well. Never raises.

        Who asks gives it a deadline and cancels it then.
        """
