"""The settings of the door for senders who log in. See `settings`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import ConfigDict

from bitrixmail.app.settings.values import FORBID, Count, Flag, Seconds, doc
from bitrixmail.model.limits import SubmissionLimits


@dataclass(frozen=True, slots=True)
class Submission:
    """What each mailbox may send through the door for senders; a count of 0: no limit.

    Whoever has more is told when to try again. What holds for connections stands in [smtp], for
    wrong passwords in [access]. Reread at SIGHUP.
    """

    __pydantic_config__: ClassVar[ConfigDict] = FORBID

    messages_per_minute: Annotated[Count, doc("Messages of one mailbox in a minute.")] = 60
    messages_per_hour: Annotated[Count, doc("The same in an hour.")] = 500
    messages_per_day: Annotated[Count, doc("The same in a day.")] = 0
    recipients_per_minute: Annotated[
        Count, doc("Recipients of all these messages together, in a minute.")
    ] = 0
    recipients_per_hour: Annotated[Count, doc("The same in an hour.")] = 0
    recipients_per_day: Annotated[Count, doc("The same in a day.")] = 2000
    check_from: Annotated[
        Flag,
        doc(
            "The From of a message must be an address of the mailbox, an alias that leads to it, or"
            " granted to it (`bitrixmail mailbox grant`), as its sender must be in any case."
        ),
    ] = True
    max_hold: Annotated[
        Seconds,
        doc("How long a program may ask to hold a message before it is sent; 0: not at all."),
    ] = 30 * 86400.0

    def limits(self) -> SubmissionLimits:
        """Return the limits as the pipeline takes them."""
        return SubmissionLimits(
            messages=(self.messages_per_minute, self.messages_per_hour, self.messages_per_day),
            recipients=(
                self.recipients_per_minute,
                self.recipients_per_hour,
                self.recipients_per_day,
            ),
            check_from=self.check_from,
            most_held_s=int(self.max_hold),
        )
