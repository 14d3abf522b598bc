"""The use cases over opened stores: of the command line, without a reactor, or of a server."""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from random import Random
from typing import cast

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock
from twisted.python import runtime

from bitrixmail.accounts import passwords
from bitrixmail.admin.accounts import Accounts
from bitrixmail.admin.applying import Applying
from bitrixmail.admin.dkim import DKIM
from bitrixmail.admin.event_log import EventLog
from bitrixmail.admin.grants import Grants
from bitrixmail.admin.handling import Handling
from bitrixmail.admin.letters import Letters
from bitrixmail.admin.mail_export import MailExport
from bitrixmail.admin.mail_import import MailImport
from bitrixmail.admin.mailbox_troubles import MailboxTroubles
from bitrixmail.admin.messages import Messages
from bitrixmail.admin.office import Office
from bitrixmail.admin.passwords import Passwords
from bitrixmail.admin.probes.own_addresses import own_addresses
from bitrixmail.admin.probes.users import user_name
from bitrixmail.admin.quarantine import Quarantine
from bitrixmail.admin.queue import Queue
from bitrixmail.admin.routes import Routes
from bitrixmail.admin.rule_book import RuleBook
from bitrixmail.admin.rule_editing import RuleEditing
from bitrixmail.admin.rule_runs import RuleRuns
from bitrixmail.admin.rules import Rules
from bitrixmail.admin.searching import Searching
from bitrixmail.admin.senders import Senders
from bitrixmail.admin.site import Sites
from bitrixmail.admin.spam import Spam
from bitrixmail.admin.spam_thresholds import SpamThresholds
from bitrixmail.admin.suppressions import Suppressions
from bitrixmail.admin.traces import Traces
from bitrixmail.admin.users import Users
from bitrixmail.admin.zones import LastLooks, Look, Zones
from bitrixmail.app.extending.extensions import Extensions
from bitrixmail.app.machine.local_time import system_timezone
from bitrixmail.app.machine.ownership import as_owner_of, make_data_dir
from bitrixmail.app.receiving.checks import witnesses_of
from bitrixmail.app.receiving.intake import intake_of
from bitrixmail.app.sending.outcomes import Deciding
from bitrixmail.app.sending.ticket_desk import tickets_of
from bitrixmail.app.sending.ways import outgoing_of
from bitrixmail.app.sending.ways_in import ways_in_of
from bitrixmail.app.settings.tree import Settings
from bitrixmail.app.watching.maillog import MailLog
from bitrixmail.cli.output import say
from bitrixmail.interfaces.extension import ILetter
from bitrixmail.interfaces.threads import IThreads
from bitrixmail.model.directory import RefusedLogin
from bitrixmail.model.errors import InputError, MailError
from bitrixmail.model.job import NewJob
from bitrixmail.outbound.outcomes import PAUSES
from bitrixmail.outbound.reasons.judging import classify
from bitrixmail.outbound.security.dkim_keys import make_keys
from bitrixmail.pipeline.acting import action_jobs
from bitrixmail.pipeline.list_files import LISTS, ListFiles
from bitrixmail.pipeline.queue_id import QueueIds
from bitrixmail.pipeline.routing import Router
from bitrixmail.rules.foreign import Ask
from bitrixmail.rules.judging import Allowed, Judging
from bitrixmail.store.database import error_behind
from bitrixmail.store.opening import Stores, inline_stores
from bitrixmail.store.trace_json import trace_from_json
from bitrixmail.tasks import InlineThreads

_PASSWORDS = Passwords(
    check=passwords.prepared,
    make=passwords.make_credential,
    matches=lambda credential, password: passwords.verify(password, credential),
)
_ANY_LENGTH = replace(_PASSWORDS, least_letters=1)


class _WallClock(Clock):
    """Tells the time, and runs nothing later. Made for one command."""

    def seconds(self) -> float:
        """Return the seconds since 1970."""
        return runtime.seconds()


def _asking(extensions: Callable[[], Extensions]) -> Ask:
    """Return what asks extensions; they are loaded if that is to happen at all."""

    def ask(name: str, letter: ILetter) -> tuple[str, ...]:
        try:
            loaded = extensions()
        except InputError as error:
            raise LookupError("; ".join(map(str, error.faults))) from None
        return loaded.answer_now(name, letter)

    return ask


@contextmanager
def opened_office(settings: Settings) -> Iterator[Office]:
    """Open the stores, making what is missing. Raises SetupError, InputError, MailError."""
    url, data_dir = settings.database.url, settings.data_dir
    clock = cast("IReactorTime", _WallClock())
    stores = inline_stores(url, data_dir, clock)
    with as_owner_of(data_dir):
        make_data_dir(data_dir)
        new = not stores.database.file.path.exists()
        stores.open_now()
        owner = user_name(os.geteuid())
    try:
        if new:
            # Also a hint for who stands in another directory than his server.
            say(f"note: there was no {stores.database.file.path}: made it, for user {owner}")
        # Scripts and files bring the passwords that mailboxes have had elsewhere: those count here
        yield office_of(settings, stores, clock, InlineThreads(), mailbox_passwords=_ANY_LENGTH)
    except MailError as error:
        found = error_behind(stores.database.file.path, error)
        if found is not None and found.exit_code == os.EX_DATAERR:
            raise found from error  # trying again later would not help
        raise
    finally:
        stores.close_now()


