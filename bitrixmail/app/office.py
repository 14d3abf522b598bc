"""The use cases of the command line over opened stores, without a reactor."""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock
from twisted.python import runtime

from bitrixmail.accounts import passwords
from bitrixmail.admin.accounts import Accounts
from bitrixmail.admin.messages import Messages
from bitrixmail.admin.passwords import Passwords
from bitrixmail.admin.rules import Rules
from bitrixmail.admin.site import Sites
from bitrixmail.app.ownership import as_owner_of, make_data_dir, user_name
from bitrixmail.app.settings import Settings
from bitrixmail.cli.output import say
from bitrixmail.cli.session import Office
from bitrixmail.pipeline.content import HEAD_LIMIT_OCTETS
from bitrixmail.pipeline.routing import Router
from bitrixmail.store.opening import Stores, inline_stores
from bitrixmail.store.trace_json import trace_from_json

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
    finally:
        stores.close_now()


def office_of(settings: Settings, stores: Stores) -> Office:
    """Marry the use cases with stores."""
    directory, messages, rulebook = stores.directory, stores.messages, stores.rulebook
    time_limit_s = settings.rules.time_limit
    return Office(
        accounts=Accounts(directory, messages, _PASSWORDS),
        messages=Messages(messages, trace_from_json),
        rules=Rules(
            rulebook,
            directory,
            messages,
            Router(directory, settings.server.hostname),
            head_octets=HEAD_LIMIT_OCTETS,
            time_limit_s=time_limit_s,
        ),
        sites=Sites(directory, rulebook, _PASSWORDS, time_limit_s),
    )
