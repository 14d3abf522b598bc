"""The use cases of the command line over opened stores, without a reactor."""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from random import Random
from typing import cast

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock
from twisted.python import runtime

from bitrixmail.accounts import passwords
from bitrixmail.admin.accounts import Accounts
from bitrixmail.admin.dkim import DKIM
from bitrixmail.admin.grants import Grants
from bitrixmail.admin.mail_export import MailExport
from bitrixmail.admin.mail_import import MailImport
from bitrixmail.admin.messages import Messages
from bitrixmail.admin.passwords import Passwords
from bitrixmail.admin.probes.users import user_name
from bitrixmail.admin.quarantine import Quarantine
from bitrixmail.admin.queue import Queue
from bitrixmail.admin.routes import Routes
from bitrixmail.admin.rule_book import RuleBook
from bitrixmail.admin.rule_runs import RuleRuns
from bitrixmail.admin.rules import Rules
from bitrixmail.admin.senders import Senders
from bitrixmail.admin.site import Sites
from bitrixmail.admin.spam import Spam
from bitrixmail.admin.spam_thresholds import SpamThresholds
from bitrixmail.admin.suppressions import Suppressions
from bitrixmail.admin.traces import Traces
from bitrixmail.app.checks import witnesses_of
from bitrixmail.app.extensions import Extensions
from bitrixmail.app.intake import intake_of
from bitrixmail.app.local_time import system_timezone
from bitrixmail.app.maillog import MailLog
from bitrixmail.app.outcomes import Deciding
from bitrixmail.app.ownership import as_owner_of, make_data_dir
from bitrixmail.app.settings import Settings
from bitrixmail.app.ticket_desk import tickets_of
from bitrixmail.app.ways import outgoing_of
from bitrixmail.cli.output import say
from bitrixmail.cli.session import Office
from bitrixmail.interfaces.extension import ILetter
from bitrixmail.model.errors import InputError, MailError
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


class _WallClock(Clock):
    """Tells the time, and runs nothing later. Made for one command."""

    def seconds(self) -> float:
        """Return the seconds since 1970."""
        return runtime.seconds()


def _queue_ids() -> QueueIds:
    return QueueIds(cast("IReactorTime", _WallClock()), Random())  # noqa: S311 - names, no secrets


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
    stores = inline_stores(url, data_dir, cast("IReactorTime", _WallClock()))
    with as_owner_of(data_dir):
        make_data_dir(data_dir)
        new = not stores.database.file.path.exists()
        stores.open_now()
        owner = user_name(os.geteuid())
    try:
        if new:
            # Also a hint for who stands in another directory than his server.
            say(f"note: there was no {stores.database.file.path}: made it, for user {owner}")
        yield office_of(settings, stores)
    except MailError as error:
        found = error_behind(stores.database.file.path, error)
        if found is not None and found.exit_code == os.EX_DATAERR:
            raise found from error  # trying again later would not help
        raise
    finally:
        stores.close_now()


def office_of(settings: Settings, stores: Stores) -> Office:
    """Marry the use cases with stores."""
    directory, messages, rulebook = stores.directory, stores.messages, stores.rulebook
    router = Router(directory, settings.server.hostname)
    extensions = cache(lambda: Extensions(settings, None))
    clock = cast("IReactorTime", _WallClock())
    witnesses = witnesses_of(settings, stores, InlineThreads(), clock, extensions)
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
        InlineThreads(),
        cast("IReactorTime", _WallClock()),
    )
    kept = Messages(messages, Traces(trace_from_json, rulebook))
    rules = Rules(
        rulebook,
        directory,
        messages,
        router,
        clock=cast("IReactorTime", _WallClock()),
        judging=judging,
    )
    return Office(
        accounts=Accounts(directory, messages, _PASSWORDS, dkim),
        grants=Grants(directory, stores.grants),
        messages=kept,
        rules=rules,
        sites=Sites(directory, rulebook, _PASSWORDS, judging, stores.grants),
        rule_book=RuleBook(rulebook, kept, directory, router, judging),
        runs=RuleRuns(
            rulebook,
            directory,
            stores.runs,
            InlineThreads(),
            cast("IReactorTime", _WallClock()),
            judging=judging,
        ),
        mail_import=MailImport(
            messages,
            directory,
            rulebook,
            intake_of(
                stores.blobs,
                settings.store.inline_threshold,
                settings.data_dir,
                cast("IReactorTime", _WallClock()),
            ),
            clock=cast("IReactorTime", _WallClock()),
            judging=judging,
        ),
        mail_export=MailExport(messages, directory),
        routes=Routes(
            router,
            stores.suppressions,
            outgoing_of(settings),
            cast("IReactorTime", _WallClock()),
        ),
        tickets=tickets_of(settings, stores, cast("IReactorTime", _WallClock()), _queue_ids().next),
        suppressions=Suppressions(stores.suppressions, cast("IReactorTime", _WallClock())),
        queue=Queue(
            stores.queue,
            messages,
            cast("IReactorTime", _WallClock()),
            timedelta(seconds=settings.outbound.lifetime),
            classify=classify,
            jobs=stores.jobs,
            outcomes=Deciding(settings, stores, MailLog(), _queue_ids().next).outcomes,
            owner=f"command-{os.getpid()}",
            pauses=PAUSES,
        ),
        dkim=dkim,
        spam=Spam(
            stores.counters,
            directory,
            messages,
            witnesses,
            cast("IReactorTime", _WallClock()),
        ),
        thresholds=SpamThresholds(rules, directory),
        quarantine=Quarantine(
            stores.quarantine,
            messages,
            directory,
            rulebook,
            stores.counters,
            clock=cast("IReactorTime", _WallClock()),
            judging=judging,
            jobs=action_jobs,
        ),
        senders=Senders(stores.senders, directory, rulebook, cast("IReactorTime", _WallClock())),
        hostname=settings.server.hostname,
    )
