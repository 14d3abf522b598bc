"""The settings of what rules want done outside: retries, secrets, hosts of one's own.

See `settings`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, ConfigDict

from bitrixmail.app.settings.values import (
    FORBID,
    Durations,
    Octets,
    Patience,
    as_list,
    as_table,
    doc,
    wrong,
)
from bitrixmail.mime.urls import is_url, read_url
from bitrixmail.model.errors import Fault, InputError
from bitrixmail.model.schedule import RetryPlan
from bitrixmail.model.secret import Secret
from bitrixmail.model.text import printable
from bitrixmail.net.reachable import read_host

_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
_MOST_SECRET = 4096


def _name(given: object) -> str:
    if not isinstance(given, str) or not _NAME.fullmatch(given):
        shown = printable(repr(given), 80)
        raise wrong(f"{shown} is not a name", 'up to 40 letters, digits, "-" and "_": "crm"')
    return given


def _private_host(given: object) -> str:
    try:
        return read_host(str(given))
    except ValueError as error:
        shown = printable(repr(given), 80)
        raise wrong(f"{shown} is {error}", 'write it like "127.0.0.1:8080"') from None


def _base(given: object) -> str:
    if given == "":
        return ""
    try:
        url = read_url(str(given)).url
        if "?" in url:
            raise ValueError("has a query")  # noqa: TRY301 - told alike
    except ValueError as error:
        shown = printable(repr(given), 80)
        remedy = 'write it like "https://shop.example.org/mail/"'
        raise wrong(f"{shown} {error}", remedy) from None
    return url if url.endswith("/") else f"{url}/"


def _one_or_more(given: object) -> object:
    """Take one secret for a list of it: a comma is part of it. What is given is never shown."""
    if isinstance(given, str):
        return [given]
    if not isinstance(given, list | tuple) or not all(isinstance(each, str) for each in given):
        remedy = 'in quotes: { crm = "…" }, or { crm = ["new", "old"] }'
        raise wrong("is neither a text nor a list of texts", remedy)
    return given


_Name = Annotated[str, BeforeValidator(_name)]
_Hosts = Annotated[
    tuple[Annotated[str, BeforeValidator(_private_host)], ...], BeforeValidator(as_list)
]
_Base = Annotated[str, BeforeValidator(_base)]
_Values = Annotated[tuple[str, ...], BeforeValidator(_one_or_more)]
_Secrets = Annotated[dict[_Name, _Values], BeforeValidator(as_table)]
_Bound = Annotated[dict[_Name, _Hosts], BeforeValidator(as_table)]
_Files = Annotated[dict[_Name, str], BeforeValidator(as_table)]


@dataclass(frozen=True, slots=True)
class Actions:
    """What rules want done outside: webhooks, Bitrix24, commands and so on.

    Reread at SIGHUP.
    """

    __pydantic_config__: ClassVar[ConfigDict] = FORBID

    retry: Annotated[
        Durations,
        doc(
            "Waiting before each new attempt; the last one again and again. A server that can't be"
            " reached is left alone as long."
        ),
    ] = (10.0, 60.0, 300.0, 900.0, 3600.0)
    lifetime: Annotated[
        Patience,
        doc("How long it is attempted; then it is given up: `bitrixmail queue list --state dead`."),
    ] = 3 * 86400.0
    private_hosts: Annotated[
        _Hosts,
        doc(
            "Servers with addresses that the Internet can't reach, or of this machine, that"
            ' rules may call: ["127.0.0.1:8080", "crm.example.org"]. Others are refused.'
        ),
    ] = ()
    max_size: Annotated[
        Octets,
        doc("Of a larger message who is called gets the beginning, without attachments."),
    ] = 16 * 2**20
    attachment_url: Annotated[
        _Base,
        doc(
            'What stands before attachments/… in the links of `attachments = "url"`, as others'
            ' reach listen.attachments: "https://shop.example.org/mail/". Empty: no rule may have'
            " them."
        ),
    ] = ""
    attachment_lifetime: Annotated[Patience, doc("How long such a link is good.")] = 7 * 86400.0
    secrets: Annotated[
        _Secrets,
        doc(
            'Secrets by the names that rules have for them: { crm = "…" }. While a new one replaces'
            ' an old one, both in a list, the new one first: { crm = ["new", "old"] }. Better:'
        ),
    ] = field(default_factory=dict)
    secret_files: Annotated[
        _Files,
        doc(
            "The same in files, readable by the server's user alone, each line a secret:"
            ' { crm = "/etc/bitrixmail/crm.secret" }.'
        ),
    ] = field(default_factory=dict)
    secret_hosts: Annotated[
        _Bound,
        doc(
            'Hosts that alone are told a secret in header fields: { shop = ["shop.example.org"] }.'
            " One without hosts is told to whomever a rule calls, but for addresses of portals."
        ),
    ] = field(default_factory=dict)

    def faults(self) -> Iterator[Fault]:
        """Find what is wrong with lists and tables."""
        if not self.retry or min(self.retry) < 1:
            remedy = 'for example ["10s", "5m", "1h"]'
            yield Fault("actions.retry", "has no wait, or one below a second", remedy)
        for name in self.secrets.keys() & self.secret_files.keys():
            where = f"actions.secrets.{name}"
            yield Fault(where, "is in actions.secret_files, too", "leave one of them out")
        for name, values in self.secrets.items():
            if not values or not all(values):
                yield Fault(f"actions.secrets.{name}", "is empty", "write the secret there")

        for name, hosts in self.secret_hosts.items():
            if name not in self.secrets and name not in self.secret_files:
                remedy = "write it as it stands in actions.secrets or secret_files"
                yield Fault(f"actions.secret_hosts.{name}", "is the name of no secret", remedy)
            if not hosts:
                remedy = 'name one, or leave it out: ["shop.example.org"]'
                yield Fault(f"actions.secret_hosts.{name}", "has no host", remedy)

    def retry_plan(self) -> RetryPlan:
        """Return the retries as the queue takes them; nobody is told that it takes longer."""
        lifetime = timedelta(seconds=self.lifetime)
        return RetryPlan(self.pauses, {}, lifetime, delay_notice=lifetime)

    @property
    def pauses(self) -> tuple[timedelta, ...]:
        """How long what is down is left alone."""
        return tuple(timedelta(seconds=each) for each in self.retry)

    @property
    def secret_names(self) -> frozenset[str]:
        """The names that rules may use, whatever is in the files."""
        return frozenset((*self.secrets, *self.secret_files))

    @property
    def portal_names(self) -> frozenset[str]:
        """Those of secrets that are addresses, as far as they stand in the settings."""
        return frozenset(name for name, found in self.secrets.items() if any(map(is_url, found)))

    def read_secrets(self) -> Mapping[str, tuple[Secret, ...]]:
        """Return the secrets by name, also those of files. Raises InputError with every fault."""
        found = {name: tuple(map(Secret, values)) for name, values in self.secrets.items()}
        faults = []
        for name, path in self.secret_files.items():
            try:
                found[name] = _read(Path(path))
            except OSError as error:
                what, remedy = error.strerror or str(error), "make it: chmod 400, chown"
                faults.append(_fault(name, path, what, remedy))
            except ValueError as error:
                faults.append(_fault(name, path, str(error), "write it there, in UTF-8"))
        if faults:
            raise InputError(*faults)
        return found


def _read(path: Path) -> tuple[Secret, ...]:
    with path.open("rb") as file:
        octets = file.read(_MOST_SECRET + 1)
    if len(octets) > _MOST_SECRET:
        raise ValueError(f"has more than {_MOST_SECRET} octets")
    try:
        lines = octets.decode("utf-8").splitlines()
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8") from None
    found = tuple(Secret(line) for line in lines if line)
    if not found:
        raise ValueError("has no secret in it")
    return found


def _fault(name: str, path: str, what: str, remedy: str) -> Fault:
    return Fault(f"actions.secret_files.{name}", f"{printable(path)}: {what}", remedy)
