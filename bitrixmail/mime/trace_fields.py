"""The trace fields a server puts before a message (RFC 5321 §4.4), and the counting of hops.

Texts of clients stand in them. Every such text is reduced to characters that can neither end a
line nor a comment, so that no client writes a field, or a part of one, in our name.
"""

from __future__ import annotations

import contextlib
import re
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache

from bitrixmail.mime.domains import to_ascii
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.model.client import Client

_NOT_IN_HELO = re.compile(r"[^A-Za-z0-9.:_\[\]-]")
_NOT_IN_TOKEN = re.compile(r"[^A-Za-z0-9._+-]")
_NOT_IN_PATH = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_MAX_HELO = 255
_MAX_TOKEN = 100
# A path has at most 256 octets (RFC 5321 §4.5.3.1.3); leave room, stay below a line's 998.
_MAX_PATH = 800


def received_field(
    client: Client, hostname: str, queue_id: str, recipient: str | None, received: datetime
) -> bytes:
    """Write the Received field, folded, ending in CRLF (RFC 5321 §4.4; `with`: RFC 3848).

    `recipient` is given only for a message of one recipient, else others would see it.
    """
    origin = _origin(client.helo, client.address)
    begun = f"{origin}\r\n " if origin else ""
    whose = f"\r\n for <{recipient}>" if recipient and _fits(recipient, client) else ""
    return (
        f"Received: {begun}by {hostname} (bitrixmail) with {client.protocol}{_tls(client)}"
        f" id {_token(queue_id)}{whose};\r\n {_date(int(received.timestamp()))}\r\n"
    ).encode()


@lru_cache(maxsize=1024)
def return_path_field(sender: str) -> bytes:
    """Write the Return-Path field of a final delivery; empty is the null sender."""
    return f"Return-Path: <{_path(sender)}>\r\n".encode()


@lru_cache(maxsize=1024)
def delivered_to_field(recipient: str) -> bytes:
    """Write the Delivered-To field: the address for which this copy was delivered (RFC 9228)."""
    return f"Delivered-To: {_path(recipient)}\r\n".encode()


def count_hops(headers: HeaderSection) -> int:
    """Count the hosts that have passed a message on (RFC 5321 §6.3)."""
    return headers.count("received")


@lru_cache(maxsize=2)  # all messages of one second share it
def _date(second: int) -> str:
    return format_datetime(datetime.fromtimestamp(second, UTC))


@lru_cache(maxsize=1024)  # all messages of a client share it
def _origin(name: str, address: str) -> str:
    """Write the from clause: what the client called itself, and whence it really came."""
    helo = name[:_MAX_HELO]
    if not helo.isascii():
        # Where that fails, the strange letters become question marks below.
        with contextlib.suppress(ValueError):
            helo = to_ascii(helo)
    helo = _NOT_IN_HELO.sub("?", helo)
    if not address:
        return f"from {helo} (local)" if helo else ""
    prefix = "IPv6:" if ":" in address else ""
    literal = f"[{prefix}{_NOT_IN_HELO.sub('?', address)}]"
    return f"from {helo or literal} ({literal})"


def _tls(client: Client) -> str:
    if client.tls is None:
        return ""
    return f"\r\n (using {_token(client.tls.version)} with cipher {_token(client.tls.cipher)})"


def _token(text: str) -> str:
    if text.isalnum() and text.isascii() and len(text) <= _MAX_TOKEN:
        return text
    return _NOT_IN_TOKEN.sub("?", text[:_MAX_TOKEN])


def _path(text: str) -> str:
    return _NOT_IN_PATH.sub("?", text[:_MAX_PATH])


def _fits(recipient: str, client: Client) -> bool:
    """Tell whether a recipient may stand in the for clause (RFC 6531 §3.7.3 on its letters)."""
    if recipient.isascii() and recipient.isprintable():
        return len(recipient) <= _MAX_PATH
    return client.smtputf8 and _path(recipient) == recipient