def _unknown(_address: str) -> None:
    """Tell of no login: only a server knows of them."""


def _nobody_sends(_jobs: Sequence[NewJob]) -> None:
    """Tell nobody: the server hears of jobs by itself that another process has written."""


def office_of(
    settings: Settings,
    stores: Stores,
    clock: IReactorTime,
    threads: IThreads,
    *,
    reading: IThreads | None = None,
    extensions: Callable[[], Extensions] | None = None,
    looks: LastLooks | None = None,
    look: Look | None = None,
    last_login: Callable[[str], datetime | None] = _unknown,
    refused_login: Callable[[str], RefusedLogin | None] = _unknown,
    queued: Callable[[Sequence[NewJob]], None] = _nobody_sends,
    mailbox_passwords: Passwords = _PASSWORDS,
) -> Office:
    """Marry the use cases with stores, and with who runs what takes long.

    Whole messages are read in `reading`, of a server other threads than those of passwords.
    `extensions` are those of a running server; without them they are loaded once somebody asks.
    `look` looks at records in the DNS, and `looks` keeps what was found; `last_login` tells when a
    mailbox was last logged in to, `refused_login` when in vain: a server has them.
    `queued` is told of jobs that are written, in the process that carries them out.
    """
    queue_ids = QueueIds(clock, Random())  # noqa: S311 - names, no secrets
    directory, messages, rulebook = stores.directory, stores.messages, stores.rulebook
    router = Router(directory, settings.server.hostname)
    reading = reading or threads
    extensions = extensions or cache(lambda: Extensions(settings, None))
    witnesses = witnesses_of(settings, stores, threads, clock, extensions)
    judging = Judging(
        settings.rules.time_limit,
        settings.rules.timezone or system_timezone(),
        ListFiles(settings.data_dir / LISTS).read,
        _asking(extensions),
        Allowed(
            frozenset(settings.commands),
            frozenset(settings.extensions.enabled),
            attachment_urls=bool(settings.actions.attachment_url),
            secrets=settings.actions.secret_names,
            portals=settings.actions.portal_names,
        ),
        witnesses,
    )
    dkim = DKIM(
        directory,
        stores.dkim_keys,
        make_keys,
        threads,
        clock,
    )
    kept = Messages(messages, Traces(trace_from_json, rulebook))
    rules = Rules(
        rulebook,
        directory,
        messages,
        router,
        clock=clock,
        judging=judging,
        threads=reading,
    )
    runs = RuleRuns(
        rulebook,
        directory,
        stores.runs,
        threads,
        clock,
        judging=judging,
    )
    spam = Spam(stores.counters, directory, messages, witnesses, clock)
    return Office(
        accounts=Accounts(directory, messages, mailbox_passwords, dkim, threads),
        grants=Grants(directory, stores.grants),
        messages=kept,
        rules=rules,
        sites=Sites(directory, rulebook, mailbox_passwords, judging, stores.grants),
        rule_book=RuleBook(rulebook, kept, directory, router, judging, threads=threads),
        rule_editing=RuleEditing(rulebook, directory, router, judging),
        runs=runs,
        applying=Applying(runs),
        mail_import=MailImport(
            messages,
            directory,
            rulebook,
            intake_of(
                stores.blobs,
                settings.store.inline_threshold,
                settings.data_dir,
                clock,
            ),
            clock=clock,
            judging=judging,
        ),
        mail_export=MailExport(messages, directory),
        routes=Routes(
            router,
            stores.suppressions,
            outgoing_of(settings),
            clock,
        ),
        tickets=tickets_of(settings, stores, clock, queue_ids.next, queued=queued, threads=threads),
        suppressions=Suppressions(stores.suppressions, clock),
        queue=Queue(
            stores.queue,
            messages,
            clock,
            timedelta(seconds=settings.outbound.lifetime),
            classify=classify,
            jobs=stores.jobs,
            outcomes=Deciding(settings, stores, MailLog(), queue_ids.next).outcomes,
            owner=f"command-{os.getpid()}",
            pauses=PAUSES,
        ),
        dkim=dkim,
        zones=Zones(
            dkim,
            settings.server.hostname,
            looks or LastLooks(),
            look,
            clock,
            own=lambda: own_addresses(settings.server.public_addresses),
        ),
        last_login=last_login,
        troubles=MailboxTroubles(stores.event_log, refused_login),
        ways_in=ways_in_of(settings),
        spam=spam,
        thresholds=SpamThresholds(rules, directory),
        quarantine=Quarantine(
            stores.quarantine,
            messages,
            directory,
            rulebook,
            stores.counters,
            clock=clock,
            judging=judging,
            jobs=action_jobs,
            threads=threads,
        ),
        senders=Senders(stores.senders, directory, rulebook, clock),
        users=users_of(stores, threads, clock),
        searching=Searching(stores.searching, clock),
        handling=Handling(
            stores.searching, messages, spam=spam, runs=runs, threads=reading, clock=clock
        ),
        letters=Letters(messages, reading),
        event_log=EventLog(stores.event_log, clock),
        hostname=settings.server.hostname,
    )


def users_of(stores: Stores, threads: IThreads, clock: IReactorTime) -> Users:
    """Marry the use cases of users with stores."""
    return Users(stores.users, _PASSWORDS, threads, clock)
