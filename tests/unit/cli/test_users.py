"""user add, list, password, role, lock, unlock, remove, totp, token: what they do and refuse."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import cast

import pytest
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock

from bitrixmail.accounts.passwords import verify
from bitrixmail.model.user import Session, digest_of
from bitrixmail.store.opening import Stores, inline_stores
from tests.fakes.stores import result_of
from tests.unit.cli.conftest import Shell

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


@contextmanager
def stores_of(shell: Shell) -> Iterator[Stores]:
    url = f"sqlite:///{shell.data_dir}/bitrixmail.sqlite"
    with inline_stores(url, shell.data_dir, cast("IReactorTime", Clock())) as stores:
        yield stores


def opens(shell: Shell, name: str, password: str) -> bool:
    with stores_of(shell) as stores:
        return verify(password, result_of(stores.users.credential(name)))


def deeds(shell: Shell) -> list[tuple[str, str, str]]:
    """Return what the audit log says, oldest first, without who it was."""
    with stores_of(shell) as stores:
        found = result_of(stores.users.deeds(99, None))
    assert all(deed.who for deed in found)
    return [(deed.what, deed.target, deed.detail) for deed in reversed(found)]


@pytest.fixture
def anna(shell: Shell) -> Shell:
    """A shell where anna is the only owner."""
    done = shell.run(
        "user", "add", "Anna", "--role", "owner", "--password-stdin", stdin="correct horse\n"
    )
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "user anna added, owner\n")
    return shell


def test_a_user_is_added_listed_and_logs_in(anna: Shell) -> None:
    (found,) = anna.json("user", "list")
    assert found.pop("created").endswith("Z")
    assert found == {
        "name": "anna",
        "role": "owner",
        "active": True,
        "two_factor": False,
        "seen": None,
    }
    assert anna.out("user", "list").splitlines()[1].split()[:4] == ["anna", "owner", "yes", "no"]
    assert opens(anna, "anna", "correct horse")
    assert deeds(anna) == [("user.add", "anna", "owner")]


def test_a_password_is_set_or_made_and_sessions_end(anna: Shell) -> None:
    with stores_of(anna) as stores:
        user = result_of(stores.users.find("anna"))
        assert user is not None
        session = Session(digest_of("cookie"), user, "csrf", NOW, NOW, "192.0.2.1", "browser")
        result_of(stores.users.begin_session(session))
    made = anna.out("user", "password", "ANNA", "--generate").strip()
    assert len(made) >= 16
    assert opens(anna, "anna", made)
    with stores_of(anna) as stores:
        assert result_of(stores.users.session(session.key)) is None
    said = anna.said("user", "password", "anna", "--password-stdin", stdin="another horse\n")
    assert said == "user anna: password set, all sessions ended\n"
    assert opens(anna, "anna", "another horse")
    assert not opens(anna, "anna", made)


def test_role_lock_and_removal(anna: Shell) -> None:
    boris = anna.out("user", "add", "boris", "--generate").strip()
    assert anna.said("user", "role", "boris", "operator") == "user boris is operator now\n"
    assert anna.said("user", "lock", "boris") == "user boris is locked out\n"
    assert not opens(anna, "boris", boris)
    assert anna.said("user", "unlock", "boris") == "user boris may log in again\n"
    assert opens(anna, "boris", boris)
    assert anna.said("user", "remove", "boris") == "user boris removed\n"
    assert [each["name"] for each in anna.json("user", "list")] == ["anna"]
    assert [what for what, *_ in deeds(anna)][1:] == [
        "user.add",
        "user.role",
        "user.lock",
        "user.unlock",
        "user.remove",
    ]


def test_a_lost_second_factor_is_switched_off(anna: Shell) -> None:
    with stores_of(anna) as stores:
        result_of(stores.users.set_totp("anna", "JBSWY3DPEHPK3PXP"))
    assert anna.json("user", "list")[0]["two_factor"]
    said = anna.said("user", "totp", "off", "anna")
    assert said == "user anna: second factor off, all sessions ended\n"
    assert not anna.json("user", "list")[0]["two_factor"]


def test_tokens_are_made_listed_and_removed(anna: Shell) -> None:
    done = anna.run(
        "user", "token", "add", "anna", "shop", "--right", "send", "--right", "see",
        "--expires", "90d",
    )  # fmt: skip
    text = done.stdout.strip()
    assert text.startswith("bxm_")
    assert done.stderr.startswith("token 1 (shop) of anna, until 20")
    with stores_of(anna) as stores:
        assert result_of(stores.users.token(digest_of(text))) is not None
    (listed,) = anna.json("user", "token", "list")
    assert {key: listed[key] for key in ("id", "user", "name", "rights", "used")} == {
        "id": 1,
        "user": "anna",
        "name": "shop",
        "rights": ["see", "send"],
        "used": None,
    }
    assert text not in anna.out("user", "token", "list")
    told = anna.fails(os.EX_USAGE, "user", "remove", "anna")
    assert "has tokens (shop): to remove him give --yes" in told[-1]
    assert anna.said("user", "token", "remove", "1") == "token 1 (shop) of anna removed\n"
    assert anna.json("user", "token", "list") == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("add", "anna", "--generate"), "exists already"),
        (("add", "a b", "--generate"), "is no name of a user"),
        (("add", "carl", "--role", "king", "--generate"), "'king' is not one of"),
        (("add", "carl"), "give --password-stdin or --generate"),
        (("add", "carl", "--password-stdin"), "is shorter than 8 characters"),
        (("password", "nobody", "--generate"), "no such user"),
        (("password", "anna", "--generate", "--password-stdin"), "leave one out"),
        (("role", "anna", "reader"), "is the only active owner"),
        (("lock", "anna"), "is the only active owner"),
        (("remove", "anna"), "is the only active owner"),
        (("totp", "off", "nobody"), "no such user"),
        (("token", "remove", "7"), "no such token"),
        (("token", "add", "anna", "shop", "--right", "fly"), "'fly' is not one of"),
        (("token", "add", "anna", "shop", "--right", "see", "--expires", "soon"), "number of days"),
    ],
)
def test_what_is_refused(anna: Shell, words: tuple[str, ...], told: str) -> None:
    done = anna.run("user", *words, stdin="short\n")
    assert done.exit_code != 0
    assert done.stdout == ""
    assert told in done.stderr
    assert [each["name"] for each in anna.json("user", "list")] == ["anna"]


def test_a_token_may_never_more_than_its_user(anna: Shell) -> None:
    anna.out("user", "add", "rita", "--generate")
    done = anna.run("user", "token", "add", "rita", "shop", "--right", "govern")
    assert done.exit_code != 0
    assert "a reader has less" in done.stderr
