"""MTA-STS: what a domain says of the hosts that take its mail, and of their TLS (RFC 8461).

A policy once fetched holds for its time, whatever becomes of the DNS and of its server meanwhile.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from twisted.logger import Logger

from bitrixmail.interfaces.destinations import IDestinations
from bitrixmail.interfaces.http import IHTTPClient
from bitrixmail.interfaces.resolver import IResolver
from bitrixmail.model.destination import Security
from bitrixmail.model.http import FetchError
from bitrixmail.model.text import printable

_log = Logger()
# RFC 8461 §3.3: these are what it proposes; §3.2: the longest time.
_MOST_OCTETS = 64 * 1024
_TIMEOUT_S = 60.0
_LONGEST_S = 31557600
_MOST_PATTERNS = 100
# §3.3: after a failure not at once again.
_PAUSE = timedelta(minutes=5)
_MOST_PAUSED = 1000
# Before the end it is asked for again though the id is the same: who keeps asking is never without.
_RENEW = timedelta(days=1)
_ID = re.compile(r"[A-Za-z0-9]{1,32}")
_NAME = re.compile(r"(\*\.)?[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_])?")


class Mode(StrEnum):
    """What a policy asks for where a host does not keep it (RFC 8461 §5)."""

    ENFORCE = "enforce"
    TESTING = "testing"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class STSPolicy:
    """A policy. `hosts` are names and patterns ("*.example.org") in lower case."""

    mode: Mode
    hosts: tuple[str, ...]
    max_age_s: int

    def allows(self, host: str) -> bool:
        """Tell whether a host may take the mail: a star stands for one label (§4.1)."""
        name = host.lower().removesuffix(".")
        parent = name.partition(".")[2]
        return any(
            parent == pattern[2:] if pattern.startswith("*.") else name == pattern
            for pattern in self.hosts
        )


class PolicyError(ValueError):
    """A text that is no policy; says why."""


def parse_policy(text: str) -> STSPolicy:
    """Read a policy (RFC 8461 §3.2). Raises PolicyError."""
    fields: dict[str, list[str]] = {}
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if colon:
            fields.setdefault(name.strip().lower(), []).append(value.strip())
    if fields.get("version", [""])[0] != "STSv1":
        raise PolicyError("it has no version STSv1")
    try:
        mode = Mode(fields.get("mode", [""])[0])
    except ValueError:
        raise PolicyError("it has no mode that is known") from None
    age = fields.get("max_age", [""])[0]
    if not (age.isascii() and age.isdecimal() and len(age) <= 10):
        raise PolicyError("it has no max_age that is a number")
    hosts = tuple(pattern.lower().removesuffix(".") for pattern in fields.get("mx", []))
    if mode is not Mode.NONE and not hosts:
        raise PolicyError("it names no host")
    if len(hosts) > _MOST_PATTERNS or not all(map(_NAME.fullmatch, hosts)):
        raise PolicyError("it names hosts that can't be read, or too many")
    return STSPolicy(mode, hosts, min(int(age), _LONGEST_S))


def record_id(texts: Sequence[str]) -> str:
    """Return the id of the one record that tells of a policy (§3.1); empty without one."""
    records = [text for text in texts if re.match(r"v=STSv1\s*;", text)]
    if len(records) != 1:
        return ""
    for field in records[0].split(";")[1:]:
        name, _, value = field.strip().partition("=")
        if name.strip() == "id" and _ID.fullmatch(value.strip()):
            return value.strip()
    return ""


class STSPolicies:
    """Finds the policies of destinations. Made by compose, lives as long as the server.

    `port` is where the policies are served: another than 443 for tests alone.
    """

    def __init__(
        self,
        resolver: IResolver,
        http: IHTTPClient,
        destinations: IDestinations,
        port: int = 443,
    ) -> None:
        self._resolver = resolver
        self._http = http
        self._destinations = destinations
        self._port = port
        self._paused: OrderedDict[str, datetime] = OrderedDict()

    async def policy(self, domain: str, known: Security | None, now: datetime) -> STSPolicy | None:
        """Return the policy of a domain that is in force; None: there is none.

        `known` is what the store remembers of it; a new policy is kept there. Raises MailError if
        that fails.
        """
        kept = _in_force(known, now)
        answer = await self._resolver.look_up(f"_mta-sts.{domain}", "TXT")
        found = record_id(answer.texts)
        if not found:
            return kept  # also if the record is gone: only a policy takes a policy back (§2.3)
        fresh = known is not None and known.sts_id == found
        ends_soon = known is None or known.sts_until is None or known.sts_until < now + _RENEW
        if kept is not None and fresh and not ends_soon:
            return kept
        if self._paused.get(domain, now) > now:
            return kept
        try:
            text, policy = await self._fetched(domain)
        except (FetchError, PolicyError) as error:
            self._pause(domain, now)
            if kept is None or not fresh:
                reason = printable(str(error), 200)
                _log.warn(
                    "the MTA-STS policy of {domain} can't be had: {reason}",
                    domain=domain,
                    reason=reason,
                )
            return kept
        until = now + timedelta(seconds=policy.max_age_s)
        await self._destinations.keep_policy(domain, found, text, until)
        return policy

    async def _fetched(self, domain: str) -> tuple[str, STSPolicy]:
        place = f"mta-sts.{domain}" + ("" if self._port == 443 else f":{self._port}")
        url = f"https://{place}/.well-known/mta-sts.txt"
        page = await self._http.get(url, _MOST_OCTETS, _TIMEOUT_S)
        if page.status != 200:
            raise FetchError(f"its server answers with status {page.status}")
        if page.content_type != "text/plain":
            raise FetchError(f"it is {page.content_type or 'of no kind'} and not text/plain")
        text = page.body.decode("utf-8", "replace")
        return text, parse_policy(text)

    def _pause(self, domain: str, now: datetime) -> None:
        self._paused[domain] = now + _PAUSE
        self._paused.move_to_end(domain)
        while len(self._paused) > _MOST_PAUSED:
            self._paused.popitem(last=False)


def _in_force(known: Security | None, now: datetime) -> STSPolicy | None:
    if known is None or known.sts_until is None or known.sts_until <= now:
        return None
    try:
        return parse_policy(known.sts_policy)
    except PolicyError:
        return None
