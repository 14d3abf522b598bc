"""The settings of the actions by which the spam filter learns."""

from __future__ import annotations

from bitrixmail.model.work import Value
from bitrixmail.rules.outside import choice_of

MAILBOX = "mailbox"
LEARNING = {"scope": choice_of("site", MAILBOX, example='"mailbox"')}


def learns_for_mailbox(settings: tuple[tuple[str, Value], ...]) -> bool:
    """Tell whether each mailbox learns it for itself, be the rule one for all."""
    return ("scope", MAILBOX) in settings
