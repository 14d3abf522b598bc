"""Whether certificate and key are good: who trusts them, until when, for which name. Blocking."""

from __future__ import annotations

import json
import shlex
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from bitrixmail.admin.probes.host_programs import IN_THE_FILE, doctor_again, program, sudo
from bitrixmail.admin.probes.server_user import ServerUser, server_user
from bitrixmail.admin.probes.users import closed_to
from bitrixmail.model.finding import Finding, Severity

NAME = "certificate"
_SOON = timedelta(days=14)
_LEAST_RSA_BITS = 2048
_HOOK = Path("/etc/letsencrypt/renewal-hooks/deploy/bitrixmail")


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """What the settings name; without `certificate` the one that the server makes itself.

    Its directory is that of the server's data, which is no one else's.
    """

    certificate: Path | None
    key: Path | None
    self_made: Path

    @property
    def named(self) -> tuple[Path, ...]:
        """Return those of the settings."""
        return tuple(file for file in (self.certificate, self.key) if file is not None)


class CertificateProbe:
    """Made by app for one examination; `look` runs in a thread."""

    def __init__(
        self,
        files: CertificateFiles,
        hostname: str,
        now: Callable[[], datetime],
        user: ServerUser | None = None,
    ) -> None:
        self._files = files
        self._hostname = hostname
        self._now = now
        self._user = user or server_user(files.self_made.parent)

    def look(self) -> tuple[Finding, ...]:
        """Read the files, and tell everything that is wrong; or until when all is well."""
        file = self._files.certificate
        if file is None:
            return (self._own_made(),)
        try:
            chain = x509.load_pem_x509_certificates(file.read_bytes())
        except OSError as error:
            return (self._unread(file, error),)
        except ValueError:
            return (self._finding(
                Severity.FAILURE, file, "holds no certificate in PEM form", _NO_START,
                "If it is in DER form, convert it:",
                f"openssl x509 -inform DER -in {file} -out cert.pem",
            ),)  # fmt: skip
        found = [*self._closed(), *self._of_key(chain[0]), *self._of(file, chain)]
        if not found:
            until = chain[0].not_valid_after_utc
            what = f"good for {self._hostname} until {until:%Y-%m-%d}"
            found = [self._finding(Severity.OK, file, what)]
        return tuple(found)

    def _own_made(self) -> Finding:
        file = self._files.self_made
        what = "there is none of your own: the server uses a self-signed one"
        if not file.exists():
            what = "there is none of your own: the server will make a self-signed one"
        why = (
            "That is enough for other mail servers, but a mail program asks whether to trust it,"
            " and some refuse."
        )
        return self._finding(Severity.WARNING, file, what, why, *self._getting())

    def _getting(self) -> tuple[str, ...]:
        """Return how to get one from Let's Encrypt, and where it then stands."""
        folder = Path("/etc/letsencrypt/live") / self._hostname
        install = () if program("certbot") else (sudo("apt-get install certbot"),)
        return (
            "Get one for nothing (port 80 must be open while it is made):",
            *install,
            sudo(f"certbot certonly --standalone -d {self._hostname}"),
            *self._copying(folder / "fullchain.pem", folder / "privkey.pem"),
        )

    def _copying(self, certificate: Path, key: Path) -> Iterator[str]:
        """Yield how the server's user gets files that root keeps for itself, now and later."""
        user, folder = self._user.name, self._files.self_made.parent
        yield "Give the server copies of both files, as its user may not read these:"
        yield sudo(f"install -o {user} -m 600 {certificate} {key} {folder}/")
        if certificate.is_relative_to("/etc/letsencrypt"):
            lineage = '"$RENEWED_LINEAGE"'
            files = f"{lineage}/{certificate.name} {lineage}/{key.name}"
            copy = f"install -o {user} -m 600 {files} {folder}/"
            lines = ("#!/bin/sh", f"{copy} && systemctl try-reload-or-restart bitrixmail")
            written = " ".join(map(shlex.quote, lines))
            yield "Let certbot do the same after each renewal:"
            yield f"printf '%s\\n' {written} | {sudo(f'tee {_HOOK}')}"
            yield sudo(f"chmod 755 {_HOOK}")
        yield f"Put this below [tls] {IN_THE_FILE}"
        yield f"certificate = {json.dumps(str(folder / certificate.name))}"
        yield f"key = {json.dumps(str(folder / key.name))}"

    def _closed(self) -> Iterator[Finding]:
        """Look whether the server's user may read both; root may, and so sees no fault."""
        for file in self._files.named if self._user.uid is not None else ():
            closed = closed_to(self._user.uid or 0, file)
            if closed is not None and file.exists():
                what = f"may not be read by user {self._user.name}: {closed} is closed to him"
                yield self._finding(Severity.FAILURE, file, what, _NO_START, *self._copies())

    def _copies(self) -> Iterator[str]:
        if self._files.certificate is not None and self._files.key is not None:
            yield from self._copying(self._files.certificate, self._files.key)

    def _of(self, file: Path, chain: list[x509.Certificate]) -> Iterator[Finding]:
        certificate, now = chain[0], self._now()
        until, begin = certificate.not_valid_after_utc, certificate.not_valid_before_utc
        if until < now:
            yield self._finding(
                Severity.FAILURE, file, f"is out of date since {until:%Y-%m-%d}", _NO_START,
                *self._renewing(),
            )  # fmt: skip
        elif until < now + _SOON:
            why = "Afterwards mail programs refuse to connect, and the server does not start."
            what = f"ends on {until:%Y-%m-%d}, in {(until - now).days} days"
            yield self._finding(Severity.WARNING, file, what, why, *self._renewing())
        if begin > now:
            yield self._finding(
                Severity.FAILURE, file, f"is not valid before {begin:%Y-%m-%d %H:%M} UTC",
                "Until then nobody trusts it; or the clock is wrong.",
                "Look at the clock:", doctor_again("clock"),
            )  # fmt: skip
        names = _names(certificate)
        if not any(_matches(name, self._hostname) for name in names):
            shown = ", ".join(names[:5]) or "no name at all"
            yield self._finding(
                Severity.WARNING, file, f"is for {shown}, not for {self._hostname}",
                "Mail programs that are told to use this name refuse to connect.",
                "Set server.hostname to a name of the certificate, or get one for this name:",
                sudo(f"certbot certonly --standalone -d {self._hostname}"),
            )  # fmt: skip
        if certificate.issuer == certificate.subject:
            yield self._finding(
                Severity.WARNING, file, "is self-signed", "Mail programs ask whether to trust it.",
                *self._getting(),
            )  # fmt: skip
        elif len(chain) == 1:
            yield self._finding(
                Severity.WARNING, file, "holds the certificate alone, without that of its issuer",
                "Some mail programs do not find the issuer by themselves, and refuse.",
                "Name the file with the whole chain (certbot's fullchain.pem) in tls.certificate.",
            )  # fmt: skip

    def _renewing(self) -> tuple[str, ...]:
        return (
            "Renew it, then let the server reread it:",
            sudo("certbot renew"),
            sudo("systemctl reload bitrixmail"),
        )

    def _of_key(self, certificate: x509.Certificate) -> Iterator[Finding]:
        file = self._files.key
        if file is None:
            return
        try:
            mode = file.stat().st_mode
            key = load_pem_private_key(file.read_bytes(), None)
        except OSError as error:
            yield self._unread(file, error)
            return
        except TypeError:
            yield self._finding(
                Severity.FAILURE, file, "is locked by a passphrase", _NO_START,
                "Unlock it:", f"openssl pkey -in {file} -out key.pem",
            )  # fmt: skip
            return
        except ValueError:
            remedy = 'It must hold lines from "-----BEGIN PRIVATE KEY-----" on.'
            what = "holds no private key in PEM form"
            yield self._finding(Severity.FAILURE, file, what, _NO_START, remedy)
            return
        form = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        if key.public_key().public_bytes(*form) != certificate.public_key().public_bytes(*form):
            yield self._finding(
                Severity.FAILURE, file, f"does not belong to {self._files.certificate}", _NO_START,
                "These must print the same:",
                f"openssl x509 -noout -pubkey -in {self._files.certificate}",
                f"openssl pkey -pubout -in {file}",
            )  # fmt: skip
        if mode & stat.S_IROTH:
            yield self._finding(
                Severity.WARNING, file, "may be read by every user of this machine",
                "Who reads it can pretend to be this server.",
                "Take the right away:", sudo(f"chmod o-rwx {file}"),
            )  # fmt: skip
        if isinstance(key, rsa.RSAPrivateKey) and key.key_size < _LEAST_RSA_BITS:
            why = "Mail programs of today refuse so short a key."
            what = f"has {key.key_size} bits only"
            yield self._finding(Severity.WARNING, file, what, why, *self._renewing())

    def _unread(self, file: Path, error: OSError) -> Finding:
        reason = error.strerror or str(error)
        remedies: tuple[str, ...] = (
            "Name the right file in the settings, or leave tls.certificate out.",
        )
        if isinstance(error, PermissionError):
            remedies = tuple(self._copies())
        return self._finding(Severity.FAILURE, file, reason, _NO_START, *remedies)

    @staticmethod
    def _finding(
        severity: Severity, file: Path, what: str, why: str = "", *remedies: str
    ) -> Finding:
        return Finding(NAME, str(file), severity, what, why, remedies)


_NO_START = "The server does not start with it."


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, ValueError):
        return []
    return found.value.get_values_for_type(x509.DNSName)


def _matches(pattern: str, hostname: str) -> bool:
    """Compare a name of a certificate; its asterisk stands for one whole label."""
    wanted, name = pattern.lower(), hostname.lower()
    if wanted.startswith("*."):
        return name.partition(".")[2] == wanted[2:]
    return wanted == name
