"""Base64 as senders write it: with junk between, and padded where it should not be (RFC 2045 §6.8).

Nothing here raises.
"""

from __future__ import annotations

import binascii

_NOT_BASE64 = bytes(
    set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")
)
# Pieces that are padded each by itself, in one text; more than these are no honest encoder's.
_MAX_PIECES = 20_000


def decode_base64(octets: bytes) -> bytes:
    """Decode base64; what is no base64 between it is passed over (RFC 2045 §6.8).

    Some senders encode and pad piece by piece, so padding ends a piece and not the whole.
    """
    encoded = octets.translate(None, _NOT_BASE64).rstrip(b"=")
    pieces = encoded.split(b"=", _MAX_PIECES) if b"=" in encoded else [encoded]
    return b"".join([_piece(piece) for piece in pieces if piece])


def _piece(piece: bytes) -> bytes:
    piece = piece.replace(b"=", b"")  # in the last of too many
    usable = piece[:-1] if len(piece) % 4 == 1 else piece
    return binascii.a2b_base64(usable + b"=" * (-len(usable) % 4))
