"""What every directory does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from zope.interface.verify import verifyObject

from bitrixmail.interfaces.directory import IDirectory
from bitrixmail.model.directory import Alias, Credential, Domain, Mailbox
from bitrixmail.model.errors import ExistsError, InputError, NotFoundError
from tests.fakes.both_stores import BOTH, Opened

pytestmark = pytest.mark.parametrize("opened", BOTH)
SECRET = Credential("$argon2id$x", "SCRAM-SHA-256$y")


async def test_a_domain_comes_with_postmaster_and_abuse(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        directory = stores.directory
        verifyObject(IDirectory, directory)
        assert await directory.domain("example.org") is None
        await directory.add_domain(Domain("example.org", catch_all="Info@example.org"))
        domain = Domain("example.org", catch_all="info@example.org")
        assert await directory.domain("example.org") == domain
        assert await directory.domains() == (domain,)
        (postmaster,) = await directory.mailboxes("example.org")
        assert postmaster.address == "postmaster@example.org"
        assert not postmaster.has_password
        abuse = Alias("abuse@example.org", ("postmaster@example.org",))
        assert await directory.aliases("example.org") == (abuse,)
        assert await directory.alias("abuse@example.org") == abuse
        assert await directory.mailboxes("example.net") == ()
        with pytest.raises(ExistsError):
            await directory.add_domain(Domain("example.org"))


async def test_a_domain_may_stand_for_another(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        directory = stores.directory
        await directory.add_domain(Domain("example.org"))
        await directory.add_domain(Domain("example.net", alias_of="example.org"))
        assert await directory.mailboxes("example.net") == ()
        for bad, kind in (
            (Domain("a.example", alias_of="missing.example"), NotFoundError),
            (Domain("a.example", alias_of="example.net"), InputError),
        ):
            with pytest.raises(kind):
                await directory.add_domain(bad)
        for bad in (
            Domain("example.net", alias_of="example.net"),
            Domain("example.org", alias_of="example.net"),
        ):
            with pytest.raises(InputError):
                await directory.change_domain(bad)
        with pytest.raises(InputError, match=r"example\.net"):
            await directory.remove_domain("example.org")
        with pytest.raises(InputError, match="only stands for"):
            await directory.add_mailbox(Mailbox(0, "a@example.net"), None)
        await directory.change_domain(Domain("example.net"))
        assert await directory.domain("example.net") == Domain("example.net")
        with pytest.raises(NotFoundError):
            await directory.change_domain(Domain("missing.example"))


async def test_a_removed_domain_takes_everything_along(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        directory = stores.directory
        await directory.add_domain(Domain("example.org"))
        await directory.add_domain(Domain("example.net"))
        await directory.add_mailbox(Mailbox(0, "info@example.org"), SECRET)
        await directory.remove_domain("example.org")
        assert [found.name for found in await directory.domains()] == ["example.net"]
        assert len(await directory.mailboxes(None)) == 1
        assert [found.address for found in await directory.aliases(None)] == ["abuse@example.net"]
        assert await directory.mailbox("info@example.org") is None
        with pytest.raises(NotFoundError):
            await directory.remove_domain("example.org")


async def test_a_mailbox_is_added_changed_and_removed(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        directory = stores.directory
        with pytest.raises(NotFoundError):
            await directory.add_mailbox(Mailbox(0, "info@example.org"), None)
        await directory.add_domain(Domain("example.org"))
        assert await directory.mailbox("info@example.org") is None
        given = Mailbox(
            0,
            "Info@example.org",
            quota_octets=2**40,
            retention_days=7,
            plus_folders=True,
            description="счета",
        )
        added = await directory.add_mailbox(given, SECRET)
        assert added.id > 0
        assert added == replace(given, id=added.id, address="info@example.org", has_password=True)
        assert await directory.mailbox("info@example.org") == added
        with pytest.raises(ExistsError):
            await directory.add_mailbox(given, None)
        with pytest.raises(ExistsError):
            await directory.add_mailbox(Mailbox(0, "abuse@example.org"), None)
        changed = replace(added, quota_octets=0, active=False, description="")
        await directory.change_mailbox(changed)
        assert await directory.mailbox("info@example.org") == changed
        await directory.remove_mailbox("info@example.org")
        assert await directory.mailbox("info@example.org") is None
        calls: list[Callable[[], Awaitable[None]]] = [
            lambda: directory.change_mailbox(changed),
            lambda: directory.remove_mailbox("info@example.org"),
            lambda: directory.set_credential("info@example.org", SECRET),
        ]
        for call in calls:
            with pytest.raises(NotFoundError):
                await call()
        with pytest.raises(InputError, match="postmaster"):
            await directory.remove_mailbox("postmaster@example.org")


async def test_only_active_mailboxes_have_a_credential(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        directory = stores.directory
        await directory.add_domain(Domain("example.org"))
        info = await directory.add_mailbox(Mailbox(0, "info@example.org"), None)
        assert await directory.credential("info@example.org") is None
        await directory.set_credential("info@example.org", SECRET)
        assert await directory.credential("info@example.org") == SECRET
        found = await directory.mailbox("info@example.org")
        assert found is not None
        assert found.has_password
        await directory.change_mailbox(replace(info, active=False))
        assert await directory.credential("info@example.org") is None
        await directory.change_mailbox(info)
        await directory.set_credential("info@example.org", None)
        assert await directory.credential("info@example.org") is None
        assert await directory.credential("nobody@example.org") is None


async def test_aliases_are_replaced_and_removed(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        directory = stores.directory
        await directory.add_domain(Domain("example.org"))
        assert await directory.alias("sales@example.org") is None
        await directory.set_alias(
            "Sales@example.org", ["b@example.org", "A@example.org", "b@example.org"]
        )
        assert await directory.alias("sales@example.org") == Alias(
            "sales@example.org", ("b@example.org", "a@example.org")
        )
        await directory.set_alias("sales@example.org", ["c@example.org"])
        found = await directory.alias("sales@example.org")
        assert found is not None
        assert found.targets == ("c@example.org",)
        await directory.remove_alias("sales@example.org")
        assert await directory.alias("sales@example.org") is None
        with pytest.raises(NotFoundError):
            await directory.remove_alias("sales@example.org")


@pytest.mark.parametrize(
    ("address", "targets", "kind"),
    [
        ("postmaster@example.org", ["b@example.org"], ExistsError),
        ("sales@missing.example", ["b@example.org"], NotFoundError),
        ("sales@example.org", ["b@missing.example"], NotFoundError),
        ("sales@example.org", [], InputError),
        ("sales@example.org", ["SALES@example.org"], InputError),
        ("sales@example.org", ["sales+x@example.org"], InputError),
        ("sales@example.org", ["sales@alias.example"], InputError),
        ("first@example.org", ["third@example.org"], InputError),
    ],
)
async def test_impossible_aliases_are_refused(
    opened: Opened, tmp_path: Path, address: str, targets: list[str], kind: type[Exception]
) -> None:
    async with opened(tmp_path) as stores:
        directory = stores.directory
        await directory.add_domain(Domain("example.org"))
        await directory.add_domain(Domain("alias.example", alias_of="example.org"))
        await directory.set_alias("second@example.org", ["first@example.org"])
        await directory.set_alias("third@example.org", ["x@example.org", "second@example.org"])
        before = await directory.aliases(None)
        with pytest.raises(kind):
            await directory.set_alias(address, targets)
        assert await directory.aliases(None) == before


async def test_aliases_that_meet_are_no_loop(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        directory = stores.directory
        await directory.add_domain(Domain("example.org"))
        await directory.set_alias("a@example.org", ["x@example.org"])
        await directory.set_alias("b@example.org", ["a@example.org"])
        await directory.set_alias("c@example.org", ["a@example.org", "b@example.org"])
        await directory.set_alias("c@example.org", ["b@example.org"])
