"""The server's side of AUTH for a scripted host: PLAIN, LOGIN, SCRAM-SHA-256, read from the RFCs."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, b64encode
from typing import Any

SALT, ROUNDS = b"salt of the host", 4096
YES, NO = "235 2.7.0 Welcome\r\n", "535 5.7.8 Wrong\r\n"


def log_in(session: Any, argument: str) -> None:
    """Take the argument of AUTH, and go on from line to line."""
    mechanism, _, initial = argument.partition(" ")
    {"PLAIN": _plain, "LOGIN": _login, "SCRAM-SHA-256": _scram}[mechanism](session, initial)


def _say(session: Any, line: str) -> None:
    session.transport.write(line.encode())


def _challenge(octets: bytes) -> str:
    return f"334 {b64encode(octets).decode()}\r\n"


def _plain(session: Any, initial: str) -> None:
    _, name, password = b64decode(initial).decode().split("\0")
    _say(session, YES if session.script.logins.get(name) == password else NO)


def _login(session: Any, _initial: str) -> None:
    def named(line: str) -> None:
        name = b64decode(line).decode()

        def told(answer: str) -> None:
            right = session.script.logins.get(name) == b64decode(answer).decode()
            _say(session, YES if right else NO)

        session.answering = told
        _say(session, _challenge(b"Password:"))

    session.answering = named
    _say(session, _challenge(b"Username:"))


def _scram(session: Any, initial: str) -> None:
    first = b64decode(initial).decode()
    assert first.startswith("n,,n=")
    bare = first[3:]
    name, _, nonce = bare.removeprefix("n=").partition(",r=")
    password = session.script.logins.get(name, "nobody's")
    server_first = f"r={nonce}more,s={b64encode(SALT).decode()},i={ROUNDS}"
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), SALT, ROUNDS)

    def proved(line: str) -> None:
        final = b64decode(line).decode()
        without, _, proof = final.rpartition(",p=")
        assert without == f"c=biws,r={nonce}more"
        signed = f"{bare},{server_first},{without}".encode()
        client_key = hmac.digest(salted, b"Client Key", "sha256")
        signature = hmac.digest(hashlib.sha256(client_key).digest(), signed, "sha256")
        if bytes(a ^ b for a, b in zip(client_key, signature, strict=True)) != b64decode(proof):
            _say(session, NO)
            return
        own = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), signed, "sha256")
        session.answering = lambda _line: _say(session, YES)
        _say(session, _challenge(b"v=" + b64encode(own)))

    session.answering = proved
    _say(session, _challenge(server_first.encode()))
