"""What the audit log's codes are called on the pages, and what is told beside them."""

from __future__ import annotations

import json

from bitrixmail.model.settings_book import HIDDEN
from bitrixmail.web.words import _

DEEDS = {
    "login": _("logged in"),
    "login.refused": _("login refused"),
    "logout": _("logged out"),
    "user.add": _("user added"),
    "user.change": _("user changed"),
    "user.role": _("role changed"),
    "user.lock": _("user locked"),
    "user.unlock": _("user unlocked"),
    "user.password": _("password of a user changed"),
    "user.remove": _("user removed"),
    "user.factor_on": _("second factor switched on"),
    "user.recovery": _("recovery codes made anew"),
    "user.factor_off": _("second factor switched off"),
    "session.end": _("session ended"),
    "token.add": _("token made"),
    "token.remove": _("token removed"),
    "domain.add": _("domain added"),
    "domain.catch_all": _("catch-all changed"),
    "domain.remove": _("domain removed"),
    "dkim.sign": _("new keys sign"),
    "dkim.rotate": _("new keys made"),
    "mailbox.add": _("mailbox added"),
    "mailbox.change": _("mailbox changed"),
    "mailbox.password": _("password of a mailbox changed"),
    "mailbox.grant": _("sender granted to a mailbox"),
    "mailbox.revoke": _("sender taken from a mailbox"),
    "mailbox.remove": _("mailbox removed"),
    "grant.add": _("sender granted to a mailbox"),
    "grant.remove": _("sender taken from a mailbox"),
    "alias.add": _("alias added"),
    "alias.change": _("alias changed"),
    "alias.remove": _("alias removed"),
    "queue.retry": _("queue: tried now"),
    "queue.hold": _("queue: held"),
    "queue.release": _("queue: released"),
    "queue.bounce": _("queue: given up and returned"),
    "queue.delete": _("queue: deleted"),
    "rule.new": _("rule added"),
    "rule.edit": _("rule changed"),
    "rule.on": _("rule switched on"),
    "rule.off": _("rule switched off"),
    "rule.move": _("rule moved"),
    "rule.remove": _("rule removed"),
    "rule.group.on": _("group of rules switched on"),
    "rule.group.off": _("group of rules switched off"),
    "rules.group": _("group of rules switched"),
    "rules.put": _("rules replaced"),
    "rules.import": _("rules taken in"),
    "rules.template": _("rules made from a template"),
    "rules.undo": _("version of the rules taken back"),
    "rules.apply": _("rules applied by hand"),
    "rules.resume": _("run of rules resumed"),
    "rules.takeback": _("run of rules taken back"),
    "rules.undo_run": _("run of rules taken back"),
    "ticket.reply": _("ticket answered"),
    "ticket.note": _("note written to a ticket"),
    "ticket.open": _("ticket opened again"),
    "ticket.closed": _("ticket closed"),
    "ticket.change": _("ticket changed"),
    "ticket.assign": _("ticket given to somebody"),
    "ticket.delete": _("ticket deleted"),
    "suppression.add": _("mail to an address stopped"),
    "suppression.remove": _("mail to an address allowed again"),
    "sender.allow": _("sender let in"),
    "sender.block": _("sender kept out"),
    "sender.remove": _("sender taken off the lists"),
    "spam.threshold": _("thresholds of spam changed"),
    "spam.forget": _("what the filter learned forgotten"),
    "spam.train": _("spam filter taught"),
    "messages.read": _("messages marked as read"),
    "messages.unread": _("messages marked as unread"),
    "messages.flag": _("messages flagged"),
    "messages.unflag": _("flag of messages cleared"),
    "messages.move": _("messages moved"),
    "messages.delete": _("messages deleted"),
    "messages.spam": _("messages learned as spam"),
    "messages.ham": _("messages learned as no spam"),
    "messages.mark": _("messages marked"),
    "messages.train": _("messages learned"),
    "messages.rules": _("rules applied to messages"),
    "messages.send": _("messages sent on"),
    "messages.resend": _("messages sent on"),
    "messages.download": _("messages downloaded"),
    "message.send": _("message sent by a program"),
    "message.download": _("message downloaded"),
    "message.file": _("file of a message downloaded"),
    "view.keep": _("search kept"),
    "view.drop": _("search forgotten"),
    "quarantine.release": _("let out of the quarantine"),
    "quarantine.delete": _("deleted from the quarantine"),
    "settings.change": _("setting changed"),
    "settings.reload": _("settings read again"),
    "listener.start": _("listener started"),
    "listener.start_failed": _("start of a listener failed"),
    "listener.stop": _("listener stopped"),
    "listener.restart": _("listener restarted"),
    "doctor.run": _("doctor asked"),
}
# What stands for something that has no name of its own
TARGETS = {"all": _("for all"), "site": _("all mailboxes"), "rules": _("Rules")}


def changed_values(detail: str) -> tuple[str, str] | None:
    """Return the values of a setting before and after, as JSON; None for what was a secret."""
    try:
        values = json.loads(detail)
        before, after = str(values["from"]), str(values["to"])
    except (ValueError, KeyError, TypeError):
        return None
    return None if is_hidden(before) or is_hidden(after) else (before, after)


def is_hidden(told: str) -> bool:
    """Tell whether a value is one that nobody has written down."""
    return told == json.dumps(HIDDEN)


DEED_WORDS = {"deeds_named": DEEDS, "targets": TARGETS, "changed_values": changed_values}
