"""The ESMTP parameters of MAIL and RCPT (RFC 5321 §4.1.1.11), one reader for each keyword.

Pure. Raises PermanentError: 555 for a keyword nobody announced, 501 for one that is malformed
or given twice, 552 for a size beyond the limit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from bitrixmail.model.envelope import RecipientParameters, SenderParameters
from bitrixmail.model.errors import PermanentError
from bitrixmail.model.text import printable
from bitrixmail.smtp.replies import BAD_PARAMETER, TOO_LARGE, UNKNOWN_PARAMETER

_PARAMETER = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([!-<>-~\u0080-\U0010ffff]+))?")
_SIZE = re.compile(r"[0-9]{1,20}")
_SECONDS = re.compile(r"[1-9][0-9]{0,8}")
_PRIORITY = re.compile(r"0|-?[1-9]")
_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_XTEXT = re.compile(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})*")
_HEX_OCTET = re.compile(r"\+([0-9A-F]{2})")
_ADDRESS_TYPE = re.compile(r"[A-Za-z0-9-]+")
_UTF8_ADDRESS = re.compile(r"(?:[!-*,-<>-\[\]-~\u0080-\U0010ffff]|\\x\{[0-9A-F]{2,6}\})+")
_HEX_LETTER = re.compile(r"\\x\{([0-9A-F]{2,6})\}")
_MAX_ENVID, _MAX_ORCPT = 100, 500  # characters (RFC 3461 §4.2, §4.4)


class _MalformedError(ValueError):
    """A value that its keyword does not allow."""


def sender_parameters(text: str, max_size_octets: int) -> SenderParameters:
    """Read what stands behind the reverse-path; a `max_size_octets` of 0 is no limit."""
    return _bounded(SenderParameters(**_read(text, _SENDER)), max_size_octets)


def submission_parameters(text: str, max_size_octets: int, *, held: bool) -> SenderParameters:
    """Read the same of who has logged in; `held`: messages may be for a time (RFC 4865 §4)."""
    found = SenderParameters(**_read(text, _HELD_SENDER if held else _SUBMITTER))
    if found.hold_for_s is not None and found.hold_until is not None:
        raise PermanentError(BAD_PARAMETER)
    return _bounded(found, max_size_octets)


def _bounded(found: SenderParameters, max_size_octets: int) -> SenderParameters:
    if 0 < max_size_octets < (found.size_octets or 0):
        raise PermanentError(TOO_LARGE)
    return found


def recipient_parameters(text: str) -> RecipientParameters:
    """Read what stands behind a forward-path."""
    return RecipientParameters(**_read(text, _RECIPIENT))


def xtext(value: str) -> str:
    """Decode xtext to printable ASCII (RFC 3461 §4); raises ValueError."""
    if not _XTEXT.fullmatch(value):
        raise _MalformedError(value)
    decoded = _HEX_OCTET.sub(lambda match: chr(int(match[1], 16)), value)
    if not (decoded.isascii() and decoded.isprintable()):
        raise _MalformedError(value)
    return decoded


_Reader = tuple[str, Callable[[str | None], object]]


def _read(text: str, readers: Mapping[str, _Reader]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for word in filter(None, text.split(" ")):
        match = _PARAMETER.fullmatch(word)
        if match is None:
            raise PermanentError(BAD_PARAMETER)
        keyword, value = match.groups()
        if keyword.upper() not in readers:
            raise PermanentError(UNKNOWN_PARAMETER)
        name, read = readers[keyword.upper()]
        if name in values:
            raise PermanentError(BAD_PARAMETER)
        try:
            values[name] = read(value)
        except _MalformedError:
            raise PermanentError(BAD_PARAMETER) from None
    return values


def _given(value: str | None) -> str:
    if value is None:
        raise _MalformedError("a value is missing")
    return value


def _one_of(*allowed: str) -> Callable[[str | None], str]:
    def read(value: str | None) -> str:
        word = _given(value).upper()
        if word not in allowed:
            raise _MalformedError(word)
        return word

    return read


def _size(value: str | None) -> int:
    digits = _given(value)
    if not _SIZE.fullmatch(digits):
        raise _MalformedError(digits)
    return int(digits)


def _seconds(value: str | None) -> int:
    digits = _given(value)
    if not _SECONDS.fullmatch(digits):
        raise _MalformedError(digits)
    return int(digits)


def _moment(value: str | None) -> datetime:
    """Read a time of RFC 3339 (§5.6; an erratum of RFC 4865 says that it is meant)."""
    match = _MOMENT.fullmatch(_given(value))
    if match is None:
        raise _MalformedError(value)
    try:
        return datetime.fromisoformat(match[1] + match[2].replace("Z", "+00:00")).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _MalformedError(value) from None


def _mt_priority(value: str | None) -> int:
    """Read a priority (RFC 6710)."""
    digits = _given(value)
    if not _PRIORITY.fullmatch(digits):
        raise _MalformedError(digits)
    return int(digits)


def _flag(value: str | None) -> bool:
    if value is not None:
        raise _MalformedError(value)
    return True


def _envid(value: str | None) -> str:
    encoded = _given(value)
    if len(encoded) > _MAX_ENVID:
        raise _MalformedError(encoded)
    return xtext(encoded)


def _auth(value: str | None) -> str:
    """Check the form; of a client that did not authenticate it counts as `<>` (RFC 4954 §5)."""
    claimed = _given(value)
    if claimed != "<>":
        xtext(claimed)
    return "<>"


def _notify(value: str | None) -> frozenset[str]:
    words = _given(value).upper().split(",")
    if words == ["NEVER"]:
        return frozenset(words)
    if len(set(words)) != len(words) or not {"SUCCESS", "FAILURE", "DELAY"}.issuperset(words):
        raise _MalformedError(str(words))
    return frozenset(words)


def _orcpt(value: str | None) -> str:
    given = _given(value)
    kind, semicolon, encoded = given.partition(";")
    if not (semicolon and encoded and _ADDRESS_TYPE.fullmatch(kind)) or len(given) > _MAX_ORCPT:
        raise _MalformedError(given)
    kind = kind.lower()
    return f"{kind};{_utf8_address(encoded) if kind == 'utf-8' else xtext(encoded)}"


def _utf8_address(encoded: str) -> str:
    r"""Decode an internationalized address with its `\x{…}` (RFC 6533 §3)."""
    if not _UTF8_ADDRESS.fullmatch(encoded):
        # xtext is what a relay makes of it that knows RFC 3461 only
        return xtext(encoded)
    try:
        decoded = _HEX_LETTER.sub(lambda match: chr(int(match[1], 16)), encoded)
    except (ValueError, OverflowError):
        raise _MalformedError(encoded) from None
    if printable(decoded, _MAX_ORCPT) != decoded:
        raise _MalformedError(encoded)
    return decoded


_SENDER: dict[str, _Reader] = {
    "SIZE": ("size_octets", _size),
    "BODY": ("body", _one_of("7BIT", "8BITMIME")),
    "SMTPUTF8": ("smtputf8", _flag),
    "RET": ("ret", _one_of("FULL", "HDRS")),
    "ENVID": ("envid", _envid),
    "AUTH": ("auth", _auth),
}
_SUBMITTER: dict[str, _Reader] = {**_SENDER, "MT-PRIORITY": ("mt_priority", _mt_priority)}
_HELD_SENDER: dict[str, _Reader] = {
    **_SUBMITTER,
    "HOLDFOR": ("hold_for_s", _seconds),
    "HOLDUNTIL": ("hold_until", _moment),
}
_RECIPIENT: dict[str, _Reader] = {
    "NOTIFY": ("notify", _notify),
    "ORCPT": ("orcpt", _orcpt),
}
