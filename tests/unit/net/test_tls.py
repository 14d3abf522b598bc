from __future__ import annotations

import contextlib
import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from zope.interface.verify import verifyObject

from bitrixmail.model.errors import SetupError
from bitrixmail.net.self_signed import self_signed
from bitrixmail.net.tls import ServerTLS

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def made(folder: Path, hostname: str = "mx.example.org", now: datetime = NOW) -> Path:
    file = folder / f"{hostname}.pem"
    self_signed(file, hostname, now)
    return file


def handshake(tls: ServerTLS, most: int | None = None) -> tuple[str, str]:
    """Return the server's name and the TLS version agreed upon."""
    server = tls.serverConnectionForTLS(None)  # type: ignore[arg-type]  # all get the same
    server.set_accept_state()
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    if most is not None:
        context.set_max_proto_version(most)
        context.set_cipher_list(b"ALL:@SECLEVEL=0")
    client = SSL.Connection(context, None)
    client.set_connect_state()
    for _ in range(10):
        for one, other in ((client, server), (server, client)):
            with contextlib.suppress(SSL.WantReadError):
                one.do_handshake()
            with contextlib.suppress(SSL.WantReadError):
                other.bio_write(one.bio_read(65536))
    certificate = client.get_peer_certificate(as_cryptography=True)
    assert certificate is not None
    name = certificate.subject.rfc4514_string().removeprefix("CN=")
    return name, client.get_protocol_version_name()


def test_a_handshake_by_the_self_signed_one(tmp_path: Path) -> None:
    tls, file = ServerTLS(), made(tmp_path)
    tls.load(file, file, NOW)
    assert handshake(tls) == ("mx.example.org", "TLSv1.3")
    assert handshake(tls, SSL.TLS1_2_VERSION)[1] == "TLSv1.2"
    assert verifyObject(IOpenSSLServerConnectionCreator, tls)


def test_tls_1_1_is_refused(tmp_path: Path) -> None:
    tls, file = ServerTLS(), made(tmp_path)
    tls.load(file, file, NOW)
    with pytest.raises(SSL.Error):
        handshake(tls, SSL.TLS1_1_VERSION)


def test_new_handshakes_take_the_new_certificate(tmp_path: Path) -> None:
    tls, old, new = ServerTLS(), made(tmp_path, "old.example"), made(tmp_path, "new.example")
    tls.load(old, old, NOW)
    tls.load(new, new, NOW)
    assert handshake(tls)[0] == "new.example"


def test_after_a_bad_file_the_old_certificate_stays(tmp_path: Path) -> None:
    tls, good, bad = ServerTLS(), made(tmp_path), tmp_path / "bad.pem"
    tls.load(good, good, NOW)
    bad.write_text("nothing")
    with pytest.raises(SetupError):
        tls.load(bad, bad, NOW)
    assert handshake(tls)[0] == "mx.example.org"


def test_each_fault_names_setting_and_file(tmp_path: Path) -> None:
    tls, good, other = ServerTLS(), made(tmp_path), made(tmp_path, "other.example")
    key = rsa.generate_private_key(65537, 2048)
    locked, empty, missing = (tmp_path / name for name in ("locked", "empty", "missing"))
    locked.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
    )
    empty.write_bytes(b"")
    rsa_key = tmp_path / "rsa"
    rsa_key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    for certificate, secret, told in (
        (missing, good, f"tls.certificate: {missing}: No such file"),
        (empty, good, f"tls.certificate: {empty} holds no certificate"),
        (good, missing, f"tls.key: {missing}: No such file"),
        (good, empty, f"tls.key: {empty} holds no private key"),
        (good, locked, f"tls.key: {locked} is locked by a passphrase"),
        (good, other, f"tls.key: {other} does not belong to {good}"),
        (good, rsa_key, f"tls.key: {rsa_key} does not belong to {good}"),
    ):
        with pytest.raises(SetupError) as raised:
            tls.load(certificate, secret, NOW)
        assert raised.value.problem.startswith(told)
        assert raised.value.exit_code == os.EX_CONFIG
        assert raised.value.remedies
    assert not tls.loaded


def test_an_old_certificate_is_refused(tmp_path: Path) -> None:
    file = made(tmp_path)
    with pytest.raises(SetupError, match="out of date"):
        ServerTLS().load(file, file, NOW + timedelta(days=4000))


def test_the_key_is_for_nobody_else_to_read(tmp_path: Path) -> None:
    assert stat.S_IMODE(made(tmp_path).stat().st_mode) == 0o600


def test_a_self_signed_one_is_kept_until_it_must_go(tmp_path: Path) -> None:
    file = made(tmp_path)
    first = file.read_bytes()
    self_signed(file, "mx.example.org", NOW + timedelta(days=3600))
    assert file.read_bytes() == first
    self_signed(file, "other.example.org", NOW)
    second = file.read_bytes()
    assert second != first
    self_signed(file, "other.example.org", NOW + timedelta(days=3640))
    assert file.read_bytes() != second
    file.write_text("damaged")
    self_signed(file, "mx.example.org", NOW)
    assert b"PRIVATE KEY" in file.read_bytes()
