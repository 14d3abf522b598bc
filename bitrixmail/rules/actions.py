"""The actions of the rule language: which there are, what each needs, what each wishes for."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from zope.interface import implementer

from bitrixmail.interfaces.rules import IAction, IFacts
from bitrixmail.model.effects import Effects
from bitrixmail.model.folder import folder_name
from bitrixmail.model.message import QUARANTINE, TRASH
from bitrixmail.model.plan import Disposition
from bitrixmail.model.rule import Action
from bitrixmail.model.work import Work, plain
from bitrixmail.rules.outside import Setting, setting_complaints
from bitrixmail.rules.outside_desk import TICKET_SETTINGS
from bitrixmail.rules.outside_ext import VALUES, VARIABLES, command_name, function_name
from bitrixmail.rules.outside_hook import (
    BITRIX24,
    WEBHOOK,
    bitrix24_complaints,
    called_url,
    portal_reach,
    secret_name,
    webhook_complaints,
    webhook_reach,
)
from bitrixmail.rules.outside_mail import NOTIFY, REPLY, addresses, reached, reply_complaints
from bitrixmail.rules.outside_spam import LEARNING, learns_for_mailbox
from bitrixmail.rules.words import Complaint, choice

SEEN = "\\Seen"
FLAGGED = "\\Flagged"
# How urgent a message was found to be; without either its own header fields say it.
HIGH_PRIORITY = "$HighPriority"
LOW_PRIORITY = "$LowPriority"
PRIORITIES = ("high", "normal", "low")
_SYSTEM_FLAGS = (SEEN, FLAGGED, "\\Answered", "\\Draft")
# A keyword is an atom (RFC 9051 §9, flag-keyword).
_KEYWORD = re.compile(r"[!#$&'+,\-./0-9:;<=>?@A-Z^_`a-z|}~]{1,64}")
_MAX_TAG = 64
_MAX_TEXT = 300


def flag_name(text: str) -> str:
    """Return a flag in its one form (RFC 9051 §2.3.2). Raises ValueError with a sentence."""
    for flag in _SYSTEM_FLAGS:
        if text.lower() == flag.lower():
            return flag
    if not _KEYWORD.fullmatch(text):
        raise ValueError(f"a flag is one of {' '.join(_SYSTEM_FLAGS)} or a word in Latin letters")
    return text


def tag_name(text: str) -> str:
    """Return a tag in its one form. Raises ValueError with a sentence for people."""
    tag = unicodedata.normalize("NFC", text)
    if not tag.isprintable() or tag.strip() != tag or not 0 < len(tag) <= _MAX_TAG:
        raise ValueError(f"a tag is a word or a few, at most {_MAX_TAG} characters on one line")
    return tag


def reject_text(text: str) -> str:
    """Return the text of a rejection. Raises ValueError with a sentence for people."""
    if not text.isprintable() or len(text) > _MAX_TEXT:
        raise ValueError(f"the text has at most {_MAX_TEXT} characters on one line")
    return text


def priority_level(text: str) -> str:
    """Return a priority in its one form. Raises ValueError with a sentence for people."""
    level = text.strip().lower()
    if level not in PRIORITIES:
        raise ValueError(f"a priority is one of {', '.join(PRIORITIES)}")
    return level


def _priority(level: str) -> Effects:
    keywords = {"high": HIGH_PRIORITY, "low": LOW_PRIORITY}
    chosen = frozenset(keyword for name, keyword in keywords.items() if name == level)
    cleared = frozenset(keywords.values()) - chosen
    return Effects(set_flags=chosen, clear_flags=cleared, priority=level)


def _nothing(_argument: str) -> Effects:
    return Effects()


def _no_complaints(_given: Mapping[str, Any]) -> Iterator[Complaint]:
    return iter(())


@dataclass(frozen=True, slots=True)
class Kind:
    """What an action needs and does. `key` names its argument in a file, empty for none.

    `outside`: it is work for a courier, with these further settings; see rules.outside. `reach`
    tells from its argument and settings what must be reachable for it, `together` what is wrong
    with settings that are right alone. `several`: the argument may be a list of texts, which it
    holds parted by commas.
    """

    effects: Callable[[str], Effects] = _nothing
    key: str = ""
    required: bool = False
    normal: Callable[[str], str] = str
    outside: bool = False
    settings: Mapping[str, Setting] = field(default_factory=dict)
    reach: Callable[[str, Mapping[str, Any]], str] = lambda _argument, _settings: ""
    together: Callable[[Mapping[str, Any]], Iterator[Complaint]] = _no_complaints
    several: bool = False


_MOVE = Kind(lambda folder: Effects(folder=folder), "folder", required=True, normal=folder_name)
_COPY = Kind(lambda folder: Effects(copy=folder), "folder", required=True, normal=folder_name)
_SEND_ON = Kind(
    key="to",
    required=True,
    normal=addresses,
    outside=True,
    reach=lambda to, _: reached(to),
    several=True,
)
KINDS: dict[str, Kind] = {
    "move": _MOVE,
    "copy": _COPY,
    "mark_read": Kind(lambda _: Effects(set_flags=frozenset({SEEN}))),
    "mark_unread": Kind(lambda _: Effects(clear_flags=frozenset({SEEN}))),
    "flag": Kind(
        lambda flag: Effects(set_flags=frozenset({flag or FLAGGED})), "flag", normal=flag_name
    ),
    "unflag": Kind(
        lambda flag: Effects(clear_flags=frozenset({flag or FLAGGED})), "flag", normal=flag_name
    ),
    "tag": Kind(
        lambda tag: Effects(set_tags=frozenset({tag})), "tag", required=True, normal=tag_name
    ),
    "untag": Kind(
        lambda tag: Effects(clear_tags=frozenset({tag})), "tag", required=True, normal=tag_name
    ),
    "priority": Kind(_priority, "level", required=True, normal=priority_level),
    "delete": Kind(lambda _: Effects(folder=TRASH)),
    "discard": Kind(lambda _: Effects(disposition=Disposition.DISCARD)),
    "reject": Kind(
        lambda text: Effects(disposition=Disposition.REJECT, text=text), "text", normal=reject_text
    ),
    "quarantine": Kind(lambda _: Effects(disposition=Disposition.QUARANTINE, folder=QUARANTINE)),
    "stop": Kind(lambda _: Effects(stop=True)),
    "ticket": Kind(outside=True, settings=TICKET_SETTINGS),
    "forward": _SEND_ON,
    "redirect": _SEND_ON,
    "reply": Kind(outside=True, settings=REPLY, together=reply_complaints),
    "notify": replace(_SEND_ON, settings=NOTIFY),
    "webhook": Kind(
        key="url",
        required=True,
        normal=called_url,
        outside=True,
        settings=WEBHOOK,
        reach=webhook_reach,
        together=webhook_complaints,
    ),
    "bitrix24": Kind(
        key="portal",
        required=True,
        normal=secret_name,
        outside=True,
        settings=BITRIX24,
        reach=portal_reach,
        together=bitrix24_complaints,
    ),
    "command": Kind(
        key="name",
        required=True,
        normal=command_name,
        outside=True,
        settings=VARIABLES,
        reach=lambda name, _: name,
    ),
    "python": Kind(
        key="name",
        required=True,
        normal=function_name,
        outside=True,
        settings=VALUES,
        reach=lambda name, _: name,
    ),
    "spam": Kind(outside=True, settings=LEARNING),
    "not_spam": Kind(outside=True, settings=LEARNING),
}
ARGUMENT_KEYS = tuple(dict.fromkeys(kind.key for kind in KINDS.values() if kind.key))


@implementer(IAction)
class ConstantAction:
    """An action that wishes the same for every message. Made by `compile_action`."""

    __slots__ = ("effects", "shown")

    def __init__(self, effects: Effects, shown: str) -> None:
        self.effects = effects
        self.shown = shown

    def plan(self, facts: IFacts) -> Effects:  # noqa: ARG002 - the interface's; these need none
        """See IAction."""
        return self.effects


def compile_action(
    action: Action, rule: str = "", number: int = 1, *, own: bool = False
) -> ConstantAction:
    """Make the `number`-th action of a rule ready; `action_complaints` has nothing to say of it.

    `own`: the rule is one mailbox's.
    """
    kind = KINDS[action.do]
    argument = kind.normal(action.argument) if action.argument else ""
    if kind.outside:
        reach = kind.reach(argument, dict(action.settings))
        own = own or learns_for_mailbox(action.settings)
        work = Work(action.do, rule, number, own, argument, action.settings, reach)
        return ConstantAction(Effects(work=work), f"{action.do} {argument}".rstrip())
    return ConstantAction(kind.effects(argument), f"{action.do} {argument}".rstrip())


def tells_spam(action: Action) -> bool:
    """Tell whether who is called hears what checks have found."""
    return action.do == "webhook" and dict(action.settings).get("format", "json") == "json"


def action_complaints(action: Action) -> Iterator[Complaint]:
    """Find all that is wrong with one action."""
    yield from argument_complaints(action)
    if action.do in KINDS:
        yield from all_settings_complaints(KINDS[action.do], plain(action.settings))


def all_settings_complaints(kind: Kind, given: Mapping[str, Any]) -> Iterator[Complaint]:
    """Find all that is wrong with the settings of an action, each alone and together."""
    yield from setting_complaints(kind.settings, given)
    yield from kind.together(given)


def argument_complaints(action: Action) -> Iterator[Complaint]:
    """Find all that is wrong with an action but for its settings."""
    kind = KINDS.get(action.do)
    if kind is None:
        yield Complaint("do", *choice("action", action.do, KINDS))
    elif not action.argument:
        if kind.required:
            yield Complaint(kind.key, f'"{action.do}" needs it', f'add {kind.key} = "…"')
    elif not kind.key:
        yield Complaint("do", f'"{action.do}" takes no argument', "leave it out")
    elif kind.normal is priority_level and action.argument.strip().lower() not in PRIORITIES:
        yield Complaint(kind.key, *choice("priority", action.argument, PRIORITIES))
    else:
        try:
            kind.normal(action.argument)
        except ValueError as error:
            yield Complaint(kind.key, str(error), "choose another")
