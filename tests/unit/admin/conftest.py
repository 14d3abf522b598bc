"""The use cases over the real store, inline, with a domain and two mailboxes in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock

from bitrixmail.admin.accounts import Accounts, MailboxOptions
from bitrixmail.admin.messages import Messages
from bitrixmail.admin.passwords import Passwords
from bitrixmail.admin.rules import Rules
from bitrixmail.admin.site import Sites
from bitrixmail.admin.traces import Traces
from bitrixmail.model.directory import Credential
from bitrixmail.model.errors import InputError
from bitrixmail.pipeline.routing import Router
from bitrixmail.rules.judging import Judging
from bitrixmail.store.opening import InlineStores
from bitrixmail.store.trace_json import trace_from_json
from tests.fakes.stores import make_stores, result_of


def check(password: str) -> None:
    if password.startswith("bad"):
        raise ValueError("a password does not begin with bad")


# Quick ones, in the forms of the real: what is made of a password is not in question here.
PASSWORDS = Passwords(
    check=check,
    make=lambda password: Credential(f"$argon2id$of-{password}", f"SCRAM-SHA-256$of-{password}"),
    matches=lambda credential, password: credential.password_hash == f"$argon2id$of-{password}",
)


@dataclass(frozen=True)
class House:
    stores: InlineStores
    accounts: Accounts
    messages: Messages
    rules: Rules
    sites: Sites

    def credential(self, address: str) -> Credential | None:
        return result_of(self.stores.directory.credential(address))


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[InlineStores]:
    with make_stores(tmp_path) as stores:
        yield stores


@pytest.fixture
def bare(stores: InlineStores) -> House:
    """A house without any domain."""
    directory, messages, rulebook = stores.directory, stores.messages, stores.rulebook
    return House(
        stores,
        Accounts(directory, messages, PASSWORDS),
        Messages(messages, Traces(trace_from_json, rulebook)),
        Rules(
            rulebook,
            directory,
            messages,
            Router(directory, "mx.example.org"),
            clock=cast("IReactorTime", Clock()),
            judging=Judging(0.1),
        ),
        Sites(directory, rulebook, PASSWORDS, Judging(0.1), stores.grants),
    )


@pytest.fixture
def house(bare: House) -> House:
    result_of(bare.accounts.add_domain("example.org"))
    for address in ("info@example.org", "shop@example.org"):
        result_of(bare.accounts.add_mailbox(address, None, MailboxOptions()))
    return bare


def faults(caught: pytest.ExceptionInfo[InputError]) -> list[str]:
    """Return what a person would read."""
    return [str(fault) for fault in caught.value.faults]
