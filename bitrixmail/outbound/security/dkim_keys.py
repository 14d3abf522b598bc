"""Pairs of keys for the mail of a domain, made on the spot (RFC 8301 §3.2, RFC 8463)."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Collection
from datetime import UTC, datetime
from itertools import chain, count

from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from bitrixmail.model.dkim import UNSEEN, Algorithm, DKIMKey

# What every receiver takes and the DNS still carries well.
_RSA_BITS = 2048


def make_keys(domain: str, taken: Collection[str], now: datetime) -> tuple[DKIMKey, ...]:
    """Make a key of each algorithm, with selectors by the date that are not `taken`.

    They sign from a week later on, or from when their records were seen. Blocking: finding the
    primes takes a tenth of a second, now and then several.
    """
    date = now.astimezone(UTC).strftime("%Y%m%d")
    endings = chain([""], (f"-{number}" for number in count(2)))
    ending = next(
        each for each in endings if not {f"rsa{date}{each}", f"ed{date}{each}"} & set(taken)
    )
    rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS)
    ed_key = ed25519.Ed25519PrivateKey.generate()
    # RFC 8463 §4: the 32 octets alone; RFC 6376 §3.6.1: the whole structure.
    rsa_public = rsa_key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    ed_public = ed_key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def key(
        selector: str,
        algorithm: Algorithm,
        private: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey,
        public: bytes,
    ) -> DKIMKey:
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return DKIMKey(
            domain,
            selector,
            algorithm,
            b64encode(public).decode(),
            now,
            active_from=now + UNSEEN,
            private_key=pem.decode(),
        )

    return (
        key(f"rsa{date}{ending}", Algorithm.RSA, rsa_key, rsa_public),
        key(f"ed{date}{ending}", Algorithm.ED25519, ed_key, ed_public),
    )
