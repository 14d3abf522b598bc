"""What a message becomes on a portal: a lead, an activity, a task, or words in a chat.

By crm.lead.add, crm.activity.add, tasks.task.add and im.message.add; a contact is looked for by
crm.duplicate.findbycomm. What the rule says in `fields` stands before what is filled in by default.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from bitrixmail.outbound.actions.bitrix24_rest import Portal
from bitrixmail.outbound.actions.letter import Letter
from bitrixmail.rules.fill import fill

ORIGINATOR = "bitrixmail"
_CONTACT, _COMPANY, _LEAD, _DEAL = 3, 4, 1, 2
_OWNERS = (("CONTACT", _CONTACT), ("COMPANY", _COMPANY), ("LEAD", _LEAD))
_SHORT = {"CONTACT": "C", "COMPANY": "CO"}
_EMAIL, _INCOMING, _PLAIN = 4, 1, 1
# A portal takes a request of some ten megabytes; files are a third larger in it
_FILES_OCTETS = 6 * 1024 * 1024
_CHAT_TEXT = 2000
_LEAD_DEFAULTS = {
    "TITLE": "{subject}",
    "NAME": "{from_name}",
    "COMMENTS": "{reply_text:10000}",
    "SOURCE_ID": "EMAIL",
    "SOURCE_DESCRIPTION": "{mailbox}",
}
_ACTIVITY_DEFAULTS = {"SUBJECT": "{subject}", "DESCRIPTION": "{reply_text:50000}"}
_TASK_DEFAULTS = {"TITLE": "{subject}", "DESCRIPTION": "{from}\n\n{reply_text:20000}"}
_CHAT_DEFAULTS = {"MESSAGE": "[B]{subject}[/B]\n{from}\n{reply_text:500}"}
_BRACKETS = re.compile(r"\[(?=/?[A-Za-z*])")


class Wish(NamedTuple):
    """What is handed over, and what the rule says of how."""

    letter: Letter
    settings: Mapping[str, Any]

    @property
    def key(self) -> str:
        """The same in every attempt."""
        return self.letter.job.key

    def fields(self, defaults: Mapping[str, str], *, tame: bool = False) -> dict[str, str]:
        """Fill in the fields of the rule, and by default those it does not name.

        `tame`: what is filled in can't be read as marks of a portal's texts ([URL=…]).
        """
        value = self.letter.value

        def tamed(name: str) -> str:
            return _BRACKETS.sub("[ ", value(name))

        templates = {**defaults, **self.settings.get("fields", {})}
        filled = {name: fill(text, tamed if tame else value) for name, text in templates.items()}
        return {name: text for name, text in filled.items() if text}

    @property
    def responsible(self) -> dict[str, int]:
        """Who is responsible, as the CRM has it; nothing if the rule says nothing."""
        found = self.settings.get("responsible")
        return {"ASSIGNED_BY_ID": found} if found else {}

    def files(self) -> list[tuple[str, str]]:
        """Return name and base64 of the attachments, as many as a portal takes in one request."""
        if self.settings.get("attachments", "inline") != "inline" or not self.letter.whole:
            return []
        found, left = [], _FILES_OCTETS
        for number, each in enumerate(self.letter.body.enclosures, 1):
            left -= each.size_octets
            if left < 0:
                break
            content = b64encode(each.octets).decode("ascii")
            found.append((each.name or f"attachment-{number}", content))
        return found


async def make_lead(portal: Portal, wish: Wish) -> str:
    """Make a lead of the message, bound to the contact who wrote it if there is one."""
    found = await _first(portal, "crm.lead.list", _origin(wish))
    if found is not None:
        return f"lead {found} was made by an earlier attempt"
    fields: dict[str, Any] = wish.fields(_LEAD_DEFAULTS)
    fields.setdefault("TITLE", wish.letter.value("from") or wish.key)
    fields |= wish.responsible
    fields |= {"ORIGINATOR_ID": ORIGINATOR, "ORIGIN_ID": wish.key}
    address = wish.letter.value("reply_to")
    if address:
        fields["EMAIL"] = [{"VALUE": address, "VALUE_TYPE": "WORK"}]
    owner = await _owner(portal, wish, ("CONTACT", "COMPANY"))
    if owner is not None:
        fields[f"{owner[0]}_ID"] = owner[2]
    return f"lead {await portal.call('crm.lead.add', {'fields': fields})}"


async def make_activity(portal: Portal, wish: Wish) -> str:
    """Note the message as mail that came in, at the open deal of whoever wrote it, else at him.

    If nobody is known by the address, at a new lead.
    """
    found = await _first(portal, "crm.activity.list", _origin(wish))
    if found is not None:
        return f"activity {found} was made by an earlier attempt"
    owner = await _owner(portal, wish, tuple(each for each, _ in _OWNERS))
    address = wish.letter.value("reply_to")
    if owner is None:
        known = await _first(portal, "crm.lead.list", _origin(wish))
        if known is None:
            fields: dict[str, Any] = Wish(wish.letter, {}).fields(_LEAD_DEFAULTS)
            fields.setdefault("TITLE", wish.letter.value("from") or wish.key)
            fields |= {"ORIGINATOR_ID": ORIGINATOR, "ORIGIN_ID": wish.key} | wish.responsible
            if address:
                fields["EMAIL"] = [{"VALUE": address, "VALUE_TYPE": "WORK"}]
            known = await portal.call("crm.lead.add", {"fields": fields})
        owner = "LEAD", _LEAD, int(known)
    name, kind, number = owner
    deal = await _open_deal(portal, name, number)
    activity: dict[str, Any] = wish.fields(_ACTIVITY_DEFAULTS)
    activity.setdefault("SUBJECT", wish.letter.value("from") or wish.key)
    begun = wish.letter.job.created.isoformat(timespec="seconds")
    activity |= {
        "OWNER_TYPE_ID": kind if deal is None else _DEAL,
        "OWNER_ID": number if deal is None else deal,
        "TYPE_ID": _EMAIL,
        "DIRECTION": _INCOMING,
        "COMPLETED": "N",
        "START_TIME": begun,
        "END_TIME": begun,
        "DESCRIPTION_TYPE": _PLAIN,
        "ORIGINATOR_ID": ORIGINATOR,
        "ORIGIN_ID": wish.key,
        "COMMUNICATIONS": [
            {"TYPE": "EMAIL", "VALUE": address, "ENTITY_ID": number, "ENTITY_TYPE_ID": kind}
        ],
    }
    if wish.settings.get("responsible"):
        activity["RESPONSIBLE_ID"] = wish.settings["responsible"]
    files = [{"fileData": [name, content]} for name, content in wish.files()]
    if files:
        activity["FILES"] = files
    made = await portal.call("crm.activity.add", {"fields": activity})
    where = f"{name.lower()} {number}"
    return f"activity {made} at {where if deal is None else f'deal {deal} of {where}'}"


async def make_task(portal: Portal, wish: Wish) -> str:
    """Make a task of the message."""
    found = await portal.call("tasks.task.list", {"filter": {"XML_ID": wish.key}, "select": ["ID"]})
    tasks = found.get("tasks", []) if isinstance(found, dict) else []
    if tasks:
        return f"task {tasks[0].get('id')} was made by an earlier attempt"
    fields: dict[str, Any] = wish.fields(_TASK_DEFAULTS, tame=True)
    fields.setdefault("TITLE", wish.letter.value("from") or wish.key)
    fields["XML_ID"] = wish.key
    # A task is somebody's: without a word in the rule that of the webhook's owner
    fields["RESPONSIBLE_ID"] = wish.settings.get("responsible", portal.user)
    owner = await _owner(portal, wish, ("CONTACT", "COMPANY"))
    if owner is not None:
        fields["UF_CRM_TASK"] = [f"{_SHORT[owner[0]]}_{owner[2]}"]
    made = await portal.call("tasks.task.add", {"fields": fields})
    task = made.get("task", {}) if isinstance(made, dict) else {}
    return f"task {task.get('id', '')}".rstrip()


async def tell_chat(portal: Portal, wish: Wish) -> str:
    """Tell of the message in a chat. An attempt that is repeated may tell it twice."""
    text = wish.fields(_CHAT_DEFAULTS, tame=True)["MESSAGE"][:_CHAT_TEXT]
    told = {"DIALOG_ID": wish.settings["dialog"], "MESSAGE": text}
    return f"message {await portal.call('im.message.add', told)}"


MAKERS: Mapping[str, Callable[[Portal, Wish], Awaitable[str]]] = {
    "lead": make_lead,
    "activity": make_activity,
    "task": make_task,
    "chat": tell_chat,
}


def _origin(wish: Wish) -> dict[str, str]:
    return {"ORIGINATOR_ID": ORIGINATOR, "ORIGIN_ID": wish.key}


async def _open_deal(portal: Portal, owner: str, number: int) -> int | None:
    """Return the newest open deal of a contact or a company."""
    if owner not in _SHORT:
        return None
    wanted: dict[str, str | int] = {f"{owner}_ID": number, "CLOSED": "N"}
    return await _first(portal, "crm.deal.list", wanted, order={"ID": "DESC"})


async def _first(
    portal: Portal, method: str, wanted: Mapping[str, str | int], **more: Mapping[str, str]
) -> int | None:
    """Return the id of the first that has these fields: of what an earlier attempt has made."""
    found = await portal.call(method, {"filter": dict(wanted), "select": ["ID"], **more})
    if isinstance(found, list) and found and isinstance(found[0], dict):
        return int(found[0].get("ID", 0)) or None
    return None


async def _owner(portal: Portal, wish: Wish, kinds: tuple[str, ...]) -> tuple[str, int, int] | None:
    """Find who is known by the address of the author: kind, its number there, and the id."""
    address = wish.letter.value("reply_to")
    if not address or not wish.settings.get("find_contact", True):
        return None
    for name, number in _OWNERS:
        if name not in kinds:
            continue
        asked = {"type": "EMAIL", "values": [address], "entity_type": name}
        found = await portal.call("crm.duplicate.findbycomm", asked)
        ids = found.get(name, []) if isinstance(found, dict) else []
        if ids:
            return name, number, int(ids[0])
    return None
