"""What a form holds: fields, and files that were uploaded (RFC 7578)."""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from urllib.parse import parse_qs

from twisted.web.server import Request
from werkzeug.formparser import MultiPartParser
from werkzeug.http import parse_options_header

MOST_FIELDS = 1000
_MOST_MEMORY = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Uploaded:
    """The fields of a form by name, each with its values in order; files with name and octets."""

    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    files: Mapping[str, tuple[str, bytes]] = field(default_factory=dict)


def read_form(request: Request) -> Uploaded:
    """Read the body of a request as a form; empty for one that is none."""
    content_type = request.getHeader("content-type") or ""
    kind, options = parse_options_header(content_type)
    if request.method in {b"GET", b"HEAD"} or request.content is None:
        return Uploaded()
    request.content.seek(0)
    octets: bytes = request.content.read()
    if kind == "application/x-www-form-urlencoded":
        text = octets.decode("utf-8", "replace")
        found = _bounded(text)
        return Uploaded({name: tuple(values) for name, values in found.items()})
    if kind == "multipart/form-data":
        return _multipart(octets, options.get("boundary", ""))
    return Uploaded()


def _bounded(text: str) -> dict[str, list[str]]:
    try:
        return parse_qs(text, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        return {}


def _multipart(octets: bytes, boundary: str) -> Uploaded:
    parser = MultiPartParser(max_form_memory_size=_MOST_MEMORY, max_form_parts=MOST_FIELDS)
    try:
        form, files = parser.parse(BytesIO(octets), boundary.encode(), len(octets))
    except (ValueError, OSError):
        return Uploaded()
    found = {name: (upload.filename or "", upload.read()) for name, upload in files.items()}
    fields = {name: tuple(values) for name, values in form.lists()}
    return Uploaded(fields, found)
