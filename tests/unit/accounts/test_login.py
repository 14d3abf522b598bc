"""Login names."""

from __future__ import annotations

import pytest

from bitrixmail.accounts.login import Login, identify
from bitrixmail.store.opening import InlineStores
from tests.fakes.stores import result_of


@pytest.mark.parametrize(
    ("name", "login"),
    [
        ("info@example.org", Login("info@example.org", "INBOX")),
        ("INFO@Example.ORG", Login("info@example.org", "INBOX")),
        ("info@example.org.", Login("info@example.org", "INBOX")),
        ("info+Invoices@example.org", Login("info@example.org", "Invoices")),
        ("info+Счета/2026@example.org", Login("info@example.org", "Счета/2026")),
        ("info+a+b@example.org", Login("info@example.org", "a+b")),
        ("info+inbox@example.org", Login("info@example.org", "INBOX")),
        ("info+@example.org", Login("info@example.org", "INBOX")),
        ("Пётр@почта.рф", Login("пётр@xn--80a1acny.xn--p1ai", "INBOX")),
        ("nobody+Box@example.org", Login("nobody@example.org", "Box")),
    ],
)
def test_a_name_is_an_address_with_or_without_a_folder(
    stores: InlineStores, name: str, login: Login
) -> None:
    assert result_of(identify(stores.directory, name.encode())) == login


def test_a_mailbox_that_has_a_plus_comes_before_a_folder(stores: InlineStores) -> None:
    login = result_of(identify(stores.directory, b"Plus+Tag@example.org"))
    assert login == Login("plus+tag@example.org", "INBOX")
    login = result_of(identify(stores.directory, b"plus+other@example.org"))
    assert login == Login("plus@example.org", "other")


@pytest.mark.parametrize("folder", ["../x", "a//b", "/", " x", "a\x01b", "x" * 256])
def test_what_cannot_be_a_folder_is_none(stores: InlineStores, folder: str) -> None:
    login = result_of(identify(stores.directory, f"info+{folder}@example.org".encode()))
    assert login == Login("info@example.org", "")


@pytest.mark.parametrize(
    "name", [b"", b"@", b"info", b"INFO", b"info@", b"info@no domain", b"\xff\xfe@\xff", b"info@example.org\n"]
)  # fmt: skip
def test_what_is_no_address_is_nobody(stores: InlineStores, name: bytes) -> None:
    login = result_of(identify(stores.directory, name))
    assert result_of(stores.directory.mailbox(login.account)) is None
    assert result_of(identify(stores.directory, name.upper())) == login


def test_a_name_without_end_is_cut(stores: InlineStores) -> None:
    login = result_of(identify(stores.directory, b"x" * 100_000))
    assert len(login.account) <= 1000


def test_an_avatar_id_holds_both() -> None:
    for login in (Login("пётр@example.org", "Счета/2026"), Login("info@example.org", "")):
        assert Login.of_avatar(login.avatar_id) == login
