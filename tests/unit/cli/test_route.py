"""The command `route`: by which way mail would go out, how safely, and when."""

from __future__ import annotations

import os
from typing import Any

import pytest

from tests.unit.cli.conftest import Shell

SETTINGS = """
[outbound]
smarthost = "smtp.example.net:465"
smarthost_user = "you"
smarthost_password = "s3cret"
quiet = ["Mon-Fri", "Sat-Sun"]
tls = { "*.example.com" = "encrypted" }

[[outbound.route]]
name = "direct"
domains = ["*.example.com"]
per_minute = 30

[[outbound.route]]
name = "news"
senders = ["news@example.org", "<>"]
to = "[2001:db8::25]:2525"
mx = false
user = "news"
password_file = "/nowhere/at/all"
tls = "encrypted"
lifetime = "90m"

[[outbound.window]]
routes = ["direct", "news"]
schedule = []
quiet = []

[[outbound.window]]
priorities = ["bulk"]
schedule = "* * * * * for 1m batch 7"
quiet = []
"""
VERIFIED = "encrypted, to a server that proves to be the right one, or not at all"


@pytest.fixture
def steered(shell: Shell) -> Shell:
    with (shell.home / "bitrixmail.toml").open("a") as file:
        file.write(SETTINGS)
    return shell


def told(shell: Shell, *words: str) -> list[str]:
    """Return the lines, without the address before each."""
    return [line.partition(": ")[2] for line in shell.out("route", *words).splitlines()]


def test_without_settings_it_goes_to_the_hosts_at_once(shell: Shell) -> None:
    assert told(shell, "bob@example.com") == [
        "goes out to the hosts of its domain",
        "TLS: encrypted if the server can, and as its domain demands",
        "when: at once",
        "given up after 5d",
    ]


def test_a_route_for_a_domain(steered: Shell) -> None:
    assert told(steered, "bob@mx.example.com") == [
        "goes out by the route direct, to the hosts of its domain",
        "TLS: encrypted, or not at all",
        "when: at once (outbound.window[1]), 30 a minute",
        "given up after 5d",
        "mail of certain senders may go otherwise: --from SENDER",
    ]


@pytest.mark.parametrize("sender", ["News@example.org", "<>", ""])
def test_a_route_for_a_sender(steered: Shell, sender: str) -> None:
    """No password is read for it: who asks may not be who may read that."""
    assert told(steered, "bob@example.com", "--from", sender) == [
        "goes out by the route news, to [2001:db8::25]:2525, logged in as news",
        "TLS: encrypted, or not at all",
        "when: at once (outbound.window[1])",
        "given up after 90m",
    ]


def test_all_else_goes_by_the_smarthost_when_it_may(steered: Shell) -> None:
    first, tls, when, *_ = told(steered, "bob@example.com", "--from", "info@example.org")
    assert first == "goes out by the route smarthost, to smtp.example.net:465, logged in as you"
    assert tls == f"TLS: {VERIFIED}"
    assert when == "when: never, as far as one can see (outbound.schedule)"
    *_, when, _ = told(steered, "bob@example.com", "--from", "a@b.example", "--priority", "bulk")
    assert when == "when: at once (outbound.window[2]), 7 at a time"


def test_the_same_as_json(steered: Shell) -> None:
    (found,) = steered.json("route", "bob@mx.example.com")
    outgoing: dict[str, Any] = found.pop("outgoing")
    assert found == {"address": "bob@mx.example.com", "kind": "foreign", "mailboxes": []}
    assert outgoing.pop("opens").endswith("Z")
    assert outgoing == {
        "route": "direct",
        "to": "",
        "login": "",
        "tls": "encrypted",
        "window": "outbound.window[1]",
        "per_minute": 30,
        "batch": 0,
        "lifetime_s": 432000.0,
        "suppressed": None,
    }
    (found,) = steered.json("route", "bob@example.com")
    assert found["outgoing"]["opens"] is None


def test_what_nothing_is_sent_to(shell: Shell) -> None:
    shell.said("suppression", "add", "bob@example.com", "--note", "asked us to")
    assert told(shell, "bob@example.com") == [
        "nothing is sent there: by hand (`bitrixmail suppression`)"
    ]
    (found,) = shell.json("route", "bob@example.com")
    assert found["outgoing"]["suppressed"] == "by hand"


def test_a_sender_that_is_none(shell: Shell) -> None:
    (line,) = shell.fails(os.EX_DATAERR, "route", "bob@example.com", "--from", "joe")
    assert '--from "joe": is not an address' in line
