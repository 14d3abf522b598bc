"""A directory with a few mailboxes, inline; hashing a password costs time, so it is done once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bitrixmail.accounts.passwords import make_credential
from bitrixmail.model.directory import Credential, Domain, Mailbox
from bitrixmail.store.opening import InlineStores
from tests.fakes.stores import make_stores, result_of


@pytest.fixture(scope="session")
def credential() -> Credential:
    """The password is `secret`."""
    return make_credential("secret")


@pytest.fixture
def stores(tmp_path: Path, credential: Credential) -> Iterator[InlineStores]:
    """info@ and plus+tag@ have the password `secret`, off@ too; postmaster@ has none."""
    with make_stores(tmp_path) as stores:
        directory = stores.directory
        result_of(directory.add_domain(Domain("example.org")))
        result_of(directory.add_domain(Domain("xn--80a1acny.xn--p1ai")))
        for mailbox in (
            Mailbox(0, "info@example.org"),
            Mailbox(0, "plus+tag@example.org"),
            Mailbox(0, "off@example.org", active=False),
            Mailbox(0, "пётр@xn--80a1acny.xn--p1ai"),
        ):
            result_of(directory.add_mailbox(mailbox, credential))
        yield stores
