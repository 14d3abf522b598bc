"""The client's side of TLS: what a peer shows is compared with what is demanded of it.

TLS 1.2 and 1.3. Certificates by the system's authorities and their names (RFC 9525), or by the
TLSA records of DANE (RFC 6698, RFC 7671, RFC 7672 §3).
"""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from weakref import ref

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from OpenSSL import SSL, crypto
from service_identity import CertificateError, VerificationError
from service_identity.cryptography import extract_patterns
from service_identity.hazmat import DNS_ID, IPAddress_ID, verify_service_identity
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.logger import Logger
from twisted.protocols.tls import TLSMemoryBIOProtocol
from twisted.python.failure import Failure
from zope.interface import implementer

from bitrixmail.model.destination import TLSA, Level, TLSDemand, TLSReached

_log = Logger()
# As at our doors; behind them what old hosts have: better than in the clear.
_CIPHERS = (
    b"ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20:ECDHE+AES:AESGCM:AES"
    b":!aNULL:!eNULL:!MD5:!DSS:!PSK:!SRP"
)
# X509_verify_cert_error_string(3), for those that happen.
_REASONS = {
    9: "it is not valid yet",
    10: "it has expired",
    18: "it is signed by itself",
    19: "its authority is signed by itself and unknown here",
    20: "its authority is unknown here",
    21: "its authority is unknown here",
    26: "it is not meant for servers",
}
_DANE_EE = 3
_MOST_CERTIFICATES = 20


class UnmetDemandError(Exception):
    """The peer does not show what is demanded of it; says what, for the log and the queue."""


class ClientTLS:
    """Makes the client's side of connections. Made by compose, lives as long as the server.

    `trust`: a file of authorities in PEM instead of the system's. The context is made at the first
    connection, since it reads files.
    """

    def __init__(self, trust: Path | None = None) -> None:
        self._trust = trust
        self._made: SSL.Context | None = None

    def creator(self, demand: TLSDemand) -> ClientConnection:
        """Return what makes one connection, and then knows how safe it turned out."""
        return ClientConnection(self._context(), demand)

    def _context(self) -> SSL.Context:
        if self._made is None:
            self._made = _context(self._trust)
        return self._made


@implementer(IOpenSSLClientConnectionCreator)
class ClientConnection:
    """Makes one connection. `reached` stands once the handshake is over, else None.

    If the peer does not show what is demanded the connection is aborted before anything is sent
    over it, and its end says so by UnmetDemandError.
    """

    def __init__(self, context: SSL.Context, demand: TLSDemand) -> None:
        self.reached: TLSReached | None = None
        self._context = context
        self._demand = demand
        self._untrusted = ""

    def clientConnectionForTLS(self, protocol: TLSMemoryBIOProtocol) -> SSL.Connection:
        """See IOpenSSLClientConnectionCreator."""
        connection = _Judged(self._context, None)
        connection.creator, connection.protocol = self, ref(protocol)
        if self._demand.server_name:
            connection.set_tlsext_host_name(self._demand.server_name.encode("ascii"))
        # It is judged when the handshake is over: here is only noted what the authorities say
        connection.set_verify(SSL.VERIFY_PEER, _noted)
        return connection

    def note(self, error: int, depth: int) -> None:
        """Note that a certificate of the chain is not to be trusted; the first reason counts."""
        reason = _REASONS.get(error, f"reason {error} of OpenSSL")
        self._untrusted = self._untrusted or (reason if depth == 0 else f"of its chain, {reason}")

    def judge(self, connection: SSL.Connection) -> None:
        """Compare what was shown with what is demanded. Raises UnmetDemandError."""
        level, by, problem = self._judged(connection)
        self.reached = TLSReached(
            level,
            connection.get_protocol_version_name(),
            connection.get_cipher_name() or "",
            by,
            problem,
        )
        if level < self._demand.level:
            raise UnmetDemandError(problem)

    def _judged(self, connection: SSL.Connection) -> tuple[Level, str, str]:
        demand = self._demand
        chain = connection.get_peer_cert_chain(as_cryptography=True) or []
        if not chain:
            return Level.ENCRYPTED, "", "it shows no certificate"
        if demand.tlsa:
            problem = dane_problem(chain[:_MOST_CERTIFICATES], demand.tlsa, demand.names)
            return (Level.ENCRYPTED, "", problem) if problem else (Level.VERIFIED, "dane", "")
        if self._untrusted:
            return Level.ENCRYPTED, "", f"its certificate is not trusted: {self._untrusted}"
        problem = name_problem(chain[0], demand.names)
        return (Level.ENCRYPTED, "", problem) if problem else (Level.VERIFIED, "pkix", "")


