"""The doctor's probes, made of the settings; and one whole examination, for the command line."""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any, cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from bitrixmail.admin.doctor import Doctor, Progress
from bitrixmail.admin.probes.host_programs import sudo
from bitrixmail.admin.probes.name_servers import told_once
from bitrixmail.admin.probes.reserved import is_reserved
from bitrixmail.admin.probes.simple import KnownProbe
from bitrixmail.admin.probes.users import user_name
from bitrixmail.app.looks.host_probes import host_probes
from bitrixmail.app.looks.network_probes import network_probes
from bitrixmail.app.machine.daemon_threads import DaemonThreads
from bitrixmail.app.machine.ownership import as_owner_of
from bitrixmail.app.settings.tree import Settings
from bitrixmail.interfaces.probe import IProbe
from bitrixmail.interfaces.threads import IThreads
from bitrixmail.model.dkim import DKIMKey
from bitrixmail.model.errors import Fault, InputError, MailError, SetupError
from bitrixmail.model.finding import Finding, Severity
from bitrixmail.model.text import printable
from bitrixmail.store.opening import done, inline_stores

_MOST_DOMAINS = 50


def probes_of(
    settings: Settings,
    domains: Sequence[str],
    reactor: Any,
    threads: IThreads,
    keys: Mapping[str, Sequence[DKIMKey]] | None = None,
) -> Iterator[IProbe]:
    """Yield the probes in the order in which their findings are told. `reactor` runs."""
    yield from host_probes(settings, reactor, threads)
    yield from network_probes(settings, domains, reactor, keys)


def examination(
    settings: Settings,
    only: Sequence[str],
    progress: Progress,
    command: str = "bitrixmail",
) -> tuple[Finding, ...]:
    """Run the reactor until every probe (or those named in `only`) has told what it found.

    `command`: how this program is called, with these settings, from anywhere and by any user.
    Raises InputError for a name that no probe has, KeyboardInterrupt if it was interrupted.
    """
    from twisted.internet import reactor  # noqa: PLC0415 - importing it installs it

    domains, keys, known = _domains(settings)
    threads = DaemonThreads(cast("Any", reactor))
    probes = [*known, *probes_of(settings, domains, reactor, threads, keys)]
    chosen = chosen_probes(probes, only)
    doctor = Doctor(chosen, cast("IReactorTime", reactor))
    found = cast("tuple[Finding, ...]", run_once(reactor, lambda: doctor.examine(progress)))
    return told(found, command)


def _typed(finding: Finding, command: str) -> Finding:
    """Complete the first word of remedies that call this program, behind "sudo" as well."""

    def completed(remedy: str) -> str:
        start = "sudo " if remedy.startswith("sudo ") else ""
        own = remedy.removeprefix(start).startswith("bitrixmail ")
        return f"{start}{command}{remedy[len(start) + len('bitrixmail') :]}" if own else remedy

    return replace(finding, remedies=tuple(map(completed, finding.remedies)))


async def whole_findings(
    settings: Settings,
    keys: Mapping[str, Sequence[DKIMKey]],
    reactor: Any,
    threads: IThreads,
    progress: Progress,
) -> tuple[Finding, ...]:
    """Look as the command does, in a running server; `keys` are those of its domains."""
    domains = tuple(dict.fromkeys((*keys, *settings.server.domains)))
    probes = [*probes_of(settings, domains, reactor, threads, keys)]
    return await Doctor(probes, reactor).examine(progress)


def told(findings: tuple[Finding, ...], command: str) -> tuple[Finding, ...]:
    """Return findings as they are told: each advice once, commands as they are called."""
    return tuple(_typed(finding, command) for finding in told_once(findings))


