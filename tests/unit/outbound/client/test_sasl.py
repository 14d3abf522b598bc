from __future__ import annotations

import pytest

from bitrixmail.outbound.client.sasl import Login, ScramSHA256, UntrustedHostError, mechanism

LOGIN = Login("user", "pencil")
# RFC 7677 §3
NONCE = "rOprNGfwEbeRWgbNEkqO"
FIRST = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
FINAL = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


def test_the_example_of_the_rfc() -> None:
    scram = ScramSHA256(LOGIN, NONCE)
    assert scram.initial == b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
    assert scram.respond(FIRST) == (
        b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
        b"p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    )
    assert not scram.over
    assert scram.respond(FINAL) == b""
    assert scram.over


@pytest.mark.parametrize(
    "first",
    [
        b"",
        b"e=other-error",
        b"r=another,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        b"r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        FIRST.replace(b"4096", b"1"),
        FIRST.replace(b"4096", b"9999999999"),
        FIRST.replace(b"4096", b"-4096"),
        FIRST.replace(b"gQ==", b"g"),
        b"m=ext," + FIRST,
    ],
)
def test_a_host_that_is_not_to_be_trusted(first: bytes) -> None:
    with pytest.raises(UntrustedHostError):
        ScramSHA256(LOGIN, NONCE).respond(first)


def test_a_host_that_does_not_know_the_password() -> None:
    scram = ScramSHA256(LOGIN, NONCE)
    scram.respond(FIRST)
    with pytest.raises(UntrustedHostError):
        scram.respond(FINAL.replace(b"6rri", b"7rri"))
    assert not scram.over


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ({"PLAIN", "LOGIN", "SCRAM-SHA-256"}, "SCRAM-SHA-256"),
        ({"LOGIN", "PLAIN", "CRAM-MD5"}, "PLAIN"),
        ({"LOGIN"}, "LOGIN"),
        ({"CRAM-MD5", "XOAUTH2"}, None),
    ],
)
def test_the_best_way_is_taken(offered: set[str], chosen: str | None) -> None:
    found = mechanism(LOGIN, offered)
    assert (found.name if found else None) == chosen


def test_plain_and_login() -> None:
    plain, login = (mechanism(LOGIN, {name}) for name in ("PLAIN", "LOGIN"))
    assert plain is not None
    assert plain.initial == b"\0user\0pencil"
    assert login is not None
    assert not login.over
    assert [login.respond(b"Username:"), login.respond(b"?")] == [b"user", b"pencil"]
    assert login.over
    for over in (plain, login):
        with pytest.raises(UntrustedHostError):
            over.respond(b"And your mother's name:")


def test_names_are_escaped_and_the_password_is_not_shown() -> None:
    scram = ScramSHA256(Login("a=b,c", "x"), "n")
    assert scram.initial == b"n,,n=a=3Db=2Cc,r=n"
    assert "pencil" not in repr(LOGIN)
