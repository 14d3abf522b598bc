"""How a webhook proves who calls: HMAC-SHA256 (RFC 2104) over the time and the body."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from bitrixmail.model.secret import Secret

HEADER = "X-Bitrixmail-Signature"


def signature(secrets: Sequence[Secret], timestamp: int, body: bytes) -> str:
    """Sign with each secret: while one replaces the other, who is called knows one of them.

    `t=1764367200,v1=<hex>,v1=<hex>`; signed is the time in decimal digits, a dot, and the body.
    """
    signed = f"{timestamp}.".encode("ascii") + body
    found = [hmac.new(secret.octets, signed, hashlib.sha256).hexdigest() for secret in secrets]
    return ",".join([f"t={timestamp}", *(f"v1={each}" for each in found)])
