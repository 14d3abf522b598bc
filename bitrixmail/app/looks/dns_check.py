"""One look at the records of a domain of ours in the DNS, for the command line or a server."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from bitrixmail.admin.dns_check import Looked
from bitrixmail.admin.probes.own_addresses import own_addresses
from bitrixmail.admin.zones import Look
from bitrixmail.app.looks.doctor import run_once
from bitrixmail.app.looks.network_probes import dns_check, resolver_of
from bitrixmail.app.office import opened_office
from bitrixmail.app.settings.tree import Settings
from bitrixmail.model.dkim import DKIMKey, KeyState
from bitrixmail.model.finding import Finding
from bitrixmail.store.opening import done


def checked_names(settings: Settings, name: str) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """Run the reactor until all was asked; return what was found and which keys now sign.

    Raises what opening the stores does, and NotFoundError.
    """
    from twisted.internet import reactor  # noqa: PLC0415 - importing it installs it

    with opened_office(settings) as office:
        domain = done(office.dkim.domain(name))
        keys = done(office.dkim.ensure(domain))
        own = own_addresses(settings.server.public_addresses)
        check = dns_check(settings, domain, resolver_of(settings, reactor), own)
        now = office.dkim.now()
        looked = cast("Looked", run_once(reactor, lambda: check.look(keys, now)))
        changed = done(office.dkim.seen(domain, looked.published))
        now = office.dkim.now()
    begun = tuple(key.selector for key in changed if key.state(now) is not KeyState.RETIRED)
    return looked.findings, begun


def look_of(settings: Settings, reactor: Any) -> Look:
    """Return what looks at a domain, by the resolver of a server that runs."""

    async def look(domain: str, keys: Sequence[DKIMKey], at: datetime) -> Looked:
        own = own_addresses(settings.server.public_addresses)
        check = dns_check(settings, domain, resolver_of(settings, reactor), own)
        return await check.look(keys, at)

    return look
