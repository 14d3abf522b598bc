"""What is counted and timed for those who watch a server from outside."""

from __future__ import annotations

from collections.abc import Mapping

from zope.interface import Interface


class IMeter(Interface):
    """Takes note of things at the moment they happen; cheap, never raises, keeps no remote text."""

    def count(transition: str, fields: Mapping[str, str]) -> None:
        """Count one line of the mail log, see IMailLog for its keys."""

    def committed(seconds: float) -> None:
        """Note how long a write waited until it was durable."""

    def judged(seconds: float) -> None:
        """Note how long the rules took for one message."""

    def ended(door: str, seconds: float) -> None:
        """Note how long a session of a door lasted."""
