"""What everything does that keeps those who administer the server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from zope.interface.verify import verifyObject

from bitrixmail.interfaces.users import IUsers
from bitrixmail.model.directory import Credential
from bitrixmail.model.errors import ExistsError, InputError, NotFoundError
from bitrixmail.model.user import Deed, DeedSearch, Right, Role, Session, Token, User
from bitrixmail.store.opening import InlineStores
from bitrixmail.store.users import MOST_SESSIONS
from tests.fakes.stores import make_stores, result_of

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
KEPT, OTHER = Credential("hash", "verifier"), Credential("other", "other")


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[InlineStores]:
    with make_stores(tmp_path) as stores:
        yield stores


@pytest.fixture
def users(stores: InlineStores) -> IUsers:
    result_of(stores.users.add("anna", Role.OWNER, KEPT, NOW))
    kept: IUsers = stores.users
    return kept


def found(users: IUsers, name: str) -> User:
    user: User | None = result_of(users.find(name))
    assert user is not None
    return user


def session_of(user: User, key: str, seen: datetime = NOW) -> Session:
    return Session(key, user, f"csrf of {key}", NOW, seen, "192.0.2.1", "browser")


def test_it_is_one(stores: InlineStores) -> None:
    verifyObject(IUsers, stores.users)


def test_users_are_kept(users: IUsers) -> None:
    boris = result_of(users.add("boris", Role.READER, OTHER, NOW))
    assert boris == User("boris", Role.READER, True, False, NOW)
    assert [user.name for user in result_of(users.listing())] == ["anna", "boris"]
    assert result_of(users.find("boris")) == boris
    assert result_of(users.find("carl")) is None
    assert result_of(users.credential("anna")) == KEPT
    with pytest.raises(ExistsError, match="exists already"):
        result_of(users.add("boris", Role.READER, OTHER, NOW))


def test_a_new_password_another_role_and_a_lock_end_the_sessions(users: IUsers) -> None:
    boris = result_of(users.add("boris", Role.READER, KEPT, NOW))
    result_of(users.begin_session(session_of(boris, "one")))
    result_of(users.change("boris", Role.ADMIN, None, None))
    assert result_of(users.session("one")) is None
    result_of(users.begin_session(session_of(boris, "same")))
    assert result_of(users.change("boris", Role.ADMIN, True, None)).role is Role.ADMIN
    kept = result_of(users.session("same"))
    assert kept is not None
    assert kept.user.role is Role.ADMIN
    result_of(users.change("boris", None, None, OTHER))
    assert result_of(users.session("same")) is None
    result_of(users.begin_session(session_of(boris, "two")))
    result_of(users.change("boris", None, False, None))
    assert result_of(users.credential("boris")) is None
    result_of(users.change("boris", None, True, None))
    assert result_of(users.session("two")) is None


def test_there_is_always_an_owner(users: IUsers) -> None:
    for call in (
        lambda: users.change("anna", Role.ADMIN, None, None),
        lambda: users.change("anna", None, False, None),
        lambda: users.remove("anna"),
    ):
        with pytest.raises(InputError, match="is the only active owner"):
            result_of(call())
    assert found(users, "anna").role is Role.OWNER
    result_of(users.add("boris", Role.OWNER, KEPT, NOW))
    result_of(users.remove("anna"))
    assert result_of(users.find("anna")) is None


def test_nobody_is_changed(users: IUsers) -> None:
    for call in (
        lambda: users.change("carl", Role.ADMIN, None, None),
        lambda: users.remove("carl"),
        lambda: users.set_totp("carl", "A"),
        lambda: users.set_recovery("carl", ["one"]),
        lambda: users.remove_token(7),
    ):
        with pytest.raises(NotFoundError, match="no such"):
            result_of(call())


def test_a_code_counts_once(users: IUsers) -> None:
    assert result_of(users.totp("anna")) == ("", 0)
    assert result_of(users.set_totp("anna", "SECRET")).two_factor
    assert result_of(users.step_used("anna", 7))
    assert not result_of(users.step_used("anna", 7))
    assert not result_of(users.step_used("anna", 6))
    assert result_of(users.totp("anna")) == ("SECRET", 7)
    result_of(users.begin_session(session_of(found(users, "anna"), "one")))
    assert not result_of(users.set_totp("anna", "")).two_factor
    assert result_of(users.session("one")) is None


def test_a_recovery_code_counts_once_and_goes_with_its_secret(users: IUsers) -> None:
    result_of(users.add("boris", Role.OWNER, KEPT, NOW))
    for name in ("anna", "boris"):
        result_of(users.set_totp(name, "SECRET"))
        result_of(users.set_recovery(name, ["one", "two", "three"]))
    assert result_of(users.recovery_left("anna")) == 3
    assert result_of(users.recovery_used("anna", "two"))
    assert not result_of(users.recovery_used("anna", "two"))
    assert not result_of(users.recovery_used("carl", "one"))
    assert result_of(users.recovery_left("anna")) == 2
    result_of(users.set_recovery("anna", ["four"]))
    assert not result_of(users.recovery_used("anna", "one"))
    result_of(users.set_totp("anna", ""))
    assert not result_of(users.recovery_used("anna", "four"))
    assert result_of(users.recovery_left("boris")) == 3
    result_of(users.remove("anna"))
    result_of(users.add("anna", Role.OWNER, KEPT, NOW))
    assert result_of(users.recovery_left("anna")) == 0


def test_sessions_are_kept_the_last_of_them(users: IUsers) -> None:
    anna = found(users, "anna")
    for number in range(MOST_SESSIONS + 3):
        seen = NOW + timedelta(seconds=number)
        result_of(users.begin_session(session_of(anna, str(number), seen)))
    kept = result_of(users.sessions("anna"))
    assert [session.key for session in kept] == [str(n) for n in range(MOST_SESSIONS + 2, 2, -1)]
    last = NOW + timedelta(hours=1)
    result_of(users.touch_session("3", last))
    touched = result_of(users.session("3"))
    assert touched is not None
    assert touched.seen == last
    result_of(users.end_session("3"))
    assert result_of(users.session("3")) is None


def test_tokens_are_found_by_their_digest(users: IUsers) -> None:
    anna = found(users, "anna")
    rights = frozenset({Right.SEE, Right.SEND})
    token = result_of(users.add_token(Token(0, "shop", anna, rights, NOW), "digest"))
    assert token.id > 0
    assert result_of(users.token("digest")) == token
    assert result_of(users.token("other")) is None
    result_of(users.token_used(token.id, NOW))
    assert result_of(users.tokens())[0].used == NOW
    assert result_of(users.remove_token(token.id)).name == "shop"
    assert result_of(users.token("digest")) is None


def test_who_is_removed_leaves_nothing(users: IUsers) -> None:
    boris = result_of(users.add("boris", Role.READER, KEPT, NOW))
    result_of(users.begin_session(session_of(boris, "one")))
    result_of(users.add_token(Token(0, "shop", boris, frozenset(), NOW), "digest"))
    result_of(users.remove("boris"))
    assert result_of(users.session("one")) is None
    assert result_of(users.tokens()) == ()


def test_deeds_are_read_backwards_and_expire(users: IUsers) -> None:
    deeds = [Deed(NOW + timedelta(days=n), "anna", "rule.add", f"rule {n}") for n in range(5)]
    for deed in deeds:
        result_of(users.record(deed))
    assert result_of(users.deeds(2, None)) == (deeds[4], deeds[3])
    assert result_of(users.deeds(9, deeds[3].at)) == (deeds[2], deeds[1], deeds[0])
    result_of(users.expire(NOW, deeds[3].at))
    assert result_of(users.deeds(9, None)) == (deeds[4], deeds[3])


def test_deeds_are_searched_and_paged_by_number(users: IUsers) -> None:
    for who, what, target in (
        ("anna", "mailbox.add", "info@example.org"),
        ("boris", "mailbox.remove", "info@example.org"),
        ("anna", "domain.add", "100%.example"),
        ("anna", "mailbox.add", "shop@example.org"),
    ):
        result_of(users.record(Deed(NOW, who, what, target)))

    def read(limit: int = 9, **wanted: str | int) -> list[tuple[str, str]]:
        search = DeedSearch(**wanted)  # type: ignore[arg-type] # what a test says
        lines = result_of(users.deeds(limit, None, search))
        return [(line.what, line.target) for line in lines]

    assert read(who="boris") == [("mailbox.remove", "info@example.org")]
    assert [what for what, _ in read(what="mailbox")] == [
        "mailbox.add",
        "mailbox.remove",
        "mailbox.add",
    ]
    assert read(target="0%.e") == [("domain.add", "100%.example")]
    assert read(target="%") == read(target="100%")
    first = result_of(users.deeds(2, None, DeedSearch()))
    rest = result_of(users.deeds(2, None, DeedSearch(before=first[-1].id)))
    assert [line.target for line in (*first, *rest)] == [
        "shop@example.org",
        "100%.example",
        "info@example.org",
        "info@example.org",
    ]
