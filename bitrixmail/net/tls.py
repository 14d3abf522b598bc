"""The server's side of TLS: one context for all doors, replaceable while the server runs.

TLS 1.2 and 1.3 (RFC 8996, RFC 9325 §3.1, §4.2). Raises SetupError.
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from twisted.protocols.tls import TLSMemoryBIOProtocol
from zope.interface import implementer

from bitrixmail.model.errors import SetupError

# Forward secrecy and authenticated encryption only (RFC 9325 §4.2), what Mozilla calls
# "intermediate"; those of TLS 1.3 are OpenSSL's own list.
_CIPHERS = b"ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20:!aNULL:!eNULL:!DSS:!PSK"


class Material:
    """Certificate, chain and key as they stand in their files. Made by who loads them, or pickled.

    Not shown: it holds a secret. Raises SetupError if a file cannot be read.
    """

    def __init__(self, certificate: Path, key: Path) -> None:
        self.certificate = certificate
        self.key = key
        self.chain_pem = _read("tls.certificate", certificate)
        self.key_pem = _read("tls.key", key)


@implementer(IOpenSSLServerConnectionCreator)
class ServerTLS:
    """Gives each connection its TLS state. Made by compose, shared by all doors.

    `not_after` is when the certificate expires; None before there is one.

    `load` must have succeeded once before the first connection. A connection keeps the
    certificate it began with; a session ticket of an older context leads to a full handshake.
    """

    def __init__(self) -> None:
        self._context: SSL.Context | None = None
        self.not_after: datetime | None = None
        # What was loaded last, for processes that may not read the files any more
        self.material: Material | None = None

    def load(self, certificate: Path, key: Path, now: datetime) -> None:
        """Take certificate, chain and key from PEM files; after an error the old ones stay."""
        self.take(Material(certificate, key), now)

    def take(self, material: Material, now: datetime) -> None:
        """Take what was read before; after an error the old ones stay."""
        self._context, self.not_after = _context(material, now)
        self.material = material

    @property
    def loaded(self) -> bool:
        """Whether there is a certificate."""
        return self._context is not None

    def serverConnectionForTLS(
        self,
        protocol: TLSMemoryBIOProtocol,  # noqa: ARG002 - all connections get the same
    ) -> SSL.Connection:
        """See IOpenSSLServerConnectionCreator."""
        if self._context is None:
            raise RuntimeError("a TLS connection before the certificate was loaded")
        return SSL.Connection(self._context, None)


def _context(material: Material, now: datetime) -> tuple[SSL.Context, datetime]:
    certificate, key = material.certificate, material.key
    try:
        chain = x509.load_pem_x509_certificates(material.chain_pem)
    except ValueError:
        raise _unusable(
            f"tls.certificate: {certificate} holds no certificate in PEM form",
            'it must hold lines from "-----BEGIN CERTIFICATE-----" on; '
            f"convert it: openssl x509 -inform DER -in {certificate} -out cert.pem",
        ) from None
    if chain[0].not_valid_after_utc < now:
        raise _unusable(
            f"tls.certificate: {certificate} is out of date since {chain[0].not_valid_after_utc}",
            "renew it, or leave tls.certificate and tls.key out: then a self-signed one is made",
        )
    try:
        private = load_pem_private_key(material.key_pem, None)
    except TypeError:
        raise _unusable(
            f"tls.key: {key} is locked by a passphrase",
            f"unlock it: openssl pkey -in {key} -out key.pem && chmod 600 key.pem",
        ) from None
    except ValueError:
        raise _unusable(
            f"tls.key: {key} holds no private key in PEM form",
            'it must hold lines from "-----BEGIN PRIVATE KEY-----" on',
        ) from None
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_options(
        SSL.OP_NO_COMPRESSION | SSL.OP_NO_RENEGOTIATION | SSL.OP_CIPHER_SERVER_PREFERENCE
    )
    context.set_cipher_list(_CIPHERS)
    context.set_session_id(b"bitrixmail")
    try:
        context.use_certificate(chain[0])
        for further in chain[1:]:
            context.add_extra_chain_cert(further)
        context.use_privatekey(private)  # type: ignore[arg-type]  # other kinds: SSL.Error, TypeError
        context.check_privatekey()
    except (SSL.Error, TypeError):
        raise _unusable(
            f"tls.key: {key} does not belong to {certificate}",
            "compare: openssl x509 -noout -pubkey -in CERTIFICATE; openssl pkey -pubout -in KEY",
        ) from None
    return context, chain[0].not_valid_after_utc


def _read(setting: str, file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        denied = isinstance(error, PermissionError)
        raise SetupError(
            f"{setting}: {file}: {error.strerror}",
            f"give the server's user his own copy: install -o {os.geteuid()} -m 600 {file} DIR/,"
            f" and name that in {setting}; `bitrixmail doctor` as root has the hook for certbot"
            if denied
            else "name the right file, or leave tls.certificate and tls.key out:"
            " then a self-signed one is made",
            exit_code=os.EX_NOPERM if denied else os.EX_CONFIG,
        ) from None


def _unusable(problem: str, remedy: str) -> SetupError:
    return SetupError(problem, remedy, exit_code=os.EX_CONFIG)
