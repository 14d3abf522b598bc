"""Signatures as OpenDKIM judges them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bitrixmail.outbound.security.dkim_keys import make_keys
from bitrixmail.outbound.security.signing import sign_octets
from tests.fakes.corpus import samples
from tests.fakes.namespace import as_root
from tests.fakes.opendkim import judged_by_opendkim

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
_HEAD = b"From: a@example.org\r\nTo: b@example.net\r\nSubject: x\r\nDate: Sun, 1 Mar 2026 12:00:00 +0000\r\n"


@as_root
@pytest.mark.debian("opendkim-tools")
def test_opendkim_takes_both_signatures_of_the_corpus_and_none_that_is_wrong() -> None:
    keys = make_keys("example.org", (), NOW - timedelta(days=9))
    messages, names = [], []
    for sample in samples()[::3]:
        body = sample.content.partition(b"\r\n\r\n")[2]
        if len(sample.content) > 100_000 or not body.endswith(b"\r\n"):
            continue
        message = _HEAD + b"\r\n" + body
        for some in (keys[:1], keys[1:]):
            messages.append(sign_octets(message, some, NOW) + message)
            names.append(sample.name)
    verdicts = judged_by_opendkim(messages, {key.name: key.record for key in keys})
    assert len(verdicts) > 40
    assert {name: said for name, said in zip(names, verdicts, strict=True) if said} == {}
    broken = [message.replace(b"Subject: x", b"Subject: y") for message in messages[:2]]
    for said in judged_by_opendkim(broken, {key.name: key.record for key in keys}):
        assert "Bad signature" in said
