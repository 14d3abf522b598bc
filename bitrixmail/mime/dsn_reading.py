"""Bounces that come in, read: reports of RFC 3464, and what hosts write who never heard of it.

Input is hostile: bounded in parts, fields, recipients and octets, and nothing here raises. A reply
that a person's mailbox gives by itself (an absence, say) is no bounce, nor is a report on reading.
"""

from __future__ import annotations

import re
from dataclasses import replace

from bitrixmail.mime.bounce_texts import (
    STATUS,
    is_auto_reply,
    looks_like_bounce,
    read_text,
    without_copy,
)
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.mime.html_text import html_text
from bitrixmail.mime.multipart import Leaf, Multipart, SplitLimits, split_parts
from bitrixmail.mime.text import Guesses, decode_text
from bitrixmail.mime.transfer import Content
from bitrixmail.model.dsn import Action, Bounce, Returned
from bitrixmail.model.text import printable

MAX_OCTETS = 1024 * 1024
MAX_RECIPIENTS = 500
_LIMITS = SplitLimits(max_parts=50, max_depth=5, max_delimiters=2000, max_head_octets=16 * 1024)
_MAX_STATUS_OCTETS = 256 * 1024
_MAX_BLOCKS = 2 * MAX_RECIPIENTS
_MAX_TEXT_OCTETS = 64 * 1024
_MAX_ORIGINAL_OCTETS = 64 * 1024
_MAX_TOLD = 1000
_MAX_TEXT = 4000
_MAX_ADDRESS = 400
_REPORTS = ("message/delivery-status", "message/global-delivery-status")
_ORIGINALS = (
    "message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers",
    "message/rfc822-headers",
)  # fmt: skip
_TEXTS = ("text/plain", "text/html")
_EMPTY_LINE = re.compile(rb"\n[ \t]*+\r?\n")
_COMMENT = re.compile(r"\(([^()]*)(?:\)|\Z)")
_ID = re.compile(rb"<[^<>\s]{1,500}>")
_RECEIVED = re.compile(rb"\bby\s++([^\s;]{1,255})[^;]{0,1000}?\sid\s++<?([A-Za-z0-9._-]{4,60})\b")
_HEX_LETTER = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")
_BEGINNINGS = {
    "fail": Action.FAILED, "error": Action.FAILED, "undel": Action.FAILED, "delay": Action.DELAYED,
    "deliver": Action.DELIVERED, "relay": Action.RELAYED, "expand": Action.EXPANDED,
}  # fmt: skip


def read_bounce(message: bytes, headers: HeaderSection, hostname: str = "") -> Bounce | None:
    """Read a whole message as a bounce; None if it is none.

    `headers` is its header section. `hostname` is ours: `queue_id` is what the Received field of
    that host names in the message that comes back. Never raises; looks at 1 MiB.
    """
    message = message[:MAX_OCTETS]
    ours = hostname.lower().encode("utf-8", "replace")
    bounce = _read(message, headers, ours, nested=False)
    return bounce if bounce is not None and bounce.recipients else None


def _read(
    message: bytes, headers: HeaderSection, hostname: bytes, *, nested: bool
) -> Bounce | None:
    leaves = _leaves(split_parts(message, headers, _LIMITS)[0])
    report = next((leaf for leaf in leaves if leaf.declared_type in _REPORTS), None)
    text = _text(message, leaves)
    original = _original(message, leaves)
    if report is not None:
        bounce = _standard(_decoded(message, report, _MAX_STATUS_OCTETS), text)
        if bounce.recipients:
            return _named(bounce, original, hostname)
    if not nested and (inner := _forwarded(message, leaves)) is not None:
        return _read(inner, HeaderSection.parse(inner), hostname, nested=True)
    if is_auto_reply(headers, text) or not looks_like_bounce(headers, text):
        return None
    recipients = read_text(headers, text)
    told, copy = without_copy(text)
    bounce = Bounce(recipients, standard=False, text=told[:_MAX_TEXT])
    return _named(bounce, original or copy.encode("utf-8", "replace"), hostname)


def _leaves(node: Leaf | Multipart) -> list[Leaf]:
    """Return the leaves of a tree in their order; its depth is bounded where it was made."""
    if isinstance(node, Leaf):
        return [node]
    return [leaf for part in node.parts for leaf in _leaves(part)]


def _decoded(message: bytes, leaf: Leaf, most: int) -> bytes:
    return Content(message, leaf.start, leaf.end, leaf.headers).first(most)[0]


def _text(message: bytes, leaves: list[Leaf]) -> str:
    """Return what is said to people: the plain parts, or pages where there are none."""
    guesses = Guesses(2)
    for kind in _TEXTS:
        texts, left = [], _MAX_TEXT_OCTETS
        for leaf in leaves:
            if leaf.declared_type == kind and left > 0:
                octets = _decoded(message, leaf, left)
                left -= len(octets)
                declared = leaf.parameters.get("charset", "")
                text = decode_text(octets, declared, guesses, is_html=kind == "text/html")[0]
                texts.append(html_text(text) if kind == "text/html" else text)
        joined = "\n".join(texts)
        if joined.strip():
            return joined
    return ""


