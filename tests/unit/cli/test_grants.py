"""mailbox grant, revoke, grants: what they do, print and refuse."""

from __future__ import annotations

import os

import pytest

from tests.unit.cli.conftest import Shell


def test_a_grant_is_given_shown_and_taken_back(shell: Shell) -> None:
    said = shell.said("mailbox", "grant", "info@example.org", "Sales@Example.ORG")
    assert said == "mailbox info@example.org may send as sales@example.org\n"
    said = shell.said("mailbox", "grant", "info@example.org", "sales@example.org")
    assert said == "mailbox info@example.org already might send as sales@example.org\n"
    said = shell.said("mailbox", "grant", "INFO@example.org", "@Пример.РФ")
    assert said.splitlines() == [
        "mailbox info@example.org may send as @xn--e1afmkfd.xn--p1ai",
        "note: xn--e1afmkfd.xn--p1ai is no domain of this server, and others may refuse such mail",
    ]
    assert shell.json("mailbox", "grants") == [
        {"mailbox": "info@example.org", "address": "@xn--e1afmkfd.xn--p1ai"},
        {"mailbox": "info@example.org", "address": "sales@example.org"},
    ]
    assert shell.json("mailbox", "grants", "postmaster@example.org") == []
    said = shell.said("mailbox", "revoke", "info@example.org", "@пример.рф")
    assert said == "mailbox info@example.org may not send as @xn--e1afmkfd.xn--p1ai any more\n"
    assert shell.out("mailbox", "grants", "info@example.org").splitlines() == [
        "Mailbox           May send as",
        "info@example.org  sales@example.org",
    ]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("grant", "nobody@example.org", "sales@example.org"), "there is none"),
        (("grant", "info@example.org", "sales"), "is not an address"),
        (("grant", "info@example.org", "@exa mple"), "not a domain name"),
        (("revoke", "info@example.org", "sales@example.org"), "was not granted to it"),
        (("grants", "nobody@example.org"), "there is none"),
    ],
)
def test_what_is_refused(shell: Shell, words: tuple[str, ...], told: str) -> None:
    done = shell.run("mailbox", *words)
    assert done.exit_code in {os.EX_DATAERR, os.EX_NOUSER, os.EX_UNAVAILABLE, os.EX_USAGE}
    assert told in done.stderr
