"""What a webhook tells of a message: our own JSON, or as other mail services tell it.

For programs written for Mailgun's routes, SendGrid's inbound parse or Postal's HTTP endpoints;
what we do not know (results of SPF and DKIM, a spam score) is left out of theirs.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets as chance
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC
from typing import Any, NamedTuple

from bitrixmail.mime.reply_text import reply_text
from bitrixmail.model.secret import Secret
from bitrixmail.outbound.actions.form import FormFile, Payload, form
from bitrixmail.outbound.actions.letter import Letter

VERSION = 1
JSON = "application/json; charset=utf-8"


class Terms(NamedTuple):
    """How one attempt is told. `timestamp`: when, in seconds of Unix; `files`: with attachments.

    `url` tells where a file is fetched, by its number from 1; None: that is not told.
    """

    attempt: int
    timestamp: int
    secrets: Sequence[Secret] = ()
    files: bool = True
    url: Callable[[int], str] | None = None


def ours(letter: Letter, terms: Terms) -> Payload:
    """Write our own JSON, see docs/webhooks.md."""
    job, order, headers, body = letter.job, letter.order, letter.headers, letter.body
    told: dict[str, Any] = {
        "version": VERSION,
        "id": job.key,
        "message": job.queue_id,
        "job": job.id,
        "attempt": terms.attempt,
        "received": job.created.astimezone(UTC).isoformat(timespec="seconds"),
        "envelope": {"sender": job.sender, "recipient": order.recipient},
        "mailbox": order.mailbox,
        "results": {
            "rule": order.rule,
            "folder": order.folder,
            "flags": list(order.flags),
            "tags": list(order.tags),
            "spam": bool(order.verdict and order.verdict["spam"]),
            "checks": list(order.checks),
        },
        "score": order.verdict["score"] if order.verdict else None,
        "message_id": headers.text("message-id"),
        "subject": headers.text("subject"),
        "date": headers.text("date"),
        "from": _people(letter, "from"),
        "reply_to": _people(letter, "reply-to"),
        "to": _people(letter, "to"),
        "cc": _people(letter, "cc"),
        "headers": _pairs(letter),
        "text": body.text,
        "html": body.html,
        "reply_text": reply_text(body.text).text,
        "attachments": [
            {
                "name": each.name,
                "type": each.type,
                "size": each.size_octets,
                "content_id": each.content_id,
                "inline": each.inline,
                **({"content": _base64(each.octets)} if _with_files(letter, terms) else {}),
                **({"url": terms.url(number)} if terms.url and letter.whole else {}),
            }
            for number, each in enumerate(body.enclosures, 1)
        ],
        "size": job.size_octets,
        "complete": letter.whole and body.complete,
    }
    return Payload(JSON, _json(told))


def mailgun(letter: Letter, terms: Terms) -> Payload:
    """Write a form as Mailgun's routes do; signed as theirs with the first secret."""
    headers, body = letter.headers, letter.body
    stripped = reply_text(body.text)
    files = _files(letter, terms, "attachment-{}")
    token = chance.token_hex(25)
    fields = [
        ("recipient", letter.order.recipient),
        ("sender", letter.job.sender),
        *((name, headers.text(name)) for name in ("from", "subject")),
        *((name, headers.text(name)) for name in ("To", "Cc", "Date", "Message-Id")),
        ("body-plain", body.text),
        ("stripped-text", stripped.text),
        ("stripped-signature", stripped.signature),
        ("body-html", body.html),
        ("message-headers", _json(_pairs(letter)).decode()),
        ("attachment-count", str(len(files))),
        ("timestamp", str(terms.timestamp)),
        ("token", token),
    ]
    inline = {
        f"<{each.content_id}>": f"attachment-{number}"
        for number, each in enumerate(body.enclosures, 1)
        if each.content_id and files
    }
    if inline:
        fields.append(("content-id-map", _json(inline).decode()))
    if terms.secrets:
        signed = f"{terms.timestamp}{token}".encode("ascii")
        key = terms.secrets[0].octets
        fields.append(("signature", hmac.new(key, signed, hashlib.sha256).hexdigest()))
    return form(fields, files)


