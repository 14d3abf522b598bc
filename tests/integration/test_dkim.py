"""Signatures as OpenDKIM judges them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bitrixmail.admin.dns_records import wanted_records
from bitrixmail.model.dkim import KeyState, after_seen, signing_keys
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


@as_root
@pytest.mark.debian("opendkim-tools")
def test_opendkim_takes_what_was_signed_before_during_and_after_a_rotation() -> None:
    """Each time with the records that are named at that time, and with those alone."""
    old = make_keys("example.org", (), NOW - timedelta(days=60))
    new = make_keys("example.org", [key.selector for key in old], NOW)
    keys = {key.selector: key for key in (*old, *new)}
    under_way: dict[str, bytes] = {}

    def look(name: str, at: datetime, *, signers: int) -> None:
        known = keys.values()
        message = _HEAD + b"X-Time: " + name.encode() + b"\r\n\r\nHello\r\n"
        assert len(signing_keys(known, at)) == signers
        under_way[name] = sign_octets(message, signing_keys(known, at), at) + message
        zone = {
            record.name: record.value
            for record in wanted_records("example.org", "mx.example.org", known, at)
            if "._domainkey." in record.name
        }
        verdicts = judged_by_opendkim([*under_way.values()], zone)
        assert dict(zip(under_way, verdicts, strict=True)) == dict.fromkeys(under_way, "")

    look("before", NOW, signers=2)
    look("not seen yet, for long", NOW + timedelta(days=8), signers=4)
    seen = NOW + timedelta(days=9)
    for key in after_seen(keys.values(), [*keys], seen):
        keys[key.selector] = key
    look("seen", seen, signers=2)
    look("five days later", seen + timedelta(days=5), signers=2)
    # Nothing that the old ones have signed is under way any more
    for name in ("before", "not seen yet, for long"):
        del under_way[name]
    look("old records gone", seen + timedelta(days=31), signers=2)
    assert keys[old[0].selector].state(seen + timedelta(days=31)) is KeyState.GONE
