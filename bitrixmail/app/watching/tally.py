"""What the mail log has told since the start, in few numbers: for the charts of the pages.

Costs a look into a dictionary for each line, and keeps no remote text.
"""

from __future__ import annotations

from collections.abc import Mapping

RECEIVED, REFUSED, QUARANTINED, SPAM = "received", "refused", "quarantined", "spam"
SENT, DEFERRED, BOUNCED = "sent", "deferred", "bounced"
# Where the rule of `bitrixmail spam threshold` puts it
_SPAM_FOLDER = "Spam"
_BEHIND = frozenset({SENT, DEFERRED, BOUNCED})
# What the letter before a session's id says: the door it came through
_DOORS = {"s": "submission", "l": "lmtp", "p": "pop3"}
# Enhanced status codes (RFC 3463) as reasons that people tell apart; the longest that fits
_REASONS = {
    "5.1.1": "unknown",
    "5.7.1": "relay",
    "5.7": "policy",
    "5.1": "address",
    "5.3.4": "size",
    "5.2.3": "size",
    "5.6": "content",
    "5.5": "protocol",
    "5.4": "loop",
    "4.2.2": "full",
    "4.3.2": "limits",
    "4.3": "store",
    "4.7": "limits",
    "4.5": "limits",
}
OTHER, RULE, LIMITS = "other", "rule", "limits"
REASONS = (*dict.fromkeys(_REASONS.values()), RULE, OTHER)


class Tally:
    """Made by the reception where there are pages, lives as long; used in the reactor's thread.

    `counts` hold "received", "received/smtp", "refused", "refused/unknown" and so on.
    """

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}

    def count(self, transition: str, fields: Mapping[str, str]) -> None:
        """Count one line of the mail log."""
        if transition == "accepted":
            self._add(RECEIVED)
            self._add(f"{RECEIVED}/{door_of(fields.get('session_id', ''))}")
            if fields.get("folder") == _SPAM_FOLDER:
                self._add(SPAM)
        elif transition == QUARANTINED:
            self._add(QUARANTINED)
        elif "action" in fields:
            return
        elif "delay_s" in fields:
            if transition in _BEHIND:
                self._add(transition)
        elif transition in {REFUSED, DEFERRED, "rejected"}:
            times = int(fields.get("count", 1))
            reason = RULE if transition == "rejected" else reason_of(fields.get("reply", ""))
            self._add(REFUSED, times)
            self._add(f"{REFUSED}/{reason}", times)

    def _add(self, key: str, times: int = 1) -> None:
        self.counts[key] = self.counts.get(key, 0) + times


def door_of(session_id: str) -> str:
    """Return the door that a session came through."""
    return _DOORS.get(session_id[:1], "smtp")


def reason_of(reply: str) -> str:
    """Return the reason in a reply; who is told none was turned away by a limit."""
    words = reply.split(" ", 2)
    if len(words) < 2:
        return LIMITS
    status = words[1]
    return _REASONS.get(status) or _REASONS.get(status.rpartition(".")[0], OTHER)
