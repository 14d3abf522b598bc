"""Certificates and keys of every sad kind."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bitrixmail.admin.probes.certificate import CertificateFiles, CertificateProbe
from bitrixmail.admin.probes.server_user import Known, ServerUser
from bitrixmail.model.finding import Finding, Severity

NOW = datetime(2026, 6, 1, tzinfo=UTC)
Key = ec.EllipticCurvePrivateKey
KEY = ec.generate_private_key(ec.SECP256R1())


def new_key() -> Key:
    return ec.generate_private_key(ec.SECP256R1())


def signed(
    key: Key, name: str, *, begin: int = -10, days: int = 90, issuer: str = "Authority"
) -> bytes:
    own = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    by = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, issuer)])
    return (
        x509.CertificateBuilder()
        .subject_name(own)
        .issuer_name(by)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + timedelta(days=begin))
        .not_valid_after(NOW + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )


def written(
    root: Path, certificate: bytes, key: Key, password: bytes | None = None
) -> CertificateFiles:
    locked = serialization.BestAvailableEncryption(password) if password else None
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        locked or serialization.NoEncryption(),
    )
    files = CertificateFiles(root / "cert.pem", root / "key.pem", root / "self-signed.pem")
    (root / "cert.pem").write_bytes(certificate)
    (root / "key.pem").write_bytes(pem)
    (root / "key.pem").chmod(0o600)
    return files


def looked(files: CertificateFiles, hostname: str = "mx.example.org") -> list[Finding]:
    return list(CertificateProbe(files, hostname, lambda: NOW).look())


def chain(key: Key, name: str = "mx.example.org", *, begin: int = -10, days: int = 90) -> bytes:
    authority = new_key()
    return signed(key, name, begin=begin, days=days) + signed(authority, "Authority")


@pytest.mark.parametrize("name", ["mx.example.org", "MX.example.org", "*.example.org"])
def test_a_good_one(tmp_path: Path, name: str) -> None:
    key = new_key()
    (finding,) = looked(written(tmp_path, chain(key, name), key))
    assert finding.severity is Severity.OK
    assert finding.what == "good for mx.example.org until 2026-08-30"


@pytest.mark.parametrize(
    ("name", "begin", "days", "severity", "told"),
    [
        ("mx.example.org", -10, 5, Severity.WARNING, "ends on 2026-06-06, in 5 days"),
        ("mx.example.org", -10, -1, Severity.FAILURE, "is out of date since 2026-05-31"),
        ("mx.example.org", 1, 90, Severity.FAILURE, "is not valid before 2026-06-02"),
        ("www.example.org", -10, 90, Severity.WARNING, "is for www.example.org, not for mx."),
        ("*.org", -10, 90, Severity.WARNING, "is for *.org, not for mx.example.org"),
    ],
)
def test_one_that_is_not_for_now_or_for_us(
    tmp_path: Path, name: str, begin: int, days: int, severity: Severity, told: str
) -> None:
    key = new_key()
    files = written(tmp_path, chain(key, name, begin=begin, days=days), key)
    (finding,) = looked(files)
    assert finding.severity is severity
    assert told in finding.what


def test_one_that_nobody_vouches_for(tmp_path: Path) -> None:
    key = new_key()
    own = signed(key, "mx.example.org", issuer="mx.example.org")
    (finding,) = looked(written(tmp_path, own, key))
    assert (finding.severity, finding.what) == (Severity.WARNING, "is self-signed")
    (finding,) = looked(written(tmp_path, signed(key, "mx.example.org"), key))
    assert "without that of its issuer" in finding.what


def test_none_of_our_own(tmp_path: Path) -> None:
    files = CertificateFiles(None, None, tmp_path / "self-signed.pem")
    (finding,) = looked(files)
    assert finding.severity is Severity.WARNING
    assert "will make a self-signed one" in finding.what
    assert any(
        "certbot certonly --standalone -d mx.example.org" in each for each in finding.remedies
    )


def test_a_key_that_does_not_fit(tmp_path: Path) -> None:
    (finding,) = looked(written(tmp_path, chain(new_key()), new_key()))
    assert finding.severity is Severity.FAILURE
    assert finding.what == f"does not belong to {tmp_path}/cert.pem"


def test_a_key_that_can_not_be_used(tmp_path: Path) -> None:
    key = new_key()
    (finding,) = looked(written(tmp_path, chain(key), key, b"secret"))
    assert finding.what == "is locked by a passphrase"
    (tmp_path / "key.pem").write_text("no key")
    (finding,) = looked(CertificateFiles(tmp_path / "cert.pem", tmp_path / "key.pem", tmp_path))
    assert finding.what == "holds no private key in PEM form"
    (tmp_path / "key.pem").unlink()
    (finding,) = looked(CertificateFiles(tmp_path / "cert.pem", tmp_path / "key.pem", tmp_path))
    assert (finding.severity, finding.what) == (Severity.FAILURE, "No such file or directory")


def test_a_key_that_everybody_reads(tmp_path: Path) -> None:
    key = new_key()
    files = written(tmp_path, chain(key), key)
    (tmp_path / "key.pem").chmod(0o644)
    (finding,) = looked(files)
    assert finding.remedies[-1].endswith(f"chmod o-rwx {tmp_path}/key.pem")


def test_a_file_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_text("-----BEGIN NOTHING-----")
    files = CertificateFiles(tmp_path / "cert.pem", tmp_path / "key.pem", tmp_path)
    (finding,) = looked(files)
    assert finding.severity is Severity.FAILURE
    assert "no certificate in PEM form" in finding.what


ROOTS = pytest.mark.skipif(os.geteuid() != 0, reason="tries the rights of another user: needs root")


def of_nobody(files: CertificateFiles) -> list[Finding]:
    user = ServerUser(65534, "nobody", Known.UNIT)
    return list(CertificateProbe(files, "mx.example.org", lambda: NOW, user).look())


@ROOTS
@pytest.mark.parametrize("closed", ["key.pem", "", "archive"])
def test_what_root_may_read_and_the_server_may_not(open_home: Path, closed: str) -> None:
    """As certbot has it: /etc/letsencrypt/live is root's alone. The remedy, typed, mends it."""
    place, home = open_home / "archive", open_home / "home"
    place.mkdir()
    home.mkdir()
    files = written(place, signed(KEY, "mx.example.org") + signed(KEY, "Authority"), KEY)
    files = CertificateFiles(files.certificate, files.key, home / "self-signed.pem")
    (place / "key.pem").chmod(0o640)
    os.chown(place / "key.pem", 65534, 0)
    os.chown(home, 65534, 0)
    home.chmod(0o700)
    if not closed:
        assert [each.severity for each in of_nobody(files)] == [Severity.OK]
        return
    (open_home / "archive/key.pem").chmod(0o600)
    os.chown(place / "key.pem", 0, 0)
    if closed == "archive":
        place.chmod(0o700)
    found = of_nobody(files)
    assert {each.severity for each in found} == {Severity.FAILURE}
    where = place if closed == "archive" else place / "key.pem"
    assert found[-1].what == f"may not be read by user nobody: {where} is closed to him"
    _said, copy, _where, certificate, key = found[-1].remedies
    subprocess.run(copy, shell=True, check=True)
    named = [Path(json.loads(line.partition(" = ")[2])) for line in (certificate, key)]
    copies = CertificateFiles(named[0], named[1], files.self_made)
    assert [each.severity for each in of_nobody(copies)] == [Severity.OK]


def test_the_hook_of_certbot_is_typed_as_it_stands(tmp_path: Path) -> None:
    files = CertificateFiles(None, None, tmp_path / "self-signed.pem")
    (found,) = looked(files)
    (line,) = (each for each in found.remedies if each.startswith("printf"))
    hook = tmp_path / "hook"
    subprocess.run(f"{line.partition(' | ')[0]} >{hook}", shell=True, check=True)
    subprocess.run(["sh", "-n", hook], check=True)
    assert '"$RENEWED_LINEAGE"/fullchain.pem "$RENEWED_LINEAGE"/privkey.pem' in hook.read_text()
    assert hook.read_text().startswith("#!/bin/sh\ninstall -o ")
