"""Passwords: what is kept of them, and whether one is right.

Both functions take a tenth of a second on purpose: call them in a thread. What is kept is an
argon2id hash (RFC 9106) and a SCRAM-SHA-256 verifier (RFC 5803, RFC 7677 §3).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import stringprep
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from bitrixmail.model.directory import Credential

MAX_OCTETS = 512
# 19 MiB and two passes: what OWASP holds to be enough, on a small server with a few threads
_MEMORY_KIB, _PASSES, _LANES = 19 * 1024, 2, 1
SALT_OCTETS, _HASH_OCTETS = 16, 32
# A SCRAM verifier is as good to a thief as the hash, so it must not be the cheaper one to try
SCRAM_ITERATIONS = 100_000
_HASHER = PasswordHasher(
    time_cost=_PASSES,
    memory_cost=_MEMORY_KIB,
    parallelism=_LANES,
    hash_len=_HASH_OCTETS,
    salt_len=SALT_OCTETS,
)


def prepared(password: str) -> str:
    """Return a password in the one form in which it is hashed.

    SASLprep (RFC 4013) without its rules on unassigned and bidirectional characters, by the
    Unicode of today. Raises ValueError with a sentence for people if it can't be a password.
    """
    mapped = "".join(
        " " if stringprep.in_table_c12(letter) else letter
        for letter in password
        if not stringprep.in_table_b1(letter)
    )
    text = unicodedata.normalize("NFKC", mapped)
    if not text:
        raise ValueError("a password has at least one character")
    if any(unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"} for letter in text):
        raise ValueError("a password has no control characters and no line breaks")
    if len(text.encode()) > MAX_OCTETS:
        raise ValueError(f"a password has at most {MAX_OCTETS} octets")
    return text


def make_credential(password: str) -> Credential:
    """Hash a password. Raises ValueError with a sentence for people if it can't be one."""
    text = prepared(password)
    return Credential(_HASHER.hash(text), _scram_verifier(text.encode()))


def verify(password: str, credential: Credential | None) -> bool:
    """Tell whether a password is right; None, nobody's credential, takes as long to say no."""
    try:
        text = prepared(password)
    except ValueError:
        text, credential = "", None
    kept = _nobodys_hash() if credential is None else credential.password_hash
    try:
        _HASHER.verify(kept, text)
    except (VerificationError, InvalidHashError):
        return False
    return credential is not None


def _nobodys_hash() -> str:
    """Return a hash that no password has, as costly to compare with as a real one."""
    salt, digest = (
        base64.b64encode(bytes(octets)).rstrip(b"=").decode()
        for octets in (SALT_OCTETS, _HASH_OCTETS)
    )
    return f"$argon2id$v=19$m={_MEMORY_KIB},t={_PASSES},p={_LANES}${salt}${digest}"


def _scram_verifier(password: bytes) -> str:
    """Write the stored form of RFC 5803 §2: `scheme$iterations:salt$StoredKey:ServerKey`."""
    salt = secrets.token_bytes(SALT_OCTETS)
    salted = hashlib.pbkdf2_hmac("sha256", password, salt, SCRAM_ITERATIONS)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    written = (
        base64.b64encode(octets).decode()
        for octets in (salt, hashlib.sha256(client_key).digest(), server_key)
    )
    return "SCRAM-SHA-256${}:{}${}:{}".format(SCRAM_ITERATIONS, *written)