def _original(message: bytes, leaves: list[Leaf]) -> bytes:
    """Return the beginning of the message that comes back; empty if it does not."""
    for leaf in leaves:
        if leaf.declared_type in _ORIGINALS:
            return _decoded(message, leaf, _MAX_ORIGINAL_OCTETS)
    return b""


def _forwarded(message: bytes, leaves: list[Leaf]) -> bytes | None:
    """Return a report that somebody forwards as an attached message."""
    for leaf in leaves:
        if leaf.declared_type in ("message/rfc822", "message/global"):
            inner = _decoded(message, leaf, MAX_OCTETS)
            declared = HeaderSection.parse(inner).first("content-type") or b""
            if declared.lower().startswith(b"multipart/report"):
                return inner
    return None


def _standard(octets: bytes, text: str) -> Bounce:
    """Read the part for programs (RFC 3464 §2): a block on the message, one per recipient.

    Some hosts put empty lines where there should be none, or none where there should be one.
    """
    whole: dict[str, str] = {}
    recipients: list[Returned] = []
    for block in _EMPTY_LINE.split(octets, _MAX_BLOCKS)[:_MAX_BLOCKS]:
        fields = HeaderSection.parse(block.lstrip(b"\r\n") + b"\n")
        if any(fields.count(name) for name in ("final-recipient", "original-recipient")):
            recipient = _recipient(fields)
            if recipient is not None and len(recipients) < MAX_RECIPIENTS:
                recipients.append(recipient)
        for name in ("reporting-mta", "original-envelope-id"):
            whole.setdefault(name, fields.text(name))
    told = without_copy(text)[0]
    return Bounce(
        tuple(recipients),
        standard=True,
        reporting_host=_behind_type(whole.get("reporting-mta", "")),
        envelope_id=printable(whole.get("original-envelope-id", ""), 200),
        text=told[:_MAX_TEXT],
    )


def _recipient(fields: HeaderSection) -> Returned | None:
    """Read one recipient (RFC 3464 §2.3); None if no address can be made out."""
    final = _address(fields.text("final-recipient"))
    original = _address(fields.text("original-recipient"))
    if "@" not in final:  # of X.400, or a name of the host's own
        final = original or final
    if not final:
        return None
    said, done = fields.text("status"), fields.text("action")
    status = STATUS.search(said)
    code = status[1] if status else ""
    diagnostic = _behind_type(fields.text("diagnostic-code"))
    if not diagnostic:
        # Some say it in a comment, or where the code should stand
        comments = _COMMENT.findall(f"{said} {done}"[:_MAX_TOLD])
        diagnostic = " ".join(comments) if code else said
    return Returned(
        final,
        _action(done, code),
        code,
        printable(diagnostic, _MAX_TOLD),
        original,
        _behind_type(fields.text("remote-mta")),
    )


def _action(text: str, status: str) -> Action:
    word = text.strip().lower()
    for beginning, action in _BEGINNINGS.items():
        if word.startswith(beginning):
            return action
    return {"2": Action.DELIVERED, "4": Action.DELAYED}.get(status[:1], Action.FAILED)


def _behind_type(value: str) -> str:
    """Return what stands behind the type of a field (`dns;`, `smtp;`), cut."""
    kind, semicolon, rest = value.partition(";")
    if not semicolon or " " in kind.strip():
        rest = value
    return printable(rest.strip(), _MAX_TOLD)


def _address(value: str) -> str:
    """Return an address without its type, brackets and comments (RFC 3464 §2.3.1, RFC 6533 §3)."""
    kind, semicolon, rest = value[: 2 * _MAX_ADDRESS].partition(";")
    written = (rest if semicolon else kind).strip()
    if "<" in written and ">" in written:
        inside = written[written.index("<") + 1 : written.rindex(">")]
        written = inside if "@" in inside or "@" not in written else written
    if kind.strip().lower() == "utf-8":
        written = _HEX_LETTER.sub(_letter, written)
    words = written.removeprefix("SMTP:").split()
    return printable(words[0].strip("\"'"), _MAX_ADDRESS) if words else ""


def _letter(found: re.Match[str]) -> str:
    number = int(found[1], 16)
    return chr(number) if number < 0x110000 else found[0]


def _named(bounce: Bounce, original: bytes, hostname: bytes) -> Bounce:
    """Add what names the message that is reported on, as far as it comes back."""
    section = HeaderSection.parse(original[:_MAX_ORIGINAL_OCTETS])
    found = _ID.search(section.first("message-id") or b"")
    return replace(
        bounce,
        message_id=printable(found[0].decode("utf-8", "replace"), 500) if found else "",
        queue_id=_queue_id(section, hostname),
    )


def _queue_id(section: HeaderSection, hostname: bytes) -> str:
    for value in section.all("received"):
        found = _RECEIVED.search(value[:4000])
        if found is not None and hostname and found[1].lower() == hostname:
            return found[2].decode("ascii")
    return ""
