"""The arguments of MAIL and RCPT: a path, then parameters (RFC 5321 §4.1.2, RFC 6531 §3.3).

Pure. Raises PermanentError with the reply to give.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

from bitrixmail.mime.domains import to_ascii
from bitrixmail.model.address import Address
from bitrixmail.model.errors import PermanentError
from bitrixmail.model.reply import Reply
from bitrixmail.model.text import printable
from bitrixmail.smtp.replies import (
    BAD_RECIPIENT,
    BAD_SENDER,
    MAIL_SYNTAX,
    NOT_UTF8,
    RCPT_SYNTAX,
)

MAX_LOCAL_PART_OCTETS = 64
MAX_PATH_OCTETS = 256

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\u0080-\U0010ffff]+"
_DOMAIN = r"(?:\[[^\]\s]+\]|[^\s\[\]<>()\",;:@\\]+)"


def _path_of(dots: str) -> re.Pattern[str]:
    return re.compile(
        rf"""<(?:@{_DOMAIN}(?:,@{_DOMAIN})*:)?             # a source route, read past
              (?:(?P<dots>{dots})
                |"(?P<quoted>(?:[ !\#-\[\]-~\u0080-\U0010ffff]|\\[ -~])*)")
              (?:@(?P<domain>{_DOMAIN}))?>""",
        re.VERBOSE,
    )


_FORWARD_PATH = _path_of(rf"{_ATOM}(?:\.{_ATOM})*")
# Telephone companies have given out addresses with dots that are doubled or stand at the end
_REVERSE_PATH = _path_of(rf"{_ATOM}(?:\.+{_ATOM})*\.*")
_QUOTED_PAIR = re.compile(r"\\(.)")
_LITERAL_TAG = re.compile(r"([A-Za-z0-9-]*[A-Za-z0-9]):([!-Z^-~]+)")

# Nearly every path there is, and nothing behind it
_ORDINARY = (
    rb":<([A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*)"
    rb"@((?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+"
    rb"[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)>"
)
_ORDINARY_FROM = re.compile(rb"(?i:FROM)" + _ORDINARY)
_ORDINARY_TO = re.compile(rb"(?i:TO)" + _ORDINARY)
# Room for MAX_PATH_OCTETS is left to the full grammar; shorter than this, no bound is passed
_ORDINARY_OCTETS = 64


class Path(NamedTuple):
    """What an argument said: an address (None: `<>`) and the unparsed parameters behind it.

    `utf8`: it was written in more than ASCII, which only SMTPUTF8 allows (RFC 6531 §3.3).
    """

    address: Address | None
    parameters: str = ""
    utf8: bool = False


def reverse_path(argument: bytes) -> Path:
    """Read the argument of MAIL.

    A sender's local-part may be longer than §4.5.3.1.1 promises: forwarders that rewrite it (SRS,
    VERP) do that daily, and nothing here is bounded by it but the path as a whole. Its dots may be
    doubled or stand at its end: nothing here is sought by it, and no mail is lost for that.
    """
    if len(argument) <= _ORDINARY_OCTETS:
        match = _ORDINARY_FROM.fullmatch(argument)
        if match is not None:
            return Path(_ordinary(match))
    text = _behind_keyword(argument, "FROM:", MAIL_SYNTAX)
    if text.startswith("<>"):
        return Path(None, _parameters(text[2:], MAIL_SYNTAX))
    path = _path(_REVERSE_PATH, text, MAX_PATH_OCTETS, BAD_SENDER, MAIL_SYNTAX)
    if path.address is not None and not path.address.domain:
        raise PermanentError(BAD_SENDER)
    return path


def forward_path(argument: bytes) -> Path:
    """Read the argument of RCPT; its address is never None, its domain empty for `<postmaster>`."""
    if len(argument) <= _ORDINARY_OCTETS:
        match = _ORDINARY_TO.fullmatch(argument)
        if match is not None:
            return Path(_ordinary(match))
    text = _behind_keyword(argument, "TO:", RCPT_SYNTAX)
    path = _path(_FORWARD_PATH, text, MAX_LOCAL_PART_OCTETS, BAD_RECIPIENT, RCPT_SYNTAX)
    address = path.address
    if address is None or (not address.domain and address.local_part.lower() != "postmaster"):
        raise PermanentError(BAD_RECIPIENT)
    return path


def _ordinary(match: re.Match[bytes]) -> Address:
    local_part, domain = match.groups()
    return Address(local_part.decode("ascii"), domain.decode("ascii").lower())


def _behind_keyword(argument: bytes, keyword: str, syntax: Reply) -> str:
    """Return what stands behind `FROM:` or `TO:`.

    A space there is forgiven, and brackets that are missing: programs send both, and what is meant
    is clear. Written in brackets it must be a path all the same.
    """
    try:
        text = argument.decode("utf-8")
    except UnicodeDecodeError:
        raise PermanentError(NOT_UTF8) from None
    if text[: len(keyword)].upper() != keyword:
        raise PermanentError(syntax)
    text = text[len(keyword) :].lstrip(" ")
    if text.startswith("<"):
        return text
    bare, space, parameters = text.partition(" ")
    if not bare or "<" in bare or ">" in bare:
        raise PermanentError(syntax)
    return f"<{bare}>{space}{parameters}"


def _path(
    pattern: re.Pattern[str], text: str, max_local_octets: int, bad: Reply, syntax: Reply
) -> Path:
    match = pattern.match(text)
    if match is None:
        raise PermanentError(bad)
    if len(match.group().encode()) > MAX_PATH_OCTETS:
        raise PermanentError(bad)
    local_part, quoted, domain = match.group("dots", "quoted", "domain")
    if local_part is None:
        local_part = _QUOTED_PAIR.sub(r"\1", quoted)
    octets = len(local_part.encode())
    if octets > max_local_octets or printable(local_part, MAX_PATH_OCTETS) != local_part:
        raise PermanentError(bad)
    try:
        address = Address(local_part, _domain(domain) if domain else "")
    except ValueError:
        raise PermanentError(bad) from None
    utf8 = not match.group().isascii()
    return Path(address, _parameters(text[match.end() :], syntax), utf8)


def _parameters(rest: str, syntax: Reply) -> str:
    if rest and not rest.startswith(" "):
        raise PermanentError(syntax)
    return rest.strip(" ")


def _domain(text: str) -> str:
    """Return a domain as A-labels, or an address literal in canonical form; raises ValueError."""
    if not text.startswith("["):
        return to_ascii(text)
    inside = text[1:-1]
    tagged = _LITERAL_TAG.fullmatch(inside)
    if tagged is None:
        return f"[{IPv4Address(inside)}]"
    tag, content = tagged.groups()
    if tag.lower() == "ipv6":
        return f"[IPv6:{IPv6Address(content.partition('%')[0])}]"
    return f"[{tag}:{content}]"
