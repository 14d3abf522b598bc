"""What a form holds: fields, and files that were uploaded (RFC 7578). Nothing here is unbounded."""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote_plus

from twisted.web.server import Request
from werkzeug.http import parse_options_header

from bitrixmail.model.errors import Fault, InputError
from bitrixmail.web.http.fields import field as header_field

MOST_FIELDS = 1000
# Of fields without a file; percent signs make them slow to read
_MOST_ENCODED = 2 * 1024 * 1024
_MOST_TEXT = 8 * 1024 * 1024
_MOST_HEAD = 2048
_MOST_BOUNDARY = 70
# Where the token of a form is looked for before the form is read: ours have it first
_LOOKED_AT = 64 * 1024
_TOKENS = {
    "application/x-www-form-urlencoded": re.compile(rb"(?:\A|&)csrf=([^&]{0,200})(?:&|\Z)"),
    "multipart/form-data": re.compile(rb'; name="csrf"\r\n\r\n([^\r\n]{0,200})\r\n'),
}


@dataclass(frozen=True, slots=True)
class Uploaded:
    """The fields of a form by name, each with its values in order; files with name and octets."""

    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    files: Mapping[str, tuple[str, bytes]] = field(default_factory=dict)


def size_of(request: Request) -> int:
    """Return the octets of a request's body, which is not read for it."""
    return 0 if request.content is None else int(request.content.seek(0, 2))


def token_in(request: Request) -> str:
    """Return the token of a form; only the beginning of it is looked at."""
    kind, _options = _kind_of(request)
    looked_for = _TOKENS.get(kind)
    if request.content is None or looked_for is None:
        return ""
    request.content.seek(0)
    found = looked_for.search(request.content.read(_LOOKED_AT))
    return unquote_plus(found.group(1).decode("ascii", "replace")) if found is not None else ""


def body_of(request: Request) -> bytes:
    """Return a request's body."""
    if request.content is None:
        return b""
    request.content.seek(0)
    octets: bytes = request.content.read()
    return octets


def read_form(content_type: str, octets: bytes) -> Uploaded:
    """Read a body as a form; empty for one that is none. A large one takes a while.

    Raises InputError for one that holds more than any page sends.
    """
    kind, options = parse_options_header(content_type)
    if kind == "application/x-www-form-urlencoded":
        return _encoded(octets)
    if kind == "multipart/form-data":
        return _multipart(octets, options.get("boundary", ""))
    return Uploaded()


def _kind_of(request: Request) -> tuple[str, dict[str, str]]:
    return parse_options_header(header_field(request, "content-type"))


def _encoded(octets: bytes) -> Uploaded:
    if len(octets) > _MOST_ENCODED:
        raise _too_much(f"has more than {_MOST_ENCODED} octets")
    if octets.count(b"&") >= MOST_FIELDS:
        raise _too_many()
    found = parse_qs(octets.decode("utf-8", "replace"), keep_blank_values=True)
    return Uploaded({name: tuple(values) for name, values in found.items()})


def _multipart(octets: bytes, boundary: str) -> Uploaded:
    """Take the parts of a form: in one pass, and none within another (RFC 7578 §4.3)."""
    if not boundary or len(boundary) > _MOST_BOUNDARY:
        return Uploaded()
    delimiter = b"--" + boundary.encode()
    parts = octets.split(b"\r\n" + delimiter, MOST_FIELDS + 1)
    if len(parts) > MOST_FIELDS + 1:
        raise _too_many()
    begins = octets.startswith(delimiter)
    parts[0] = parts[0][len(delimiter) :] if begins else b"--"
    fields: dict[str, list[str]] = {}
    files: dict[str, tuple[str, bytes]] = {}
    left = _MOST_TEXT
    for part in parts:
        end = part.find(b"\r\n\r\n", 0, _MOST_HEAD)
        if part.startswith(b"--") or end < 0:  # the last delimiter, or no part at all
            continue
        options = _disposition(part[:end])
        name, octets = options.get("name"), part[end + 4 :]
        if name is None:
            continue
        if "filename" in options:
            files.setdefault(name, (options["filename"], octets))
            continue
        left -= len(octets)
        if left < 0:
            raise _too_much(f"has more than {_MOST_TEXT} octets of text")
        fields.setdefault(name, []).append(octets.decode("utf-8", "replace"))
    return Uploaded({name: tuple(values) for name, values in fields.items()}, files)


def _disposition(head: bytes) -> dict[str, str]:
    """Return what a part says of itself."""
    for line in head.decode("utf-8", "replace").split("\r\n"):
        name, _, value = line.partition(":")
        if name.strip().lower() == "content-disposition":
            return parse_options_header(value)[1]
    return {}


def _too_many() -> InputError:
    return _too_much(f"has more than {MOST_FIELDS} fields")


def _too_much(what: str) -> InputError:
    return InputError(Fault("form", what, "send less at once, or a file in place of text"))
