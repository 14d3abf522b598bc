"""Rules in English."""

from __future__ import annotations

from collections.abc import Sequence

from bitrixmail.model.rule import Action, Rule, Test
from bitrixmail.model.text import printable
from bitrixmail.rules import hook_sentences, outside_desk
from bitrixmail.rules.mail_speech import mail_action
from bitrixmail.rules.speech import Speech, Words, age_of, shown, values_of

_WORDS = Words(
    '""', " or ", lambda name: f"a line of the list {name}", lambda count: f"one of {count} more"
)
# A field by what one of its texts is called, what none is, and what a message has or has not.
_SUBJECTS: dict[str, tuple[str, str, str]] = {
    "sender": ("the sender", "no sender", "a sender"),
    "recipient": ("a recipient", "no recipient", "a recipient"),
    "from": ("From", "", "a From field"),
    "reply_to": ("Reply-To", "", "a Reply-To field"),
    "to": ("To", "", "a To field"),
    "cc": ("Cc", "", "a Cc field"),
    "envelope_sender": ("the envelope sender", "", "an envelope sender"),
    "envelope_recipient": ("the envelope recipient", "", "an envelope recipient"),
    "subject": ("the subject", "", "a subject"),
    "body": ("the body", "", "a body"),
    "headers": ("a header field", "no header field", "a header field"),
    "message": ("the message", "", "a text"),
    "attachment_name": (
        "the name of an attachment", "the name of no attachment", "an attachment with a name",
    ),
    "attachment_type": (
        "the type of an attachment", "the type of no attachment", "an attachment",
    ),
    "attachment_size": (
        "the size of an attachment", "the size of no attachment", "an attachment",
    ),
    "attachment_count": ("the number of attachments", "", "a number of attachments"),
    "list_id": ("the id of the mailing list", "", "an id of a mailing list"),
    "language": ("the language", "", "a language"),
    "charset": ("the charset", "", "a charset"),
    "folder": ("the folder", "", "a folder"),
    "tag": ("a tag", "no tag", "a tag"),
    "flag": ("a flag", "no flag", "a flag"),
    "read": ("the mark as read", "", "a mark as read"),
    "priority": ("the priority", "", "a priority"),
    "auth": (
        "a result of authentication", "no result of authentication", "a result of authentication",
    ),
    "size": ("the size", "", "a size"),
    "spam_score": ("the spam score", "", "a spam score"),
    "spam": ("the mark as spam", "", "a mark as spam"),
    "age": ("the age", "", "an age"),
    "date": ("its date", "", "a date"),
    "received": ("its arrival", "", "a time of arrival"),
    "time": ("the time of day", "", "a time of day"),
}  # fmt: skip
_PARTS = {
    "address": "the address", "local_part": "the local part", "domain": "the domain",
    "name": "the name",
}  # fmt: skip
# An operator, and its opposite.
_OPERATORS = {
    "contains": ("contains", "does not contain"),
    "equals": ("is", "is not"),
    "starts_with": ("starts with", "does not start with"),
    "ends_with": ("ends with", "does not end with"),
    "regex": ("fits the expression", "does not fit the expression"),
    "greater": ("is greater than", "is not greater than"),
    "less": ("is less than", "is not less than"),
}
_TIMES = {
    "greater": ("is later than", "is not later than"),
    "less": ("is earlier than", "is not earlier than"),
}
_NEGATIVE = {"not_contains": "contains", "not_equals": "equals"}
_BARE = frozenset(
    {"size", "attachment_size", "attachment_count", "spam_score", "age", "date", "received", "time"}
)
_LANGUAGES = {
    "ru": "Russian", "en": "English", "uk": "Ukrainian", "de": "German", "fr": "French",
    "es": "Spanish", "it": "Italian", "pl": "Polish", "be": "Belarusian", "kk": "Kazakh",
    "zh": "Chinese", "tr": "Turkish",
}  # fmt: skip
_UNITS = {"s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week"}
_STOP = "try no further rule"


def _test(test: Test, holds: bool) -> str:
    if test.op in _NEGATIVE:
        test = Test(test.field, _NEGATIVE[test.op], test.value, test.exact, test.lists)
        holds = not holds
    if test.op == "exists":
        thing = _subject(test.field)[2]
        return f"it has {thing}" if holds else f"it has no {thing.partition(' ')[2]}"
    special = None if test.lists else _special(test, holds)
    if special:
        return special
    one, none, _ = _subject(test.field)
    table = _TIMES if test.field in ("date", "received") else {}
    yes, no = table.get(test.op) or _OPERATORS.get(test.op, (test.op, f"not {test.op}"))
    text = f"{one} {yes}" if holds else f"{none} {yes}" if none else f"{one} {no}"
    text = f"{text} {values_of(test, _WORDS, bare=_is_bare(test.field))}".rstrip()
    return f"{text} (capitals told apart)" if test.exact else text


def _is_bare(field: str) -> bool:
    return field in _BARE or field.startswith("check:")


def _subject(field: str) -> tuple[str, str, str]:
    found = _SUBJECTS.get(field)
    if found:
        return found
    base, _, part = field.partition(".")
    if base in _SUBJECTS and part in _PARTS:
        one, none, thing = _SUBJECTS[base]
        field_alone = base in ("from", "reply_to", "to", "cc")
        whose = "in" if field_alone and part in ("address", "name") else "of"
        name = f"{_PARTS[part]} {whose}"
        denied = f"{name} {none}" if none else ""
        return f"{name} {one}", denied, f"{name.replace('the ', 'a ', 1)} {thing}"
    if field.startswith("python:"):
        name = printable(field.removeprefix("python:"))
        return f"the answer of {name}", f"no answer of {name}", f"an answer of {name}"
    if field.startswith("check:"):
        name = printable(field.removeprefix("check:"))
        return f"the score by the check {name}", "", f"a score by the check {name}"
    if field.startswith("header:"):
        name = printable(field.removeprefix("header:"))
        return f"the field {name}", f"no field {name}", f"a field {name}"
    name = shown(field, '""')
    return f"the field {name}", "", f"a field {name}"


