"""What is kept of a password, and who it lets in."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest
from argon2 import extract_parameters

from bitrixmail.accounts.passwords import _nobodys_hash, make_credential, prepared, verify
from bitrixmail.model.directory import Credential


def test_the_right_password_is_right_and_no_other(credential: Credential) -> None:
    assert verify("secret", credential)
    for wrong in ("Secret", "secret ", "", "\0", "x" * 10_000):
        assert not verify(wrong, credential)


def test_nobody_has_a_password() -> None:
    for password in ("", "secret", "\0" * 32):
        assert not verify(password, None)


def test_to_refuse_nobody_costs_as_much_as_to_refuse_somebody(credential: Credential) -> None:
    assert extract_parameters(_nobodys_hash()) == extract_parameters(credential.password_hash)
    salt, digest = _nobodys_hash().split("$")[-2:]
    kept_salt, kept_digest = credential.password_hash.split("$")[-2:]
    assert (len(salt), len(digest)) == (len(kept_salt), len(kept_digest))


def test_a_damaged_hash_lets_nobody_in() -> None:
    for kept in ("", "secret", "$argon2id$v=19$m=1", "$2b$12$" + "x" * 53):
        assert not verify("secret", Credential(kept, ""))


def test_the_same_password_is_kept_differently_each_time(credential: Credential) -> None:
    again = make_credential("secret")
    assert again.password_hash != credential.password_hash
    assert again.scram_verifier != credential.scram_verifier
    assert verify("secret", again)


def test_the_hash_is_argon2id_of_at_least_19_mib(credential: Credential) -> None:
    found = extract_parameters(credential.password_hash)
    assert found.type.name == "ID"
    assert found.memory_cost >= 19 * 1024
    assert found.time_cost >= 2


def test_the_verifier_is_that_of_scram_sha_256(credential: Credential) -> None:
    scheme, cost, keys = credential.scram_verifier.split("$")
    iterations, salt = cost.split(":")
    stored_key, server_key = (base64.b64decode(key) for key in keys.split(":"))
    assert scheme == "SCRAM-SHA-256"
    assert int(iterations) >= 100_000
    salted = hashlib.pbkdf2_hmac("sha256", b"secret", base64.b64decode(salt), int(iterations))
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    assert stored_key == hashlib.sha256(client_key).digest()
    assert server_key == hmac.digest(salted, b"Server Key", "sha256")


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        ("I\u00adX", "IX"),
        ("ª", "a"),
        ("Ⅸ", "IX"),
        ("a\u00a0b", "a b"),
        ("пароль й", "пароль и\u0306"),
    ],
)
def test_passwords_that_look_alike_are_alike(typed: str, same: str) -> None:
    assert prepared(typed) == prepared(same)


@pytest.mark.parametrize(
    "password", ["", "\u00ad", "a\nb", "a\0", "a\x7f", "a\u2028b", "\ud800", "x" * 513, "й" * 257]
)
def test_what_cannot_be_a_password_is_refused_in_words(password: str) -> None:
    with pytest.raises(ValueError, match=r"^a password has "):
        make_credential(password)


def test_a_long_password_counts_to_its_last_octet() -> None:
    credential = make_credential("x" * 511 + "a")
    assert verify("x" * 511 + "a", credential)
    assert not verify("x" * 511 + "b", credential)
