"""The settings of the actions `webhook` and `bitrix24`: how each is written, and what is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from bitrixmail.mime.urls import read_url
from bitrixmail.rules.fill import check
from bitrixmail.rules.outside import Setting, Shape, choice_of, line, number, switch, table
from bitrixmail.rules.words import Complaint

FORMATS = ("json", "mailgun", "sendgrid", "postal", "raw")
ATTACHMENTS = ("inline", "none")
URL = "url"
ENTITIES = ("lead", "activity", "task", "chat")
MOST_TIMEOUT_S = 120
_DURATION = re.compile(r"([0-9]{1,4})\s*(s|m)")
_UNITS_S = {"s": 1, "m": 60}
_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,80}")
SECRET_PLACE = re.compile(r"\{secret:([A-Za-z0-9_-]{1,40})\}")
_MOST_HEADERS = 20
# What the transport, the format or the signature says
_OURS = frozenset(
    ("connection", "content-length", "content-type", "content-encoding", "expect", "keep-alive",
     "te", "trailer", "transfer-encoding", "upgrade")
)  # fmt: skip


def called_url(given: str) -> str:
    """Return a URL in its one form. Raises ValueError with a sentence for people."""
    return read_url(given.strip() if given.isprintable() else given).url


def duration(given: Any) -> str:
    """Read a time of up to two minutes: "10s", "1m"."""
    found = _DURATION.fullmatch(given.strip()) if isinstance(given, str) else None
    if found is None or not 1 <= int(found[1]) * _UNITS_S[found[2]] <= MOST_TIMEOUT_S:
        raise ValueError(f'must be a time from "1s" to "{MOST_TIMEOUT_S}s"')
    return f"{int(found[1])}{found[2]}"


def seconds_of(text: str) -> float:
    """Return how long a duration is that was read before."""
    return float(int(text[:-1]) * _UNITS_S[text[-1]])


def secret_name(given: Any) -> str:
    """Read the name under which [actions] in the settings has a secret."""
    found = line(given)
    if not _NAME.fullmatch(found):
        raise ValueError(
            "must be the name of a secret, not the secret itself: whoever may read rules would read"
            " it; put it into [actions.secrets] of the settings, and its name here"
        )
    return found


def headers(given: Any) -> tuple[tuple[str, str], ...]:
    """Read header fields of a request."""
    found = table(given)
    if len(found) > _MOST_HEADERS:
        raise ValueError(f"must be at most {_MOST_HEADERS} fields")
    for name, value in found:
        if not _TOKEN.fullmatch(name):
            raise ValueError(f'has "{name[:40]}", which is no name of a header field')
        if name.lower() in _OURS or name.lower().startswith("x-bitrixmail-"):
            raise ValueError(f'has "{name}", which is set by this program')
        line(value)
    return found


def templates(given: Any) -> tuple[tuple[str, str], ...]:
    """Read a table of texts with places to be filled in, see rules.fill."""
    found = table(given)
    for name, value in found:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_.]{0,99}", name):
            raise ValueError(f'has "{name[:40]}", which is no name of a field: TITLE, UF_CRM_1')
        try:
            check(value)
        except ValueError as error:
            raise ValueError(f"{name} {error}") from None
    return found


WEBHOOK: Mapping[str, Setting] = {
    "format": choice_of(*FORMATS, example='"json"'),
    "secret": Setting(secret_name, '"crm", the name of a secret in [actions.secrets]'),
    "headers": Setting(headers, '{ Authorization = "Bearer {secret:crm}" }', shape=Shape.TABLE),
    "attachments": choice_of(*ATTACHMENTS, URL, example='"inline"'),
    "timeout": Setting(duration, '"10s"'),
}
BITRIX24: Mapping[str, Setting] = {
    "entity": choice_of(*ENTITIES, example='"lead"'),
    "fields": Setting(
        templates, '{ TITLE = "{subject}", COMMENTS = "{reply_text:2000}" }', shape=Shape.TABLE
    ),
    "find_contact": Setting(switch, "true", shape=Shape.SWITCH),
    "responsible": Setting(
        number(1, 2**31), "1, the id of a user of the portal", shape=Shape.NUMBER
    ),
    "dialog": Setting(line, '"chat42", or the id of a user'),
    "attachments": choice_of(*ATTACHMENTS, example='"inline"'),
    "timeout": Setting(duration, '"10s"'),
}


def webhook_complaints(given: Mapping[str, Any]) -> Iterator[Complaint]:
    """Find what is wrong with the settings of `webhook` together, each being right alone."""
    if given.get("attachments") == URL and given.get("format", "json") != "json":
        yield Complaint("attachments", '"url" is for format = "json" alone', 'choose "inline"')


def bitrix24_complaints(given: Mapping[str, Any]) -> Iterator[Complaint]:
    """Find what is wrong with the settings of `bitrix24` together, each being right alone."""
    if given.get("entity") == "chat" and not given.get("dialog"):
        yield Complaint("dialog", "is missing: a chat has to be named", 'add dialog = "chat42"')


def webhook_reach(url: str, _settings: Mapping[str, Any]) -> str:
    """Return the host and port that must be reachable."""
    return read_url(url).place


def portal_reach(portal: str, _settings: Mapping[str, Any]) -> str:
    """Return what is reached or not as a whole: the portal, by its name in the settings."""
    return portal
