"""The use cases together, as the faces are handed them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # what they import is slow, and a face may need little of it
    from collections.abc import Callable
    from datetime import datetime

    from bitrixmail.admin.accounts import Accounts
    from bitrixmail.admin.applying import Applying
    from bitrixmail.admin.dkim import DKIM
    from bitrixmail.admin.event_log import EventLog
    from bitrixmail.admin.grants import Grants
    from bitrixmail.admin.handling import Handling
    from bitrixmail.admin.letters import Letters
    from bitrixmail.admin.mail_export import MailExport
    from bitrixmail.admin.mail_import import MailImport
    from bitrixmail.admin.mail_program import WayIn
    from bitrixmail.admin.mailbox_troubles import MailboxTroubles
    from bitrixmail.admin.messages import Messages
    from bitrixmail.admin.quarantine import Quarantine
    from bitrixmail.admin.queue import Queue
    from bitrixmail.admin.routes import Routes
    from bitrixmail.admin.rule_book import RuleBook
    from bitrixmail.admin.rule_editing import RuleEditing
    from bitrixmail.admin.rule_runs import RuleRuns
    from bitrixmail.admin.rules import Rules
    from bitrixmail.admin.searching import Searching
    from bitrixmail.admin.senders import Senders
    from bitrixmail.admin.site import Sites
    from bitrixmail.admin.spam import Spam
    from bitrixmail.admin.spam_thresholds import SpamThresholds
    from bitrixmail.admin.suppressions import Suppressions
    from bitrixmail.admin.tickets import Tickets
    from bitrixmail.admin.users import Users
    from bitrixmail.admin.zones import Zones


@dataclass(frozen=True, slots=True)
class Office:
    """The use cases over opened stores. Made by who composes a face, lives as long as it.

    `hostname` is the name of the server, `ways_in` are its doors for mail
    programs. `last_login` tells when a mailbox was last logged in to, if that is known.
    """

    accounts: Accounts
    grants: Grants
    messages: Messages
    rules: Rules
    sites: Sites
    runs: RuleRuns
    rule_book: RuleBook
    rule_editing: RuleEditing
    applying: Applying
    mail_import: MailImport
    mail_export: MailExport
    queue: Queue
    routes: Routes
    suppressions: Suppressions
    tickets: Tickets
    dkim: DKIM
    zones: Zones
    last_login: Callable[[str], datetime | None]
    troubles: MailboxTroubles
    ways_in: tuple[WayIn, ...]
    spam: Spam
    thresholds: SpamThresholds
    senders: Senders
    quarantine: Quarantine
    users: Users
    searching: Searching
    handling: Handling
    letters: Letters
    event_log: EventLog
    hostname: str
