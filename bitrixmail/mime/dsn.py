"""Notices to senders on what became of their messages (RFC 3464, RFC 6522, RFC 6533).

Pure: from plain values to the octets of a message, CRLF at line ends. That it has the null sender
is the envelope's business, and whether it is wanted at all is asked of `wanted` before.
"""

from __future__ import annotations

import binascii
import hashlib
import re
import textwrap
from typing import NamedTuple

from bitrixmail.mime import dsn_texts as texts
from bitrixmail.mime.dsn_fields import (
    address,
    date,
    encoded_words,
    field,
    host,
    one_line,
    original_address,
    status,
)
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.mime.line_ends import with_crlf
from bitrixmail.model.dsn import Action, Notice, Reported

MAX_RETURNED_OCTETS = 64 * 1024
_MAX_REPLY = 1000
_SHOWN_RECIPIENTS = 20
_REPLY = re.compile(r"[2-5][0-9]{2}(?:[ -]|\Z)")
_MESSAGE_ID = re.compile(rb"<[!-;=?-~]{1,300}>")
_MAX_LINE = 998  # RFC 5322 §2.1.1
_CLASSES = {Action.FAILED: "5", Action.DELAYED: "4"}
# Without NOTIFY a failure is told, and a delay may be (RFC 3461 §4.1).
_UNASKED = frozenset(("FAILURE", "DELAY"))
_ASKED_BY = {Action.FAILED: "FAILURE", Action.DELAYED: "DELAY"}


class Composed(NamedTuple):
    """A notice and what its envelope must say of it: the parameters BODY and SMTPUTF8."""

    octets: bytes
    body: str
    smtputf8: bool


def wanted(action: Action, notify: frozenset[str] | None, sender: str) -> bool:
    """Tell whether a sender is told of what became of a message for one recipient.

    `notify` holds the words of NOTIFY (RFC 3461 §4.1), None if there was none. A null sender, the
    empty string, is never told: there is no notice about a notice (RFC 5321 §4.5.5).
    """
    asked = _UNASKED if notify is None else notify
    # NEVER stands alone, so nothing is asked for by it
    return bool(sender) and _ASKED_BY.get(action, "SUCCESS") in asked


def compose(notice: Notice) -> Composed:
    """Write a notice; raises ValueError if it has no recipient or goes to nobody.

    The whole message comes with it if that is asked for or not said, is small, a failure is told,
    and every host on the way takes it: in a part of this kind nothing may be encoded (RFC 2046
    §5.2.1). Else its header section does. It ends in a line end.
    """
    if not notice.recipients or not notice.sender:
        raise ValueError("a notice has recipients to tell of and goes to somebody")
    headers = HeaderSection.parse(notice.original)
    utf8 = notice.smtputf8 or not notice.sender.isascii()
    parts = [_told(notice, headers), _report(notice, utf8=utf8), _returned(notice, headers, utf8)]
    body = b"".join(parts)
    boundary = b"dsn-" + hashlib.sha256(body).hexdigest()[:32].encode()
    octets = _head(notice, headers, boundary, eight_bit=not body.isascii()) + b"".join(
        b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts
    )
    octets += b"--" + boundary + b"--\r\n"
    return Composed(octets, "7BIT" if octets.isascii() else "8BITMIME", not notice.sender.isascii())


def _head(notice: Notice, headers: HeaderSection, boundary: bytes, *, eight_bit: bool) -> bytes:
    """Write the header section; RFC 3834 on the fields that say a program wrote it."""
    subject = texts.SUBJECT.get(_gravest(notice), texts.SUBJECT[Action.DELIVERED])
    russian = " ".join(encoded_words(subject.russian))
    named = host(notice.hostname)
    return b"".join(
        (
            field("From", f"Mail server {named} <{one_line(notice.author, 300)}>"),
            field("To", f"<{one_line(notice.sender, 500)}>", utf8=True),
            field("Subject", f"{subject.english} / {russian}"),
            field("Date", date(notice.at)),
            field("Message-ID", one_line(notice.message_id, 300)),
            *_threading(headers),
            b"Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n",
            b"Content-Type: multipart/report; report-type=delivery-status;\r\n",
            b' boundary="' + boundary + b'"\r\n',
            b"Content-Transfer-Encoding: 8bit\r\n" if eight_bit else b"",
            b"\r\n",
        )
    )


def _threading(headers: HeaderSection) -> tuple[bytes, ...]:
    found = _MESSAGE_ID.fullmatch(headers.first("message-id") or b"")
    if found is None:
        return ()
    return (b"In-Reply-To:\r\n " + found[0] + b"\r\nReferences:\r\n " + found[0] + b"\r\n",)


def _gravest(notice: Notice) -> Action:
    actions = {reported.action for reported in notice.recipients}
    order = (Action.FAILED, Action.DELAYED)
    return next((action for action in order if action in actions), Action.DELIVERED)