def sendgrid(letter: Letter, terms: Terms) -> Payload:
    """Write a form as SendGrid's inbound parse does."""
    headers, body = letter.headers, letter.body
    files = _files(letter, terms, "attachment{}")
    about = {
        file.field: {
            "filename": file.name,
            "name": file.name,
            "type": file.type,
            **({"content-id": each.content_id} if each.content_id else {}),
        }
        for file, each in zip(files, body.enclosures, strict=False)
    }
    envelope = {"to": [letter.order.recipient], "from": letter.job.sender}
    section = letter.octets[: headers.end].decode("utf-8", "replace")
    charsets = dict.fromkeys(("to", "from", "subject", "cc", "html", "text"), "UTF-8")
    fields = [
        ("headers", section),
        *((name, headers.text(name)) for name in ("from", "to", "cc", "subject")),
        ("text", body.text),
        ("html", body.html),
        ("envelope", _json(envelope).decode()),
        ("charsets", _json(charsets).decode()),
        ("attachments", str(len(files))),
    ]
    if files:
        fields.append(("attachment-info", _json(about).decode()))
    return form(fields, files)


def postal(letter: Letter, terms: Terms) -> Payload:
    """Write JSON as Postal's HTTP endpoints do in their format "processed"."""
    headers, body, job = letter.headers, letter.body, letter.job
    told = {
        "id": job.id,
        "rcpt_to": letter.order.recipient,
        "mail_from": job.sender,
        "token": job.key,
        "subject": headers.text("subject"),
        "message_id": headers.text("message-id").strip("<>"),
        "timestamp": job.created.timestamp(),
        "size": str(job.size_octets),
        "bounce": not job.sender,
        "received_with_ssl": False,
        "to": headers.text("to"),
        "cc": headers.text("cc"),
        "from": headers.text("from"),
        "date": headers.text("date"),
        "in_reply_to": headers.text("in-reply-to"),
        "references": headers.text("references"),
        "plain_body": body.text,
        "html_body": body.html,
        "replies_from_plain_body": reply_text(body.text).text,
        "auto_submitted": headers.text("auto-submitted"),
        "attachment_quantity": len(body.enclosures),
        "attachments": [
            {
                "filename": each.name,
                "content_type": each.type,
                "size": each.size_octets,
                "data": _base64(each.octets),
            }
            for each in body.enclosures
            if _with_files(letter, terms)
        ],
    }
    return Payload(JSON, _json(told))


def raw(letter: Letter, _terms: Terms) -> Payload:
    """Take the message as it came."""
    return Payload("message/rfc822", letter.octets)


PAYLOADS: Mapping[str, Callable[[Letter, Terms], Payload]] = {
    "json": ours,
    "mailgun": mailgun,
    "sendgrid": sendgrid,
    "postal": postal,
    "raw": raw,
}


def _with_files(letter: Letter, terms: Terms) -> bool:
    """Tell whether files go along; the beginning of one is nobody's file."""
    return terms.files and letter.whole


def _files(letter: Letter, terms: Terms, field: str) -> list[FormFile]:
    if not _with_files(letter, terms):
        return []
    return [
        FormFile(field.format(number), each.name, each.type, each.octets)
        for number, each in enumerate(letter.body.enclosures, 1)
    ]


def _people(letter: Letter, field: str) -> list[dict[str, str]]:
    return [{"name": each.name, "address": each.address} for each in letter.addresses(field)]


def _pairs(letter: Letter) -> list[list[str]]:
    decode = letter.headers.decode
    return [[name.decode("latin-1"), decode(value)] for name, value in letter.headers.fields()]


def _base64(octets: bytes) -> str:
    return b64encode(octets).decode("ascii")


def _json(told: Any) -> bytes:
    return json.dumps(told, ensure_ascii=False).encode("utf-8", "replace")
