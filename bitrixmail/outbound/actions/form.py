"""Fields and files as a form of HTML sends them (RFC 7578)."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlencode

# As the forms of browsers write them (RFC 7578 §2 leaves it to HTML)
_ESCAPES = {ord('"'): "%22", ord("\r"): "%0D", ord("\n"): "%0A"}


class Payload(NamedTuple):
    """The body of a request, and what it is."""

    content_type: str
    octets: bytes


class FormFile(NamedTuple):
    """A file in a form. `field` names it to who reads the form, `name` is the file's."""

    field: str
    name: str
    type: str
    octets: bytes


def form(fields: Sequence[tuple[str, str]], files: Sequence[FormFile] = ()) -> Payload:
    """Write a form; one without files as simply as it goes."""
    if not files:
        octets = urlencode(fields, errors="replace").encode("ascii")
        return Payload("application/x-www-form-urlencoded", octets)
    boundary = secrets.token_hex(20)
    parts = []
    for name, value in fields:
        parts += [_head(boundary, name), b"\r\n", value.encode("utf-8", "replace"), b"\r\n"]
    for file in files:
        kind = file.type if file.type.isascii() and file.type.isprintable() else ""
        said = f"Content-Type: {kind or 'application/octet-stream'}\r\n\r\n"
        name = (file.name or file.field).translate(_ESCAPES)
        parts += [_head(boundary, file.field, f'; filename="{name}"'), said.encode("ascii")]
        parts += [file.octets, b"\r\n"]
    parts.append(f"--{boundary}--\r\n".encode("ascii"))
    return Payload(f"multipart/form-data; boundary={boundary}", b"".join(parts))


def _head(boundary: str, name: str, more: str = "") -> bytes:
    said = f'Content-Disposition: form-data; name="{name.translate(_ESCAPES)}"{more}'
    return f"--{boundary}\r\n{said}\r\n".encode("utf-8", "replace")