def _special(test: Test, holds: bool) -> str:
    """Say what has words of its own; empty if nothing has."""
    op, value = test.op, test.value[0] if len(test.value) == 1 else None
    quoted = values_of(test, _WORDS)
    if op in ("equals", "contains") and test.field in ("tag", "flag"):
        has = "has" if holds else "does not have"
        part = " of which a part is" if op == "contains" else ""
        return f"it {has} {'a' if part else 'the'} {test.field}{part} {quoted}"
    if op == "equals" and test.field == "time":
        bare = values_of(test, _WORDS, bare=True)
        return f"it is {'within' if holds else 'outside'} {bare}"
    if op == "equals":
        return _state(test, value, holds)
    if test.field == "age" and op in ("greater", "less"):
        comparison = "older" if op == "greater" else "newer"
        ages = _WORDS.either.join(map(_age, test.value))
        return f"it is {'' if holds else 'not '}{comparison} than {ages}"
    return ""


def _state(test: Test, value: str | None, holds: bool) -> str:
    """Say in what state a message is; empty if the field tells none."""
    if test.field == "read" and value in ("yes", "no"):
        return "it is read" if (value == "yes") is holds else "it is unread"
    if test.field == "spam" and value in ("yes", "no"):
        return "it looks like spam" if (value == "yes") is holds else "it does not look like spam"
    if test.field == "folder":
        where = values_of(test, _WORDS)
        return f"it {'lies' if holds else 'does not lie'} in the folder {where}"
    if test.field == "language" and value in _LANGUAGES:
        return f"the language is {'' if holds else 'not '}{_LANGUAGES[value]}"
    if test.field == "priority" and value in ("high", "normal", "low"):
        return f"the priority is {'' if holds else 'not '}{value}"
    return ""


def _age(text: str) -> str:
    found = age_of(text)
    if found is None:
        return printable(text)
    number, unit = found
    return f"{number} {_UNITS[unit]}{'' if number == 1 else 's'}"


def _action(action: Action) -> str:
    argument = shown(action.argument, '""')
    told = {
        "move": f"move it to the folder {argument}",
        "copy": f"put a copy into the folder {argument}",
        "mark_read": "mark it as read",
        "mark_unread": "mark it as unread",
        "flag": f"set the flag {argument}" if action.argument else "flag it",
        "unflag": f"clear the flag {argument}" if action.argument else "take its flag off",
        "tag": f"tag it {argument}",
        "untag": f"take the tag {argument} off",
        "priority": f"set its priority to {printable(action.argument)}",
        "delete": "move it to Trash",
        "discard": "throw it away without keeping it",
        "reject": f"refuse it with the words {argument}" if action.argument else "refuse it",
        "quarantine": "put it into quarantine",
        "ticket": outside_desk.english(action),
        "stop": _STOP,
        "command": f"run the command {argument}",
        "python": f"have the extension do {argument}",
        "spam": "have the filter learn it as spam",
        "not_spam": "have the filter learn that it is no spam",
    }.get(action.do)
    told = told or mail_action(action, 0)
    told = told or hook_sentences.english(action)
    return told or printable(f"{action.do} {action.argument}").rstrip()


def _joined(parts: Sequence[str], every: bool) -> str:
    return ", ".join(parts[:-1]) + (" and " if every else " or ") + parts[-1]


def _whole(rule: Rule, condition: str | None, actions: Sequence[str], off: bool) -> str:
    done = ", ".join(actions[:-1]) + (" and " if actions[:-1] else "") + "".join(actions[-1:])
    done = done or "do nothing"
    if condition is None:
        text = f"never {done}"
    else:
        text = f"if {condition}, then {done}" if condition else f"always {done}"
    text = ", ".join([*_circumstances(rule), text])
    notes = []
    if rule.group:
        notes.append(
            f"group {shown(rule.group, _WORDS.quotes)}" + (", switched off" if off else "")
        )
    if not rule.active:
        notes.append("switched off")
    behind = f" ({'; '.join(notes)})" if notes else ""
    return f"{text[:1].upper()}{text[1:]}{behind}."


def _circumstances(rule: Rule) -> list[str]:
    """Say for whom a rule is, and when it is asked if that is not the usual."""
    found = []
    if rule.mailbox or rule.domain:
        who = rule.mailbox or f"all mailboxes of {rule.domain}"
        found.append(f"for {printable(who)}")
    clock = f"by the clock ({printable(rule.schedule)})" if rule.schedule else "by the clock"
    times = {"receive": "as it comes in", "manual": "by hand", "schedule": clock}
    if rule.on != {"receive", "manual"}:
        found.append(" or ".join(told for key, told in times.items() if key in rule.on))
    return [each for each in found if each]


ENGLISH = Speech(
    field=lambda field: _subject(field)[0],
    test=_test,
    opposite=lambda text: f"it is not so that ({text})",
    action=_action,
    stop=_STOP,
    joined=_joined,
    always="whatever it is",
    never="never mind what it is",
    whole=_whole,
)
