"""The doctor's looks at this machine, made of the settings."""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from twisted.internet.interfaces import IReactorTime

from bitrixmail.admin.probes import (
    certificate,
    clock,
    descriptors,
    disk,
    firewall,
    fsync,
    openssl,
    pickup,
    ports,
    privilege,
    redirect,
)
from bitrixmail.admin.probes.filter_reading import read_filters
from bitrixmail.admin.probes.own_addresses import is_public, own_addresses
from bitrixmail.admin.probes.places import PUBLIC_PORTS, Place
from bitrixmail.admin.probes.simple import BlockingProbe, Look
from bitrixmail.admin.probes.units import FOLDERS, socket_of
from bitrixmail.app.settings.endpoints import Endpoint
from bitrixmail.app.settings.tree import DOORS, Settings
from bitrixmail.interfaces.probe import IProbe
from bitrixmail.interfaces.threads import IThreads
from bitrixmail.tasks import utcnow

_PACKAGE = Path(__file__).parents[1]
_REDIRECT = _PACKAGE.parent / "etc/nftables/bitrixmail.nft"


def host_probes(settings: Settings, reactor: IReactorTime, threads: IThreads) -> Iterator[IProbe]:
    """Yield the probes in the order in which their findings are told."""
    for name, look in looks(settings, lambda: utcnow(reactor)):
        yield BlockingProbe(name, look, threads)


def looks(settings: Settings, now: Callable[[], datetime]) -> Iterator[tuple[str, Look]]:
    """Yield the looks by the names of their probes. `now`: the time, aware."""
    places, data_dir = tuple(places_of(settings)), settings.data_dir.absolute()
    more = tuple(
        _place(name, endpoint)
        for name in ("metrics", "attachments")
        for endpoint in settings.listen.door(name)
    )
    # Both ask the same programs, and these take their time.
    filters = functools.cache(read_filters)
    yield ports.NAME, ports.PortsProbe((*places, *more), data_dir).look
    yield privilege.NAME, privilege.PrivilegeProbe(places, data_dir).look
    script = str(_REDIRECT) if _REDIRECT.exists() else ""
    faces_the_world = any(map(is_public, own_addresses().found))
    leading = redirect.RedirectProbe(
        places, script, filters, data_dir=data_dir, faces_the_world=faces_the_world
    )
    yield redirect.NAME, leading.look
    yield firewall.NAME, firewall.FirewallProbe(places, filters).look
    files = certificate.CertificateFiles(
        certificate=Path(settings.tls.certificate).absolute() if settings.tls.certificate else None,
        key=Path(settings.tls.key).absolute() if settings.tls.key else None,
        self_made=data_dir / "self-signed.pem",
    )
    hostname = settings.server.hostname
    yield certificate.NAME, certificate.CertificateProbe(files, hostname, now).look
    yield openssl.NAME, openssl.OpenSSLProbe(now).look
    yield disk.NAME, disk.DiskProbe(data_dir, settings.smtp.max_size).look
    yield fsync.NAME, fsync.FsyncProbe(data_dir, os.environ).look
    installed = datetime.fromtimestamp(Path(__file__).stat().st_mtime, UTC)
    yield clock.NAME, clock.ClockProbe(now, installed).look
    folder = Path(settings.pickup.directory).absolute() if settings.pickup.directory else None
    yield pickup.NAME, pickup.PickupProbe(folder or data_dir / "pickup", now).look
    connections = settings.smtp.connections + settings.access.connections
    yield descriptors.NAME, descriptors.DescriptorsProbe(connections, data_dir).look


def places_of(settings: Settings) -> Iterator[Place]:
    """Yield where the doors of this version listen."""
    for door in DOORS:
        for endpoint in settings.listen.door(door):
            yield _place(door, endpoint)


def _place(door: str, endpoint: Endpoint) -> Place:
    if endpoint.kind == "systemd":
        return inherited(door, endpoint)
    address = endpoint.arguments.get("interface", "")
    return Place(door, endpoint.kind, endpoint.port, address, endpoint.text)


def inherited(door: str, endpoint: Endpoint, folders: Sequence[Path] = FOLDERS) -> Place:
    """Ask the unit of a socket where it listens; without one it is taken for the public port."""
    if endpoint.arguments["domain"] == "UNIX":
        return Place(door, "unix", text=endpoint.text)
    unit = socket_of(endpoint.arguments.get("name", ""), folders)
    if unit is None:
        return Place(door, endpoint.kind, PUBLIC_PORTS.get(door, 0), "", endpoint.text)
    everywhere = unit.address in ("", "::") and not unit.only_ipv6
    address = "" if everywhere else unit.address or "::"
    return Place(door, endpoint.kind, unit.port, address, endpoint.text)
