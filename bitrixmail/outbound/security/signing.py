"""DKIM signatures over messages that leave, one for each key (RFC 6376 §5, RFC 8463).

Body and header section are hashed once. Receivers that know one algorithm alone take its signature.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from zope.interface import implementer

from bitrixmail.interfaces.dkim_keys import IDKIMKeys
from bitrixmail.interfaces.signer import ISigner, Read
from bitrixmail.mime.addresses import parse_addresses
from bitrixmail.mime.canonical import RelaxedBody, relaxed_field
from bitrixmail.mime.domains import to_ascii
from bitrixmail.mime.headers import MAX_SECTION_OCTETS, HeaderSection
from bitrixmail.model.dkim import Algorithm, DKIMKey, signing_keys

if TYPE_CHECKING:
    from collections.abc import Callable

# RFC 6376 §5.4.1. Once more than they are there: nobody can add one (§8.15).
_ALWAYS = (b"from", b"to", b"subject", b"date")
# Likewise, if they are there at all.
_ONCE_MORE = (
    b"cc",
    b"reply-to",
    b"message-id",
    b"mime-version",
    b"content-type",
    b"content-transfer-encoding",
)
# As often as they are there: whoever sends the message on may add his own.
_AS_THEY_ARE = (
    b"sender",
    b"in-reply-to",
    b"references",
    b"list-id",
    b"list-unsubscribe",
    b"list-unsubscribe-post",
    b"auto-submitted",
)
_MOST_OF_A_NAME = 20
_CHUNK_OCTETS = 256 * 1024
_MOST_LOADED = 1000
_LINE = 72
_SIGN = {Algorithm.RSA: "rsa-sha256", Algorithm.ED25519: "ed25519-sha256"}


@implementer(ISigner)
class Signer:
    """See ISigner. Made by compose, lives as long as the server."""

    def __init__(self, keys: IDKIMKeys) -> None:
        self._keys = keys

    async def sign(self, read: Read, size_octets: int, at: datetime) -> bytes:
        """See ISigner."""
        signed = await self._keys.domains()
        if not signed:
            return b""  # nothing of the message has to be read to know that
        start = await read(0, min(size_octets, MAX_SECTION_OCTETS))
        section = HeaderSection.parse(start)
        if section.end == len(start) < size_octets:
            return b""  # a header section beyond all bounds: where the body begins is not known
        domain = author_domain(section)
        keys = signing_keys(await self._keys.keys(domain), at) if domain in signed else ()
        if not keys:
            return b""
        hashed = sha256()
        body = RelaxedBody(hashed.update)
        body.feed(start[section.end :])
        offset = len(start)
        while offset < size_octets:
            chunk = await read(offset, min(_CHUNK_OCTETS, size_octets - offset))
            if not chunk:
                break
            body.feed(chunk)
            offset += len(chunk)
        body.close()
        return signatures(section, hashed.digest(), keys, at)


def sign_octets(message: bytes, keys: Sequence[DKIMKey], at: datetime) -> bytes:
    """Return the signatures of a whole message, each with its CRLF."""
    section = HeaderSection.parse(message)
    hashed = sha256()
    body = RelaxedBody(hashed.update)
    body.feed(message[section.end :])
    body.close()
    return signatures(section, hashed.digest(), keys, at)


def author_domain(section: HeaderSection) -> str:
    """Return the domain of the author in A-labels; empty if the message names not exactly one.

    RFC 6376 §3.1 leaves it open who signs; that it is the author's is what DMARC asks for.
    """
    found = section.all("from")
    if len(found) != 1:
        return ""
    authors = parse_addresses(found[0], section.decode, 2)
    domains = {author.address.rpartition("@")[2] for author in authors}
    if len(domains) != 1:
        return ""
    try:
        return to_ascii(domains.pop())
    except ValueError:
        return ""


def signatures(
    section: HeaderSection, body_hash: bytes, keys: Sequence[DKIMKey], at: datetime
) -> bytes:
    """Return a signature by each key, given the SHA-256 of the relaxed body."""
    names, fields = _signed_fields(section)
    hashed = sha256(fields)
    lines = []
    for key in keys:
        unsigned = _field_value(key, names, body_hash, at)
        whole = hashed.copy()
        whole.update(relaxed_field(b"dkim-signature", unsigned).removesuffix(b"\r\n"))
        signature = _loaded(key.private_key)(whole.digest())
        lines.append(
            b"DKIM-Signature:%b%b\r\n" % (unsigned, _folded(b64encode(signature), b"\r\n "))
        )
    return b"".join(lines)


def _signed_fields(section: HeaderSection) -> tuple[list[bytes], bytes]:
    """Return the names for h=, and the fields in relaxed form: of each name the last one first."""
    names: list[bytes] = []
    fields: list[bytes] = []
    for group, further in ((_ALWAYS, 1), (_ONCE_MORE, 1), (_AS_THEY_ARE, 0)):
        for name in group:
            values = section.present.get(name, ())
            taken = list(islice(reversed(values), _MOST_OF_A_NAME))
            fields += [relaxed_field(name, value) for value in taken]
            beyond = further if group is _ALWAYS or values else 0
            if len(values) > len(taken):
                beyond = 0  # one more would be one that is there
            names += [name] * (len(taken) + beyond)
    return names, b"".join(fields)


def _field_value(key: DKIMKey, names: Sequence[bytes], body_hash: bytes, at: datetime) -> bytes:
    """Write the field up to its b= (RFC 6376 §3.5)."""
    return b"".join(
        (
            f" v=1; a={_SIGN[key.algorithm]}; c=relaxed/relaxed; d={key.domain};\r\n".encode(),
            f" s={key.selector}; t={int(at.timestamp())};\r\n".encode(),
            *_header_list(names),
            b" bh=%b;\r\n b=" % b64encode(body_hash),
        )
    )


def _header_list(names: Sequence[bytes]) -> Iterator[bytes]:
    line = b" h="
    for number, name in enumerate(names):
        word = name + (b";" if number == len(names) - 1 else b":")
        if len(line) + len(word) > _LINE:
            yield line + b"\r\n"
            line = b"  "
        line += word
    yield line + b"\r\n"


def _folded(text: bytes, fold: bytes) -> bytes:
    return fold.join(text[start : start + _LINE] for start in range(0, len(text), _LINE))


@lru_cache(maxsize=_MOST_LOADED)
def _loaded(private_key: str) -> Callable[[bytes], bytes]:
    """Return what signs a digest with a key in PEM."""
    # It is of our own making: looking whether its numbers are primes would only cost time.
    key = load_pem_private_key(private_key.encode(), None, unsafe_skip_rsa_key_validation=True)
    if isinstance(key, RSAPrivateKey):
        return lambda digest: key.sign(digest, PKCS1v15(), Prehashed(SHA256()))
    if isinstance(key, Ed25519PrivateKey):
        return key.sign
    raise ValueError("the key is neither RSA nor Ed25519")
