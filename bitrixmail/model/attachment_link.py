"""A path by which who was called fetches one file of a message: signed, and good for a while."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import NamedTuple

FOLDER = "attachments"
"""The first segment of such a path."""
_QUEUE_ID = re.compile(r"[0-9A-Za-z]{1,32}")
_NUMBER = re.compile(r"[1-9][0-9]{0,11}")
_MAC = re.compile(r"[0-9a-f]{64}")


class AttachmentLink(NamedTuple):
    """The `part`-th file of a message, from 1; `expires` in seconds of Unix."""

    queue_id: str
    part: int
    expires: int


def signed_path(key: bytes, link: AttachmentLink) -> str:
    """Write a link: a path of two segments below FOLDER, and a query."""
    query = f"expires={link.expires}&signature={_mac(key, link)}"
    return f"{FOLDER}/{link.queue_id}/{link.part}?{query}"


def read_link(queue_id: str, part: str, expires: str) -> AttachmentLink | None:
    """Read what stands in a link; None: it is none of ours."""
    if not _QUEUE_ID.fullmatch(queue_id):
        return None
    if not _NUMBER.fullmatch(part) or not _NUMBER.fullmatch(expires):
        return None
    return AttachmentLink(queue_id, int(part), int(expires))


def is_signed(key: bytes, link: AttachmentLink, signature: str) -> bool:
    """Tell whether a link was signed with this key, in constant time."""
    given = signature if _MAC.fullmatch(signature) else ""
    return hmac.compare_digest(given, _mac(key, link))


def _mac(key: bytes, link: AttachmentLink) -> str:
    told = f"{FOLDER}/{link.queue_id}/{link.part}/{link.expires}".encode("ascii")
    return hmac.new(key, told, hashlib.sha256).hexdigest()
