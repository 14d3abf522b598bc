"""The settings of the spam filter and of the quarantine. See `settings`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, ConfigDict

from bitrixmail.app.settings.values import FORBID, Count, doc, wrong
from bitrixmail.model.text import printable
from bitrixmail.rules.schedule import schedule_fault


def _score(given: object) -> float:
    """Return a score, 0 to 100."""
    try:
        score = float(str(given)) if not isinstance(given, bool) else -1.0
    except ValueError:
        score = -1.0
    if not 0 <= score <= 100:
        raise wrong(f"{printable(repr(given), 80)} is no score", "a number from 0 to 100")
    return score


def _timed(given: object) -> str:
    """Return a cron expression, or nothing."""
    text = str(given).strip()
    fault = schedule_fault(text) if text else None
    if fault is not None:
        raise wrong(f"{printable(repr(text), 80)}: {fault[0]}", fault[1])
    return text


@dataclass(frozen=True, slots=True)
class Spam:
    """The spam filter, and what is told of the quarantine.

    Nothing is looked at before something was learned (`bitrixmail spam train`) and a rule asks for
    the score (`bitrixmail spam threshold`).
    """

    __pydantic_config__: ClassVar[ConfigDict] = FORBID

    threshold: Annotated[
        float,
        BeforeValidator(_score),
        doc('From which score on, of 100, the field `spam` of the rules says "yes".'),
    ] = 90.0
    minimum: Annotated[
        Count, doc("Without so many messages learned as spam, and as none, there is no score.")
    ] = 20
    digest: Annotated[
        str,
        BeforeValidator(_timed),
        doc(
            "When each mailbox is told what came into its quarantine since last time, as cron"
            ' writes it: "0 8 * * *" is daily at eight. Empty: never.'
        ),
    ] = ""
