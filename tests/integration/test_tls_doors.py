"""What TLS every door speaks: nothing that Mozilla's "intermediate" does not name.

By handshakes of this machine's OpenSSL, which knows no more than it knows; `make tls` asks testssl.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.fakes.tls_doors import TLSDoor, permissive, suites_taken, with_every_door

# Those of version 5 that TLS 1.2 has
INTERMEDIATE = {
    *(f"ECDHE-{key}-AES128-GCM-SHA256" for key in ("ECDSA", "RSA")),
    *(f"ECDHE-{key}-AES256-GCM-SHA384" for key in ("ECDSA", "RSA")),
    *(f"ECDHE-{key}-CHACHA20-POLY1305" for key in ("ECDSA", "RSA")),
    "DHE-RSA-AES128-GCM-SHA256",
    "DHE-RSA-AES256-GCM-SHA384",
    "DHE-RSA-CHACHA20-POLY1305",
}
pytestmark = pytest.mark.filterwarnings("ignore:ssl.TLSVersion")


def rsa_certificate() -> bytes:
    """Return key and certificate, as an authority gives them to who asks for RSA."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mx.example.org")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=90))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + made.public_bytes(Encoding.PEM)


@pytest.fixture(scope="module", params=["its own", "rsa"])
def doors(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[TLSDoor, ...]]:
    home = tmp_path_factory.mktemp("tls")
    server, found = with_every_door(home / "server")
    if request.param == "rsa":
        pem = home / "rsa.pem"
        pem.write_bytes(rsa_certificate())
        server.configure("tls", f'certificate = "{pem}"\nkey = "{pem}"')
    with server:
        yield found


def test_old_versions_are_refused_and_new_ones_spoken(doors: tuple[TLSDoor, ...]) -> None:
    for door in doors:
        for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
            with pytest.raises(OSError), door.connect(permissive(version)):  # noqa: PT011 - any will do
                pass
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with door.connect(permissive(version)) as link:
                assert link.version() == version.name.replace("_", "."), door


def test_only_suites_of_the_intermediate_kind(doors: tuple[TLSDoor, ...]) -> None:
    offered = [
        found["name"]
        for found in permissive(ssl.TLSVersion.TLSv1_2).get_ciphers()
        if found["protocol"] != "TLSv1.3"
    ]
    assert {"AES128-SHA", "ECDHE-RSA-AES128-SHA256", "ECDHE-ECDSA-AES256-SHA"} <= {*offered}
    taken = {door.name: [*suites_taken(door, ssl.TLSVersion.TLSv1_2, offered)] for door in doors}
    assert {suite for suites in taken.values() for suite in suites} <= INTERMEDIATE, taken
    assert all(len(suites) == 3 for suites in taken.values()), taken


def test_nothing_is_compressed(doors: tuple[TLSDoor, ...]) -> None:
    """RFC 9325 §3.3."""
    for door in doors:
        with door.connect(permissive(ssl.TLSVersion.TLSv1_2)) as link:
            assert link.compression() is None
