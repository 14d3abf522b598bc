"""An authority of the test's own, and the certificates it issues, made on the spot."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL

START = datetime(2020, 1, 1, tzinfo=UTC)


class Issued:
    """A certificate, its key and the chain behind it. Made by `Authority`."""

    def __init__(
        self,
        certificate: x509.Certificate,
        key: ec.EllipticCurvePrivateKey,
        chain: list[x509.Certificate],
    ) -> None:
        self.certificate = certificate
        self.key = key
        self.chain = chain

    def context(self, least: int = SSL.TLS1_2_VERSION, most: int = 0) -> SSL.Context:
        """Return a server's context that shows it."""
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.set_min_proto_version(least)
        context.set_max_proto_version(most)
        context.set_cipher_list(b"DEFAULT:@SECLEVEL=0")
        context.use_certificate(self.certificate)
        for further in self.chain:
            context.add_extra_chain_cert(further)
        context.use_privatekey(self.key)
        return context

    def tlsa(self, usage: int, selector: int, matching: int) -> str:
        """Write a TLSA record that fits the certificate."""
        octets = (
            self.certificate.public_bytes(serialization.Encoding.DER)
            if selector == 0
            else self.certificate.public_key().public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        )
        if matching:
            digest = hashes.Hash(hashes.SHA256() if matching == 1 else hashes.SHA512())
            digest.update(octets)
            octets = digest.finalize()
        return f"{usage} {selector} {matching} {octets.hex()}"


class Authority:
    """Issues certificates. Made by a test; one below another if `parent` is given."""

    def __init__(self, name: str = "Test authority", parent: Authority | None = None) -> None:
        self._parent = parent
        self.issued = _issue(name, [], parent, authority=True)

    @property
    def certificate(self) -> x509.Certificate:
        return self.issued.certificate

    def file(self, folder: Path) -> Path:
        """Write its certificate into a file."""
        file = folder / "authority.pem"
        file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        return file

    def issue(self, *names: str, days: int = 36500) -> Issued:
        """Issue a certificate for names and addresses, the chain with it but for the root."""
        return _issue(names[0], list(names), self, days=days)

    @property
    def chain(self) -> list[x509.Certificate]:
        """Itself and those above, the root as well."""
        above = [] if self._parent is None else self._parent.chain
        return [self.certificate, *above]


def self_signed(*names: str, days: int = 36500) -> Issued:
    """Make a certificate that nobody else has issued."""
    return _issue(names[0], list(names), None, days=days)


def _issue(
    name: str,
    names: list[str],
    issuer: Authority | None,
    *,
    authority: bool = False,
    days: int = 36500,
) -> Issued:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(START)
        .not_valid_after(START + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if names:
        alternatives = [_general(each) for each in names]
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    signer = key if issuer is None else issuer.issued.key
    certificate = builder.sign(signer, hashes.SHA256())
    return Issued(certificate, key, [] if issuer is None else issuer.chain)


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