def _context(trust: Path | None) -> SSL.Context:
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_options(SSL.OP_NO_COMPRESSION | SSL.OP_NO_RENEGOTIATION)
    context.set_cipher_list(_CIPHERS)
    context.set_info_callback(_informed)
    if trust is None:
        context.set_default_verify_paths()
    else:
        context.load_verify_locations(str(trust))
    return context


class _Judged(SSL.Connection):
    """A connection that knows who judges it. Its application data are Twisted's."""

    creator: ClientConnection | None = None
    protocol: ref[TLSMemoryBIOProtocol]


def _noted(connection: SSL.Connection, _certificate: Any, error: int, depth: int, ok: int) -> bool:
    """Go on whatever the authorities say: the judgement comes later, and may be DANE's."""
    if not ok and isinstance(connection, _Judged) and connection.creator is not None:
        connection.creator.note(error, depth)
    return True


def _informed(connection: SSL.Connection, where: int, _code: int) -> None:
    """Judge when the handshake is over; an exception would be lost inside OpenSSL."""
    if not where & SSL.SSL_CB_HANDSHAKE_DONE or not isinstance(connection, _Judged):
        return
    creator, protocol = connection.creator, connection.protocol()
    connection.creator = None  # with TLS 1.3 this comes again with each session ticket
    if creator is None or protocol is None:
        return
    try:
        creator.judge(connection)
    except UnmetDemandError:
        protocol.failVerification(Failure())
    except Exception:  # noqa: BLE001 - a certificate we can't read must not pass for a good one
        _log.failure("a certificate could not be judged")
        protocol.failVerification(Failure())


def name_problem(certificate: x509.Certificate, names: Sequence[str]) -> str:
    """Say why a certificate is for none of these names or addresses; empty if it is for one."""
    try:
        patterns = extract_patterns(certificate)
    except CertificateError as error:
        return f"its certificate is for no name: {error}"
    for name in names:
        try:
            verify_service_identity(patterns, [_service(name)], [])
        except (VerificationError, ValueError):
            continue
        return ""
    return f"its certificate is not for {' or '.join(names) or 'any name asked for'}"


def _service(name: str) -> DNS_ID | IPAddress_ID:
    try:
        return IPAddress_ID(str(ip_address(name)))
    except ValueError:
        return DNS_ID(name)


def dane_problem(
    chain: Sequence[x509.Certificate], records: Sequence[TLSA], names: Sequence[str]
) -> str:
    """Say why a chain fits none of the records; empty if it fits one (RFC 7672 §3.1, §3.2).

    A record of the host's own certificate says all: neither its names nor its dates count. One of
    an authority must stand in the chain, and the host's certificate must be issued by it.
    """
    reason = "its certificate fits none of its TLSA records"
    for record in records:
        if record.usage == _DANE_EE:
            if _fits(chain[0], record):
                return ""
            continue
        for position, authority in enumerate(chain[1:], 1):
            if not _fits(authority, record):
                continue
            problem = _path_problem(chain, position) or name_problem(chain[0], names)
            if not problem:
                return ""
            reason = problem
    return reason


def _fits(certificate: x509.Certificate, record: TLSA) -> bool:
    if record.selector == 0:
        octets = certificate.public_bytes(Encoding.DER)
    else:
        key = certificate.public_key()
        octets = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if record.matching == 1:
        octets = hashlib.sha256(octets).digest()
    elif record.matching == 2:
        octets = hashlib.sha512(octets).digest()
    return octets == record.data


def _path_problem(chain: Sequence[x509.Certificate], anchor: int) -> str:
    """Say why no path leads from the first certificate to the one at `anchor`."""
    shown = [crypto.X509.from_cryptography(each) for each in chain[: anchor + 1]]
    store = crypto.X509Store()
    store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN)
    store.add_cert(shown[anchor])
    try:
        crypto.X509StoreContext(store, shown[0], shown[1:]).verify_certificate()
    except crypto.X509StoreContextError as error:
        return f"its certificate is not trusted: {error}"
    return ""
