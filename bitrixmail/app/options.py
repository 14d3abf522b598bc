"""The options of `twistd bitrixmail`, and the same from the environment for the .tac file."""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

import os
import platform
import ssl
import sys
from importlib.metadata import version
from pathlib import Path
from typing import ClassVar

from OpenSSL import SSL
from twisted.copyright import version as twisted_version
from twisted.python import usage

from bitrixmail.app.settings.loading import settings_file
from bitrixmail.app.settings.sources import SettingSources
from bitrixmail.app.settings.tree import Settings
from bitrixmail.model.text import printable


class Options(usage.Options):
    """What may be said on the command line. Made by twistd, read by `tap`."""

    synopsis = "[options]"
    longdesc = (
        "A mail server for site owners: receives, sorts by rules, keeps, and serves mail."
        " Settings: defaults < --config < environment (BITRIXMAIL_SMTP__MAX_SIZE=20MiB) < --set"
        " and the options below. Domains, mailboxes and rules: see `bitrixmail --help`."
    )
    optParameters: ClassVar[list[list[str | None]]] = [
        ["config", "c", None, "file of settings (TOML) [environment: BITRIXMAIL_CONFIG]"],
        ["data-dir", "d", None, "where everything is kept; for server.data_dir"],
        ["hostname", None, None, "name of this server; for server.hostname"],
    ]
    optFlags: ClassVar[list[list[str | None]]] = [
        ["check-config", None, "check the settings, tell every fault, and exit (0 or 78)"],
    ]
    compData = usage.Completions(
        optActions={
            "config": usage.CompleteFiles("*.toml", descr="file of settings"),
            "data-dir": usage.CompleteDirs(descr="data directory"),
        }
    )

    def __init__(self) -> None:
        super().__init__()
        self._overrides: list[str] = []
        self._smtp: list[str] = []
        self._domains: list[str] = []

    def opt_set(self, assignment: str) -> None:
        """One setting, section.key=value; may be repeated."""
        self._overrides.append(assignment)

    def opt_smtp(self, endpoint: str) -> None:
        """Where to listen for SMTP, like tcp:25; repeated: several. Replaces listen.smtp."""
        self._smtp.append(endpoint)

    def opt_domain(self, name: str) -> None:
        """A domain to make at the start if it does not exist; may be repeated."""
        self._domains.append(name)

    def opt_version(self) -> None:
        """Show the versions of bitrixmail, Twisted, Python and both OpenSSLs, and exit."""
        sys.stdout.write(versions())
        raise SystemExit(0)

    def postOptions(self) -> None:
        """Look whether twistd can write its pid down, which it would tell by a traceback."""
        twistd = getattr(self, "parent", None)
        named = twistd["pidfile"] if twistd is not None else ""
        if not named:
            return
        file = Path(named)
        if not os.access(file if file.exists() else file.parent, os.W_OK):
            remedy = "name another one before the word bitrixmail, or none: --pidfile="
            raise usage.UsageError(f"--pidfile {printable(named)} can't be written ({remedy})")

    def settings(self, *, beyond: bool = False) -> Settings:
        """Read the settings of all sources, now; `beyond`: and look at what they name.

        Raises InputError.
        """
        return self.sources().load(beyond=beyond)

    def sources(self) -> SettingSources:
        """Return where the settings come from."""
        overrides = list(self._overrides)
        for option, path in (("data-dir", "server.data_dir"), ("hostname", "server.hostname")):
            if self[option] is not None:
                overrides.append(f"{path}={self[option]}")
        if self._smtp:
            overrides.append(f"listen.smtp={','.join(self._smtp)}")
        if self._domains:
            overrides.append(f"server.domains={','.join(self._domains)}")
        file = settings_file(self["config"], os.environ)
        return SettingSources(file, os.environ, tuple(overrides))


def versions() -> str:
    """Name what runs here, one a line: the ssl module and Twisted have an OpenSSL each."""
    return (
        f"bitrixmail {version('bitrixmail')}\n"
        f"Twisted {twisted_version}\n"
        f"Python {platform.python_version()}\n"
        f"{ssl.OPENSSL_VERSION} (module ssl)\n"
        f"{SSL.SSLeay_version(SSL.SSLEAY_VERSION).decode()} (doors)\n"
    )
