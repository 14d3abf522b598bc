"""Whether a message has a file with it, told by its structure alone (RFC 2045, RFC 2183).

Bounded, never raises. What a page shows within itself (a picture with a Content-ID) is no file, nor
is a signature.
"""

from __future__ import annotations

from bitrixmail.mime.headers import HeaderSection
from bitrixmail.mime.multipart import Leaf, Multipart, SplitLimits, split_parts
from bitrixmail.mime.parameters import parse_parameters

_LIMITS = SplitLimits(max_parts=50, max_depth=10, max_delimiters=2000, max_head_octets=16 * 1024)
_TEXTS = ("text/plain", "text/html", "application/xhtml+xml", "text/x-amp-html")
_NO_FILES = frozenset(
    ("application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature",
     "message/delivery-status", "message/disposition-notification")
)  # fmt: skip


def has_file(octets: bytes, headers: HeaderSection) -> bool:
    """Tell it of a message whose header section is `headers`; `octets` may be cut."""
    root, _ = split_parts(octets, headers, _LIMITS)
    return _has(root)


def _has(node: Leaf | Multipart) -> bool:
    if isinstance(node, Multipart):
        return any(map(_has, node.parts))
    disposition, parameters = parse_parameters(node.headers.first("content-disposition") or b"")
    if disposition == "attachment":
        return node.declared_type not in _NO_FILES
    named = "filename" in parameters or "name" in node.parameters
    if node.declared_type in _TEXTS:
        return named
    within = node.headers.first("content-id") is not None
    return not within and node.declared_type not in _NO_FILES