async def first_findings(
    settings: Settings, domains: Sequence[str], reactor: Any, threads: IThreads
) -> tuple[Finding, ...]:
    """Look as a server does at its start: no stranger is connected to.

    Of names only those are asked for that can stand in the public DNS, and not too many.
    """
    public = [name for name in domains if not is_reserved(name)][:_MOST_DOMAINS]
    kept = {"mx"} if public else set()
    if not is_reserved(settings.server.hostname):
        kept |= {"hostname", "ptr"}
    if kept:
        kept.add("dns")
    probes = [
        *host_probes(settings, reactor, threads),
        *(each for each in network_probes(settings, public, reactor) if each.name in kept),
    ]
    return await Doctor(probes, reactor).examine(lambda _name, _done, _total: None)


def chosen_probes(probes: Sequence[IProbe], only: Sequence[str]) -> list[IProbe]:
    """Return the probes of these names, or all if none is named. Raises InputError."""
    names = dict.fromkeys(probe.name for probe in probes)
    unknown = [name for name in only if name not in names]
    if unknown:
        raise InputError(*(_unknown(name, list(names)) for name in unknown))
    return [probe for probe in probes if not only or probe.name in only]


def _unknown(name: str, names: list[str]) -> Fault:
    close = get_close_matches(name, names, 1)
    remedy = f'did you mean "{close[0]}"?' if close else f"there are: {', '.join(names)}"
    return Fault(
        f"--only {printable(name, 40)}", "there is nothing of that name to look at", remedy
    )


_Keys = Mapping[str, Sequence[DKIMKey]]


def _domains(settings: Settings) -> tuple[tuple[str, ...], _Keys | None, list[IProbe]]:
    """Read the domains and their keys; None: there are none to be read.

    A store that can't be opened is a finding, one not yet made is none.
    """
    asked = settings.server.domains
    try:
        stored = _stored_keys(settings)
    except PermissionError:
        return asked, None, [KnownProbe(_closed_store())]
    except SetupError as error:
        if error.exit_code == os.EX_NOPERM:
            return asked, None, [KnownProbe(_closed_store())]
        return asked, None, [KnownProbe(_no_store(error.problem, *error.remedies))]
    except MailError as error:
        return asked, None, [KnownProbe(_no_store(error.cause or str(error)))]
    if stored is None:
        what = "is not there yet: the first start makes it"
        return asked, None, [KnownProbe(Finding("store", "database", Severity.OK, what))]
    what = f"opens; domains: {len(stored)}"
    known = KnownProbe(Finding("store", "database", Severity.OK, what))
    return tuple(dict.fromkeys((*stored, *asked))), stored, [known]


def _stored_keys(settings: Settings) -> _Keys | None:
    clock = cast("IReactorTime", Clock())  # nothing is dated, nothing runs later
    stores = inline_stores(settings.database.url, settings.data_dir, clock)
    if not stores.database.file.path.exists():
        return None
    with as_owner_of(settings.data_dir), stores:
        names = [domain.name for domain in done(stores.directory.domains())]
        return {name: done(stores.dkim_keys.keys(name)) for name in names}


def _closed_store() -> Finding:
    return Finding(
        "store",
        "database",
        Severity.WARNING,
        f"may not be read by user {user_name(os.geteuid())}, who asks",
        "Its domains could not be looked at.",
        ("Look again as root:", sudo("bitrixmail doctor")),
    )


def _no_store(problem: str, *remedies: str) -> Finding:
    why = "Without its database the server takes no mail; its domains could not be looked at."
    return Finding("store", "database", Severity.FAILURE, problem, why, remedies)


def run_once(reactor: Any, work: Any) -> object:
    """Run a reactor for one coroutine; return its result or raise its error."""
    outcomes: list[object] = []

    def end(outcome: object) -> None:
        outcomes.append(outcome)
        if reactor.running:
            reactor.stop()

    reactor.callWhenRunning(lambda: Deferred.fromCoroutine(work()).addBoth(end))
    reactor.run()
    if not outcomes:
        raise KeyboardInterrupt
    if isinstance(outcomes[0], Failure):
        outcomes[0].raiseException()
    return outcomes[0]
