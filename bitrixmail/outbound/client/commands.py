"""MAIL and RCPT as a host that offers so much may be told them (RFC 5321 §4.1.1.2, §4.1.1.3).

Pure. Whatever a parcel holds, a command is one line: what could end it or add a parameter is
encoded where the RFC has a form for that, and is an answer of our own otherwise.
"""

from __future__ import annotations

import re

from bitrixmail.model.parcel import Answer, Parcel, RemoteRecipient, Stage
from bitrixmail.model.text import HARMFUL
from bitrixmail.outbound.client.extensions import Extensions

MAX_PATH_OCTETS = 500
# A dot-string, more liberal in its dots than the RFC, or a quoted one; a domain or a literal
_PATH = re.compile(
    rf"(?:[^\x00-\x20\xa0()<>\[\]:;@\\,\"\s{HARMFUL}]+|\"(?:[^\x00-\x1f\"\\{HARMFUL}]|\\[ -~])*\")"
    rf"(?:@(?:(?:[0-9A-Za-z._\-]|[^\x00-\xa0\s{HARMFUL}])+|\[[0-9A-Za-z:.\-]+\]))?"
)
_NOT_XTEXT = re.compile(rb"[^!-~]|[+=]")
_NOT_UNITEXT = re.compile(rf"[\x00-\x20+=\\\xa0{HARMFUL}]|\s")
_WORD = re.compile(r"[0-9A-Za-z-]+")

BAD_SENDER = Answer(553, "5.1.7", "The sender is no address that can be sent", Stage.OURS)
BAD_RECIPIENT = Answer(553, "5.1.3", "The recipient is no address that can be sent", Stage.OURS)
NEEDS_SMTPUTF8 = Answer(
    553, "5.6.7", "The host does not offer SMTPUTF8, which the message needs", Stage.OURS
)
NEEDS_8BITMIME = Answer(
    554, "5.6.3", "The host does not offer 8BITMIME, which the message needs", Stage.OURS
)


def too_large(size_octets: int, most_octets: int) -> Answer:
    """Return the answer of our own on a message that the host has no room for."""
    text = f"The message has {size_octets} octets, the host takes {most_octets}"
    return Answer(552, "5.3.4", text, Stage.OURS)


def obstacle(
    parcel: Parcel, offered: Extensions, size_octets: int, *, eight_bit: bool
) -> Answer | None:
    """Return why a host cannot be asked to take a message at all; None if it can."""
    if parcel.sender and not _sendable(parcel.sender):
        return BAD_SENDER
    if not offered.smtputf8 and (parcel.smtputf8 or not parcel.sender.isascii()):
        return NEEDS_SMTPUTF8
    if eight_bit and not offered.eight_bit:
        return NEEDS_8BITMIME
    if offered.size_octets and size_octets > offered.size_octets:
        return too_large(size_octets, offered.size_octets)
    return None


def obstacle_of(recipient: RemoteRecipient, offered: Extensions) -> Answer | None:
    """Return why this recipient cannot be asked for; None if he can."""
    if not _sendable(recipient.address):
        return BAD_RECIPIENT
    if not (recipient.address.isascii() or offered.smtputf8):
        return NEEDS_SMTPUTF8
    return None


def needs_smtputf8(parcel: Parcel) -> bool:
    """Tell whether MAIL must have SMTPUTF8: by its content or by one of its addresses."""
    if parcel.smtputf8 or not parcel.sender.isascii():
        return True
    return not all(recipient.address.isascii() for recipient in parcel.recipients)


def mail(
    parcel: Parcel, offered: Extensions, size_octets: int, *, eight_bit: bool, utf8: bool
) -> bytes:
    """Write MAIL for a parcel without an obstacle; `utf8`: with SMTPUTF8, see `needs_smtputf8`."""
    command = f"MAIL FROM:<{parcel.sender}>"
    if offered.size_octets is not None:
        command += f" SIZE={size_octets}"
    if eight_bit:
        command += " BODY=8BITMIME"
    if utf8:
        command += " SMTPUTF8"
    if offered.dsn:
        if parcel.ret in {"FULL", "HDRS"}:
            command += f" RET={parcel.ret}"
        if parcel.envid:
            command += f" ENVID={_xtext(parcel.envid)}"
    if offered.mt_priority and parcel.mt_priority is not None:  # RFC 6710: it goes on
        command += f" MT-PRIORITY={parcel.mt_priority:d}"
    return command.encode() + b"\r\n"


def rcpt(recipient: RemoteRecipient, offered: Extensions, *, utf8: bool) -> bytes:
    """Write RCPT for a recipient without an obstacle; `utf8`: MAIL had SMTPUTF8."""
    command = f"RCPT TO:<{recipient.address}>"
    if offered.dsn:
        if recipient.notify:
            wanted = [word for word in _NOTIFY if word in recipient.notify]
            command += " NOTIFY=" + ",".join(wanted[:1] if "NEVER" in wanted else wanted)
        if recipient.orcpt:
            command += _orcpt(recipient.orcpt, utf8=utf8)
    return command.encode() + b"\r\n"


_NOTIFY = ("NEVER", "SUCCESS", "FAILURE", "DELAY")


def _sendable(path: str) -> bool:
    """Tell whether an address goes into `<…>` as it is."""
    if len(path) > MAX_PATH_OCTETS or not _PATH.fullmatch(path):
        return False
    return path.isascii() or len(path.encode()) <= MAX_PATH_OCTETS


def _orcpt(orcpt: str, *, utf8: bool) -> str:
    """Encode ORCPT (RFC 3461 §4.2, RFC 6533 §3); what has no type of its own is left out."""
    kind, _, address = orcpt.partition(";")
    if not (address and _WORD.fullmatch(kind)):
        return ""
    if kind.lower() == "utf-8":
        harmful = _NOT_UNITEXT if utf8 else _NOT_XTEXT_LETTER
        encoded = harmful.sub(lambda found: f"\\x{{{ord(found[0]):02X}}}", address)
    else:
        encoded = _xtext(address)
    return f" ORCPT={kind};{encoded}"


_NOT_XTEXT_LETTER = re.compile(r"[^!-~]|[+=\\]")


def _xtext(text: str) -> str:
    """Encode as xtext (RFC 3461 §4): nothing but printable ASCII is left."""
    octets = text.encode("utf-8", "replace")
    return _NOT_XTEXT.sub(lambda found: b"+%02X" % found[0][0], octets).decode("ascii")
