"""Mail that no person has written to us: replies of programs, bounces, lists.

Whoever opens a ticket for it may go in circles (RFC 3834 §2). Narrower than `mime.automatic`, which
keeps programs from answering: what a site's own form sends from noreply@ gets no answer, and is a
ticket all the same. Pure.
"""

from __future__ import annotations

import re

from bitrixmail.mime.headers import HeaderSection
from bitrixmail.model.address import Address
from bitrixmail.model.text import printable

_BULK = frozenset({"bulk", "junk", "list", "auto_reply"})
_REPORTS = ("multipart/report", "message/disposition-notification")
_OF_LISTS = ("list-id", "list-post", "list-unsubscribe", "mailing-list")
# What programs wrote before RFC 3834, and many still do
_OF_PROGRAMS = (
    "x-autoreply",
    "x-autorespond",
    "x-autoresponder",
    "x-auto-reply",
    "x-autoreply-from",
    "x-mail-autoreply",
    "x-failed-recipients",
)
_NO_PERSON = re.compile(
    r"mailer-daemon|mail-daemon|majordomo|listserv|mdaemon|bounces?|owner-.*|.*-(?:request|bounces?)"
)
_SUBJECTS = (
    "automatic reply:",
    "auto reply:",
    "auto-reply:",
    "autoreply:",
    "out of office:",
    "автоответ:",
    "автоматический ответ:",
)


def program_behind(headers: HeaderSection, sender: str, author: str = "") -> str:
    """Return by what it is known that no person wrote a message to us; empty if nothing says so.

    `sender` is the reverse-path, empty for the null sender; `author` an address of From.
    """
    if not sender:
        return "the null sender"
    return _said(headers) or _told_by_sender(sender, author) or _told_by_subject(headers)


def _said(headers: HeaderSection) -> str:
    """Return the field by which a program says what it is."""
    said = headers.text("auto-submitted").partition(";")[0].strip().lower()
    if said not in {"", "no"}:
        return f"Auto-Submitted: {printable(said, 40)}"
    kind = headers.text("content-type").partition(";")[0].strip().lower()
    if kind in _REPORTS:
        return f"Content-Type: {kind}"
    precedence = headers.text("precedence").strip().lower()
    if precedence in _BULK:
        return f"Precedence: {precedence}"
    names = (*_OF_LISTS, *_OF_PROGRAMS)
    return next((name.title() for name in names if headers.count(name)), "")


def _told_by_sender(*addresses: str) -> str:
    for address in addresses:
        if _NO_PERSON.fullmatch(Address.of(address).base.local_part.lower()):
            return f"from {printable(address, 80)}"
    return ""


def _told_by_subject(headers: HeaderSection) -> str:
    subject = headers.text("subject").strip()
    if subject.lower().startswith(_SUBJECTS):
        return f"Subject: {printable(subject, 40)}"
    return ""
