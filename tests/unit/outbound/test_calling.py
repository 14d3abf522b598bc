from __future__ import annotations

from datetime import timedelta

import pytest

from bitrixmail.model.http import Called
from bitrixmail.model.secret import Secret
from bitrixmail.outbound.actions.calling import said, wait_of
from bitrixmail.outbound.actions.signature import signature
from tests.fakes.drafts import RECEIVED


def answer(body: bytes = b"", retry_after: str = "", status: int = 503) -> Called:
    return Called(status, "Busy", body, "a.example:443", "192.0.2.1", retry_after)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120), (" 0 ", 0), ("99999999999", 86400), ("-5", None), ("", None), ("soon", None),
        (f"{RECEIVED + timedelta(minutes=3):%a, %d %b %Y %H:%M:%S} GMT", 180),
        (f"{RECEIVED - timedelta(minutes=3):%a, %d %b %Y %H:%M:%S} GMT", 0),
        ("Fri, 01 Jan 9999 00:00:00 GMT", 86400), ("١٢", None),
    ],
)  # fmt: skip
def test_how_long_somebody_wants_to_be_left_alone(text: str, seconds: float | None) -> None:
    found = wait_of(answer(retry_after=text), RECEIVED.replace(microsecond=0))
    assert found == (None if seconds is None else timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "503 Busy"),
        (b"\r\n no room \r\nat all", "503 Busy: no room"),
        (b"<!doctype html><title>x", "503 Busy"),
        (b"a\x1b[2Jb\xff", "503 Busy: a\\u{1b}[2Jb\ufffd"),
        (b"x" * 5000, "503 Busy: " + "x" * 199 + "…"),
    ],
)
def test_what_is_told_of_an_answer(body: bytes, told: str) -> None:
    assert said(answer(body)) == told


def test_a_signature_of_each_secret() -> None:
    # By openssl: printf '1.{}' | openssl dgst -sha256 -hmac key
    assert signature([Secret("key"), Secret("old")], 1, b"{}") == (
        "t=1,v1=1ba6b8171186efc613e8bcc0cbdab2748f24984d7c5a84faa2637afa0e40d224"
        ",v1=fc0a468be91373d5ff5ea8c5621449b918175d9512bdecd94b11c765d05a1497"
    )
