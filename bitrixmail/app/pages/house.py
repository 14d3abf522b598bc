"""The running server as its pages see it: see IHouse."""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID
from zope.interface import implementer

from bitrixmail.admin.probes.holders import connections_to
from bitrixmail.app.listening.listeners import Listener
from bitrixmail.app.receiving.receivers import Receivers
from bitrixmail.app.receiving.reception import Reception
from bitrixmail.app.settings.reload import Reload
from bitrixmail.app.watching.history import History
from bitrixmail.app.watching.reports import Reports
from bitrixmail.app.watching.tally import RECEIVED
from bitrixmail.app.watching.troubles import Troubles
from bitrixmail.interfaces.house import IHouse
from bitrixmail.model.errors import Fault, NotFoundError, SetupError
from bitrixmail.model.house import (
    CertificateFacts,
    ListenerState,
    Listening,
    LogLine,
    Process,
    Reloaded,
    Samples,
    Vitals,
)
from bitrixmail.model.text import printable
from bitrixmail.net.tls import Material
from bitrixmail.tasks import utcnow

OF_PAGES = ("web", "webs")
_WITHOUT_MAIL = (*OF_PAGES, "pop3", "pop3s", "metrics")
# A door under TLS from the start is the same door
_TWINS = {"submissions": "submission"}


@dataclass(slots=True)
class _Known:
    """What is remembered of a listener: since when it is in its state, and why it failed."""

    since: datetime
    failed: SetupError | None = None


@dataclass(frozen=True, slots=True)
class Inside:
    """What compose has married, as far as the pages tell of it.

    `changed` is called when a listener was stopped or started, or the settings were read anew.
    """

    reception: Reception
    listeners: Sequence[Listener]
    receivers: Receivers | None
    reload: Reload
    changed: Callable[[], None]


@implementer(IHouse)
class House:
    """See IHouse. Made by compose for the pages, lives as long as the server."""

    def __init__(
        self, inside: Inside, history: History, reports: Reports, troubles: Troubles, clock: Any
    ) -> None:
        self._reception = inside.reception
        self._listeners = {str(listener.name): listener for listener in inside.listeners}
        self._receivers = inside.receivers
        self._reload = inside.reload
        self._history = history
        self._reports = reports
        self._troubles = troubles
        self._clock = clock
        self._changed = inside.changed
        self._started = utcnow(clock)
        self._known = {name: _Known(self._started) for name in self._listeners}

    def begun(self) -> None:
        """Take note that the server is ready: its doors listen since now."""
        self._started = utcnow(self._clock)
        for known in self._known.values():
            known.since = self._started

    async def listeners(self) -> tuple[Listening, ...]:
        """See IHouse."""
        ports = {listener.port_number for listener in self._listeners.values()} - {0}
        open_now = await self._reception.threads.run(connections_to, ports)
        counts = self._reports.counts()
        return tuple(
            self._told(name, listener, open_now, counts)
            for name, listener in self._listeners.items()
        )

    def _told(
        self,
        name: str,
        listener: Listener,
        open_now: dict[tuple[str, int], int],
        counts: dict[str, int],
    ) -> Listening:
        known, door, endpoint = self._known[name], listener.door, listener.endpoint
        address = endpoint.arguments.get("interface", endpoint.arguments.get("address", ""))
        arrived = self._reports.arrived(listener)
        state = ListenerState.STOPPED if listener.halted else ListenerState.LISTENING
        if known.failed is not None:
            state = ListenerState.FAILED
        port = listener.port_number or endpoint.port
        return Listening(
            name=name,
            door=door,
            endpoint=endpoint.text,
            address=address,
            port=port,
            state=state,
            since=known.since,
            problem="" if known.failed is None else known.failed.problem,
            remedies=() if known.failed is None else known.failed.remedies,
            open_now=_open(open_now, address, port) if port else None,
            taken=arrived.count,
            last_peer=arrived.peer,
            last_at=self._at(arrived.at),
            messages=None
            if door in _WITHOUT_MAIL
            else counts.get(f"{RECEIVED}/{_TWINS.get(door, door)}", 0),
            of_pages=door in OF_PAGES,
        )

    def _at(self, seconds: float) -> datetime | None:
        """Return the time of day of a moment of the reactor's clock; None for none."""
        if not seconds:
            return None
        wall = getattr(self._clock, "wall_seconds", self._clock.seconds)
        return datetime.fromtimestamp(wall() - self._clock.seconds() + seconds, UTC)

    def stop(self, name: str) -> None:
        """See IHouse."""
        self._find(name).halt()
        self._known[name] = _Known(utcnow(self._clock))
        self._changed()

    def start(self, name: str) -> None:
        """See IHouse."""
        listener = self._find(name)
        try:
            listener.resume()
        except SetupError as error:
            self._known[name] = _Known(utcnow(self._clock), error)
            self._changed()
            raise
        self._known[name] = _Known(utcnow(self._clock))
        self._changed()
        if self._receivers is not None and listener.door == "smtp":
            self._receivers.resume()

    def _find(self, name: str) -> Listener:
        found = self._listeners.get(name)
        if found is None:
            raise NotFoundError(Fault(f"listener {printable(name, 80)}", "there is none"))
        return found

    async def vitals(self) -> Vitals:
        """See IHouse."""
        receivers = () if self._receivers is None else self._receivers.pids
        _, kept = await self._reception.stores.messages.totals()
        return await self._reception.threads.run(self._vitals, (os.getpid(), *receivers), kept)

    def _vitals(self, pids: Sequence[int], kept: int) -> Vitals:
        stores, material = self._reception.stores, self._reception.tls.material
        file = stores.database.file.path
        where = os.statvfs(stores.data_dir)
        return Vitals(
            version=version("bitrixmail"),
            now=utcnow(self._clock),
            started=self._started,
            processes=tuple(Process(pid, place, _memory(pid)) for place, pid in enumerate(pids)),
            data_dir=str(stores.data_dir),
            database=sum(map(_size, (file, file.with_name(f"{file.name}-wal")))),
            free=where.f_bavail * where.f_frsize,
            kept=kept,
            certificate=None if material is None else _facts(material),
            waiting=self._reload.waiting,
        )

    def reload(self) -> Reloaded:
        """See IHouse."""
        reloaded = self._reload.reload()
        self._changed()
        return reloaded

    def history(self, span: str) -> Samples:
        """See IHouse."""
        return self._history.samples(span)

    def totals(self) -> dict[str, int]:
        """See IHouse."""
        return self._reports.counts()

    def troubles(self) -> tuple[LogLine, ...]:
        """See IHouse."""
        return self._troubles.newest()


def _open(counted: dict[tuple[str, int], int], address: str, port: int) -> int:
    """Return how many connections there are to a port; of one address only if it is bound to it."""
    return sum(
        count
        for (found, number), count in counted.items()
        if number == port and (not address or found == address)
    )


def _memory(pid: int) -> int:
    """Return the octets of memory that a process holds; 0 for one that is gone (proc(5))."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text("ascii", "replace").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:")), 0)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _facts(material: Material) -> CertificateFacts:
    certificate = x509.load_pem_x509_certificates(material.chain_pem)[0]
    try:
        alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        names = tuple(alternative.value.get_values_for_type(x509.DNSName))
    except x509.ExtensionNotFound:
        common = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        names = tuple(str(each.value) for each in common)
    return CertificateFacts(
        names=names[:50],
        expires=certificate.not_valid_after_utc,
        self_signed=certificate.issuer == certificate.subject,
        file=str(material.certificate),
    )
