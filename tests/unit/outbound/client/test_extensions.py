"""What a host offers, and what it says of it that has no meaning."""

from __future__ import annotations

import pytest

from tests.unit.outbound.client.test_dialogue import Talk


def test_limits() -> None:
    offered = Talk("LIMITS RCPTMAX=20 MAILMAX=x UNKNOWN=1").dialogue.extensions
    assert (offered.most_recipients, offered.most_messages) == (20, 0)


@pytest.mark.parametrize("line", ["SIZE", "SIZE abc", "SIZE -1", "SIZE 0", "size 0"])
def test_a_size_that_says_nothing(line: str) -> None:
    assert Talk(line).dialogue.extensions.size_octets == 0


def test_older_form_of_auth() -> None:
    assert Talk("AUTH=LOGIN PLAIN", "AUTH CRAM-MD5").dialogue.extensions.auth == {
        "LOGIN",
        "PLAIN",
        "CRAM-MD5",
    }
