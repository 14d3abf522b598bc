"""What `webhook` and `bitrix24` do, in English and in Russian."""

from __future__ import annotations

from bitrixmail.mime.urls import read_url
from bitrixmail.model.rule import Action
from bitrixmail.model.text import printable

_ENGLISH = {
    "lead": "make a lead of it", "activity": "note it as an activity", "task": "make a task of it",
    "chat": "tell of it in the chat",
}  # fmt: skip
_RUSSIAN = {
    "lead": "создать лид", "activity": "записать дело", "task": "поставить задачу",
    "chat": "сообщить в чат",
}  # fmt: skip


def english(action: Action) -> str:
    """Say it in English; empty if it is neither of the two."""
    if action.do == "webhook":
        return f"call {_place(action.argument)}"
    if action.do == "bitrix24":
        done = _ENGLISH.get(_entity(action), "hand it over")
        return f"{done} in the Bitrix portal {printable(action.argument, 60)}".rstrip()
    return ""


def russian(action: Action) -> str:
    """Say it in Russian; empty if it is neither of the two."""
    if action.do == "webhook":
        return f"вызвать {_place(action.argument)}"
    if action.do == "bitrix24":
        done = _RUSSIAN.get(_entity(action), "передать письмо")
        return f"{done} на портале Битрикс {printable(action.argument, 60)}".rstrip()
    return ""


def _place(url: str) -> str:
    """Return whom a URL calls: its path and query may hold what is nobody else's business."""
    try:
        return read_url(url).place
    except ValueError:
        return printable(url, 60)


def _entity(action: Action) -> str:
    return str(dict(action.settings).get("entity", "lead"))
