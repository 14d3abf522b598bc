"""What the form of a rule calls operators, actions and their settings, and what it says of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bitrixmail.rules.actions import KINDS
from bitrixmail.rules.fields import (
    ADDRESS_FIELDS,
    ADDRESS_PARTS,
    FIELDS,
    NUMBER_FIELDS,
    TIME_FIELDS,
)
from bitrixmail.rules.operators import OPERATORS
from bitrixmail.rules.outside import Shape
from bitrixmail.web.rule_form.form import PREFIXES
from bitrixmail.web.words import _

_NAMELESS = ("envelope_sender", "envelope_recipient")
_STATE = ("folder", "tag", "flag", "read", "priority")
_PARTS = tuple(
    f"{field}.{part}"
    for field in ADDRESS_FIELDS
    for part in ADDRESS_PARTS
    if part != "name" or field not in _NAMELESS
)
_TEXTS = tuple(
    field
    for field in FIELDS
    if field not in {*ADDRESS_FIELDS, *_STATE, *NUMBER_FIELDS, *TIME_FIELDS}
)
FIELD_GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (_("Texts"), _TEXTS),
    (_("Addresses"), tuple(ADDRESS_FIELDS)),
    (_("What was done so far"), _STATE),
    (_("Numbers"), NUMBER_FIELDS),
    (_("Times"), TIME_FIELDS),
    (_("Others, by name"), PREFIXES),
    (_("Parts of addresses"), _PARTS),
)
PREFIX_LABELS = {
    "header:": _("header field …"),
    "python:": _("what an extension says …"),
}
OPERATOR_LABELS = {
    "contains": _("contains"),
    "equals": _("is"),
    "starts_with": _("starts with"),
    "ends_with": _("ends with"),
    "regex": _("fits the regular expression"),
    "exists": _("is there"),
    "not_contains": _("contains none of"),
    "not_equals": _("is none of"),
    "greater": _("is greater or later than"),
    "less": _("is less or earlier than"),
}
GROUP_LABELS = {
    "all": _("all of these"),
    "any": _("any of these"),
    "none": _("none of these"),
}
OCCASION_LABELS = {
    "receive": _("as a message comes in"),
    "manual": _("by hand, over stored messages"),
    "schedule": _("by the clock"),
}


@dataclass(frozen=True, slots=True)
class Help:
    """What a field is called, and what it means."""

    label: str
    text: str = ""


ACTION_HELP: Mapping[str, Help] = {
    "move": Help(
        _("Move to a folder"),
        _("Made if missing. A later move overrules an earlier one. / stands between levels."),
    ),
    "copy": Help(_("Copy to a folder"), _("Put a copy into this folder too.")),
    "mark_read": Help(_("Mark as read")),
    "mark_unread": Help(_("Mark as unread")),
    "flag": Help(
        _("Set a flag"), _("The star of mail programs (\\Flagged), unless another is named.")
    ),
    "unflag": Help(_("Clear a flag")),
    "tag": Help(_("Add a tag"), _("A word of your own.")),
    "untag": Help(_("Take a tag away")),
    "priority": Help(
        _("Set the priority"),
        _("Whatever the sender of the message says: `high`, `normal` or `low`."),
    ),
    "delete": Help(_("Move to Trash"), _("The rules go on: a later move brings it back.")),
    "discard": Help(
        _("Discard"), _("Do not keep it at all; only its trace stays. Ends the rules.")
    ),
    "reject": Help(
        _("Refuse"), _("With this text in Latin letters. Ends the rules; stored messages stay.")
    ),
    "quarantine": Help(
        _("Put into quarantine"), _("Away from the readers of the mailbox. Ends the rules.")
    ),
    "stop": Help(_("Try no further rule")),
    "ticket": Help(
        _("Make a ticket"),
        _("Put it into the ticket of the help desk that it belongs to, or open a new one."),
    ),
    "forward": Help(
        _("Forward"),
        _("Pass it on to up to twenty addresses, with commas between. It stays here as well."),
    ),
    "redirect": Help(
        _("Redirect"),
        _("The same under the name of its first sender: for servers that take such mail."),
    ),
    "reply": Help(_("Answer the sender"), _("Programs, lists and bounces are not answered.")),
    "notify": Help(_("Notify"), _("Send a short message of its own: that there is mail.")),
    "webhook": Help(_("Call a URL"), _("Tell a site or a program of the message.")),
    "bitrix24": Help(
        _("Hand over to Bitrix24"), _("A lead, an activity, a task or a word in a chat.")
    ),
    "command": Help(
        _("Run a program"), _("By its name in the settings; the message is its input.")
    ),
    "python": Help(_("Call an extension"), _("Its name and that of its part: shop.book")),
    "spam": Help(_("Learn as spam"), _("The filter learns it; the message stays where it is.")),
    "not_spam": Help(_("Learn as no spam")),
}
ARGUMENT_LABELS = {
    "folder": _("Folder"),
    "flag": _("Flag"),
    "tag": _("Tag"),
    "level": _("Priority"),
    "text": _("Text"),
    "to": _("To"),
    "url": _("URL"),
    "portal": _("Portal: the name of the secret that is the webhook's address"),
    "name": _("Name"),
}
_ATTACHMENTS = Help(_("Attached files"), _("How the files of the message are handed over."))
_VALUES = Help(_("Values"), _("What it is told beside the message: one NAME = text a line."))
_SCOPE = Help(_("Who learns"), _("For whom the filter learns it."))
SETTING_HELP: Mapping[tuple[str, str], Help] = {
    ("ticket", "who_may_add"): Help(
        _("Whose letters may come into a ticket"),
        _("Others' letters open a ticket of their own."),
    ),
    ("ticket", "subject_patterns"): Help(
        _("Where the number stands in a subject"),
        _("Regular expressions, one a line; the first group is the number of a ticket."),
    ),
    ("ticket", "category"): Help(_("Category"), _("A word of your own for new tickets.")),
    ("ticket", "criticality"): Help(_("Criticality"), _("A word of your own for new tickets.")),
    ("ticket", "hidden"): Help(_("Hidden"), _("Marks the letter as one for the desk alone.")),
    ("ticket", "sender"): Help(
        _("Who counts as the sender"),
        _("Reply-To suits forms of a site that write From themselves."),
    ),
    ("ticket", "acknowledge"): Help(
        _("Acknowledgement"),
        _("Sent to whoever opens a ticket; `{number}`, `{subject}` and `{sender}` are filled in."),
    ),
    ("ticket", "most_per_hour"): Help(
        _("Most letters an hour"), _("Of one sender; the rest stay in the mailbox only.")
    ),
    ("ticket", "desk"): Help(
        _("Another help desk"), _("The name of one that an extension brings.")
    ),
    ("reply", "text"): Help(
        _("Text"),
        _(
            "What it says. `{from_name}`, `{from_address}`, `{subject}`, `{date}`, `{to}` and"
            " `{mailbox}` are filled in, `{starts}`, `{ends}` and `{days_to_answer}`"
            " as written below."
        ),
    ),
    ("reply", "subject"): Help(_("Subject"), _("By default: Re: `{subject}`")),
    ("reply", "html"): Help(_("Text as a page (HTML)"), _("The same once more as a page.")),
    ("reply", "from"): Help(
        _("From"), _("The mailbox or an alias of it, perhaps with a name: Support <a@example.org>")
    ),
    ("reply", "once_per"): Help(
        _("Once in"), _("A sender is answered once in this time: 7d. From 1h to a year.")
    ),
    ("reply", "starts"): Help(_("First day"), _("Or moment, of what is answered.")),
    ("reply", "ends"): Help(_("Last day"), _("Or moment, of what is answered.")),
    ("reply", "days_to_answer"): Help(_("Days to answer"), _("A number for the text.")),
    ("reply", "only_if_named"): Help(
        _("Only if named"),
        _("Answer only if To or Cc names the mailbox. By default so between two days."),
    ),
    ("notify", "text"): Help(
        _("Text"),
        _(
            "`{from_name}`, `{from_address}`, `{subject}`, `{date}`, `{to}`, `{mailbox}`,"
            " `{folder}`, `{size}`, `{queue_id}` and `{text}` are filled in."
        ),
    ),
    ("notify", "subject"): Help(_("Subject"), _("The same are filled in.")),
    ("notify", "per_hour"): Help(
        _("Most an hour"), _("The others are told of together when the hour is over.")
    ),
    ("webhook", "format"): Help(_("Format"), _("In which form the message is told.")),
    ("webhook", "secret"): Help(
        _("Secret"), _("The name of one in actions.secrets of the settings: the call is signed.")
    ),
    ("webhook", "headers"): Help(
        _("Header fields"),
        _("One NAME = text a line; `{secret:NAME}` is taken from the settings."),
    ),
    ("webhook", "attachments"): _ATTACHMENTS,
    ("webhook", "timeout"): Help(_("Time limit"), _("For the whole call, up to 120s.")),
    ("bitrix24", "entity"): Help(_("What is made"), _("By default a lead.")),
    ("bitrix24", "fields"): Help(
        _("Fields"),
        _("One NAME = text a line; `{subject}`, `{from_name}`, `{reply_text:2000}` are filled in."),
    ),
    ("bitrix24", "find_contact"): Help(
        _("Look for the contact"), _("Whoever has the address of the author. By default yes.")
    ),
    ("bitrix24", "responsible"): Help(_("Responsible"), _("The id of a user of the portal.")),
    ("bitrix24", "dialog"): Help(_("Chat"), _("chat42, or the id of a user: for a chat.")),
    ("bitrix24", "attachments"): _ATTACHMENTS,
    ("bitrix24", "timeout"): Help(_("Time limit"), _("For each call, up to 120s.")),
    ("command", "values"): _VALUES,
    ("python", "values"): _VALUES,
    ("spam", "scope"): _SCOPE,
    ("not_spam", "scope"): _SCOPE,
}


# What the choices of a setting are called
CHOICE_LABELS = {
    "owner": _("only who opened it"),
    "domain": _("anybody of his domain"),
    "anyone": _("anybody"),
    "reply_to": _("the address for answers (Reply-To)"),
    "from": _("the address in From"),
    "json": _("our own JSON"),
    "mailgun": _("as Mailgun"),
    "sendgrid": _("as SendGrid"),
    "postal": _("as Postal"),
    "raw": _("the message as it came"),
    "inline": _("go along"),
    "none": _("only names, types and sizes"),
    "url": _("as links"),
    "lead": _("lead"),
    "activity": _("activity"),
    "task": _("task"),
    "chat": _("message in a chat"),
    "site": _("all mailboxes together"),
    "mailbox": _("this mailbox alone"),
}


def setting_help(do: str, name: str) -> Help:
    """Return what a setting is called; its own name if nothing is said of it."""
    return SETTING_HELP.get((do, name), Help(name))


# What the templates are handed
VOCABULARY = {
    "KINDS": KINDS,
    "LONG": (Shape.TEXT, Shape.TEXTS, Shape.TABLE),
    "SWITCH": Shape.SWITCH,
    "NUMBER": Shape.NUMBER,
    "FIELD_GROUPS": FIELD_GROUPS,
    "PREFIX_LABELS": PREFIX_LABELS,
    "OPERATORS": OPERATORS,
    "OPERATOR_LABELS": OPERATOR_LABELS,
    "GROUP_LABELS": GROUP_LABELS,
    "OCCASION_LABELS": OCCASION_LABELS,
    "ACTION_HELP": ACTION_HELP,
    "ARGUMENT_LABELS": ARGUMENT_LABELS,
    "CHOICE_LABELS": CHOICE_LABELS,
    "setting_help": setting_help,
}
