"""Where mail programs find this server, as the settings have it."""

from __future__ import annotations

from bitrixmail.admin.mail_program import WayIn
from bitrixmail.app.settings.tree import Settings

# By which door mail is read or sent, and whether TLS comes first there
_DOORS = (
    ("pop3s", "POP3", True),
    ("pop3", "POP3", False),
    ("submissions", "SMTP", True),
    ("submission", "SMTP", False),
)


def ways_in_of(settings: Settings) -> tuple[WayIn, ...]:
    """Return the doors for mail programs, those under TLS first."""
    return tuple(
        WayIn(protocol, endpoint.port, first, endpoint.only_here)
        for door, protocol, first in _DOORS
        for endpoint in settings.listen.door(door)
        if endpoint.port
    )