def _told(notice: Notice, headers: HeaderSection) -> bytes:
    """Write the part for people, all in English and then all in Russian."""
    subject = one_line(headers.text("subject"), 200)
    spoken = [_in_language(notice, subject, language) for language in (0, 1)]
    rule = "-" * 60
    text = f"{spoken[0]}\r\n{rule}\r\n\r\n{spoken[1]}"
    return (
        b"Content-Type: text/plain; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    ) + binascii.b2a_qp(text.encode("utf-8", "replace"), istext=True)


def _in_language(notice: Notice, subject: str, language: int) -> str:
    """Write the part for people in one language: 0 is English, 1 Russian."""
    lines = [texts.ABOUT[language].format(subject=subject), ""] if subject else []
    for action in dict.fromkeys(reported.action for reported in notice.recipients):
        concerned = [each for each in notice.recipients if each.action is action]
        lines += [texts.HAPPENED[action][language], ""]
        for reported in concerned[:_SHOWN_RECIPIENTS]:
            lines += _about(reported, language)
        if len(concerned) > _SHOWN_RECIPIENTS:
            more = len(concerned) - _SHOWN_RECIPIENTS
            lines += [texts.MORE[language].format(count=more), ""]
    named = texts.NAMED[language]
    lines.append(named.format(queue_id=one_line(notice.queue_id, 60), hostname=notice.hostname))
    return "\r\n".join([*lines, ""])


def _about(reported: Reported, language: int) -> list[str]:
    lines = [f"  {one_line(reported.recipient, 320)}", ""]
    if reported.action not in _CLASSES:
        return lines
    reply = one_line(reported.reply, _MAX_REPLY)
    if reply and reported.host:
        lines.append(texts.TOLD[language].format(host=host(reported.host)))
    elif reply:
        lines.append(texts.TOLD_BY_NOBODY[language])
    elif reported.explanation:
        lines.append(texts.KNOWN[language])
        reply = one_line(reported.explanation, _MAX_REPLY)
    if reply:
        lines += [f"    {line}" for line in textwrap.wrap(reply, 70)] + [""]
    return [*lines, *textwrap.wrap(_advice(reported, language), 72), ""]


def _advice(reported: Reported, language: int) -> str:
    if reported.action is Action.FAILED:
        return texts.ADVICE.get(reported.reason, texts.OTHERWISE)[language]
    if reported.retry_until is None:
        return texts.GOING_ON[language]
    return texts.TRYING[language].format(until=date(reported.retry_until))


def _report(notice: Notice, *, utf8: bool) -> bytes:
    """Write the part for programs (RFC 3464 §2, RFC 6533 §4)."""
    kind = b"message/global-delivery-status" if utf8 else b"message/delivery-status"
    fields = [
        field("Reporting-MTA", f"dns; {host(notice.hostname)}"),
        field("Arrival-Date", date(notice.arrival)),
    ]
    if notice.envelope_id:
        # It is printable ASCII, decoded from its xtext (RFC 3461 §4.4)
        envelope_id = one_line(notice.envelope_id, 100)
        fields.insert(0, field("Original-Envelope-Id", envelope_id, utf8=utf8))
    blocks = [b"".join(fields), *(_recipient(each, utf8) for each in notice.recipients)]
    octets = b"\r\n".join(blocks)
    encoding = b"" if octets.isascii() else b"Content-Transfer-Encoding: 8bit\r\n"
    return b"Content-Type: " + kind + b"\r\n" + encoding + b"\r\n" + octets


def _recipient(reported: Reported, utf8: bool) -> bytes:
    """Write the fields of one recipient (RFC 3464 §2.3)."""
    fields = []
    original = original_address(reported.original, utf8=utf8)
    if original:
        fields.append(field("Original-Recipient", original, utf8=utf8))
    code = status(reported.status, _CLASSES.get(reported.action, "2"))
    fields += [
        field("Final-Recipient", address(reported.recipient, utf8=utf8), utf8=utf8),
        field("Action", reported.action),
        field("Status", code),
    ]
    if reported.host:
        fields.append(field("Remote-MTA", f"dns; {host(reported.host)}"))
    if _REPLY.match(reported.reply):
        said = one_line(reported.reply, _MAX_REPLY)
        fields.append(field("Diagnostic-Code", f"smtp; {said}", utf8=utf8))
    if reported.last_attempt is not None:
        fields.append(field("Last-Attempt-Date", date(reported.last_attempt)))
    if reported.action is Action.DELAYED and reported.retry_until is not None:
        fields.append(field("Will-Retry-Until", date(reported.retry_until)))
    return b"".join(fields)


def _returned(notice: Notice, headers: HeaderSection, utf8: bool) -> bytes:
    """Write the part that gives the message back, whole or its header section (RFC 3461 §4.3)."""
    failed = any(reported.action is Action.FAILED for reported in notice.recipients)
    whole = len(notice.original) == notice.size_octets <= MAX_RETURNED_OCTETS
    whole = whole and (utf8 or notice.eight_bit or notice.original.isascii())
    if failed and notice.ret != "HDRS" and whole and _can_stand_in_a_part(notice.original):
        kind = b"message/global" if utf8 else b"message/rfc822"
        encoding = b"" if notice.original.isascii() else b"Content-Transfer-Encoding: 8bit\r\n"
        return b"Content-Type: " + kind + b"\r\n" + encoding + b"\r\n" + notice.original
    kind = b"message/global-headers" if utf8 else b"text/rfc822-headers"
    section = b"".join(with_crlf([_section(notice.original, headers)]))
    encoding = b""
    if not (section.isascii() and _can_stand_in_a_part(section)):
        encoding = b"Content-Transfer-Encoding: quoted-printable\r\n"
        section = binascii.b2a_qp(section, istext=True)
    return b"Content-Type: " + kind + b"\r\n" + encoding + b"\r\n" + section


def _section(original: bytes, headers: HeaderSection) -> bytes:
    """Return the header section without the empty line behind it, cut at a line's end."""
    if headers.end <= MAX_RETURNED_OCTETS:
        return original[: headers.end].rstrip(b"\r\n") + b"\r\n"
    cut = original[:MAX_RETURNED_OCTETS]
    return cut[: cut.rfind(b"\n") + 1]


def _can_stand_in_a_part(octets: bytes) -> bool:
    """Tell whether octets are lines as 7bit and 8bit have them (RFC 2045 §2.7, §2.8)."""
    lines = octets.split(b"\r\n")
    return b"\0" not in octets and all(
        len(line) <= _MAX_LINE and b"\r" not in line and b"\n" not in line for line in lines
    )
