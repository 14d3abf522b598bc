"""What people write in TOML: rules, settings; and the templates that are filled with their words."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Hashable
from pathlib import Path

from bitrixmail.admin.site_file import parse_site
from bitrixmail.app.settings.loading import load_settings, tables_of
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.model.errors import InputError
from bitrixmail.rules.facts import Facts
from bitrixmail.rules.judging import Judging
from bitrixmail.rules.syntax import dump_rules, parse_rules
from bitrixmail.rules.templates import load_templates
from tests.fuzz.file_targets import assert_told
from tests.fuzz.target import Target, size_class

_ROOT = Path(__file__).parents[2]
_JUDGING = Judging()
_MESSAGE = b"""\
From: a@example.org\r
To: info@example.org\r
Subject: =?utf-8?B?0YHRh9GR0YI=?=\r
Date: Mon, 01 Jan 2024 10:00:00 +0300\r
\r
text\r
"""
_HEADERS = HeaderSection.parse(_MESSAGE)


def _text(given: bytes) -> str:
    """Decode an input; surrogates and the like never come out of a file read as UTF-8."""
    return given.decode("utf-8", "replace")


def _rules(given: bytes) -> Hashable:
    text = _text(given)
    try:
        rules = parse_rules(text, "rules.toml")
    except InputError as error:
        return assert_told(error)
    written = dump_rules(rules)
    assert parse_rules(written, "again") == rules, written
    try:
        compiled = _JUDGING.compile(rules)
    except InputError as error:
        return assert_told(error)
    facts = Facts(_HEADERS, "a@example.org", len(_MESSAGE), octets=_MESSAGE)
    plan = compiled.judge(facts.for_mailbox("info@example.org"), "info@example.org", "example.org")
    return (plan.disposition, len(rules.rules), size_class(len(text)), len(plan.copies))


_RULE = b"""\
[[rule]]
name = "Invoices"
order = 500
on = ["receive", "manual"]
stop = false
mailbox = "info@example.org"
match = "all"
  [[rule.condition]]
  field = "subject"
  op = "contains"
  value = ["invoice", "\xd1\x81\xd1\x87\xd1\x91\xd1\x82"]
  [[rule.condition]]
  not = { match = "any", condition = [{ field = "size", op = "greater", value = "1MB" }] }
  [[rule.action]]
  do = "move"
  folder = "Invoices"
"""
_EVERYTHING = b"""\
groups_off = ["g"]
[[rule]]
name = "All keys"
description = "x"
group = "g"
order = 7
on = ["receive", "schedule"]
schedule = "0 3 * * *"
stop = true
active = false
domain = "example.org"
match = "any"
condition = [{ field = "to.domain", op = "not_equals", value = ["a", "b"], exact = true, lists = ["l.txt"] }]
  [[rule.action]]
  do = "copy"
  folder = "A/B"
"""
_TOML_WORDS = (
    b"=", b'"', b"'", b'"""', b"'''", b"[", b"]", b"[[", b"]]", b"{", b"}", b",", b"\n", b"#", b".", b"\\", b"true",
    b"false", b"1", b"-1", b"0x" + b"f" * 4000, b"1e400", b"nan", b"inf", b"2024-01-01", b"2024-01-01T10:00:00Z", b"10:00:00",
    b"9" * 5000, b"0b1", b"1_0", b"[" * 300, b"{a=" * 100, b"a.b.c", b"\xc2\xa0", b"\xe2\x80\x9c", b"\xe2\x80\x9d",
    b"\xef\xbb\xbf", b"\\u0000", b"\\U0010ffff", b"\\ud800", b"\r\n", b"\r", b"\0", b"\x1b", b"\xe2\x80\xa8", b"password",
)  # fmt: skip


def rules() -> Target:
    """A file of rules: read, written again, compiled, asked about a message."""
    templates = tuple(each.text.encode()[:900] for each in load_templates()[:6])
    return Target(
        "rules",
        _rules,
        seeds=(_RULE, _EVERYTHING, *templates),
        words=(
            b"[[rule]]\n", b"[[rule.condition]]\n", b"[[rule.action]]\n", b'name = "x"\n', b'field = "subject"\n', b"order = ",
            b'op = "regex"\n', b'op = "exists"\n', b'op = "less"\n', b'value = "(?:a+)+$"\n', b'value = "["\n', b"value = ",
            b'do = "copy"\nfolder = "x"\n', b'do = "stop"\n', b'do = "reject"\ntext = "no"\n', b'schedule = "0 3 * * *"\n',
            b'on = ["schedule"]\n', b"not = ", b'match = "any"\n', b"condition = [", b"lists = ", b'field = "age"\n',
            b'field = "time"\n', b'value = "Mon-Fri 09:00-18:00"\n', b'field = "date"\n', b'field = "header:X-A"\n',
            b"groups_off = ", b'group = "g"\n', b'domain = "example.org"\n', b'mailbox = "\xd0\xb8@\xd0\xb9.\xd1\x80\xd1\x84"\n',
            b"exact = true\n", b"stop = true\n", b'field = "size"\n', b'value = "1e9MB"\n', b'value = "9999999999999w"\n',
            b"*/0 * * * *", b"Europe/Moscow", b'field = "to.domain"\n', *_TOML_WORDS,
        ),
        max_octets=6000,
    )  # fmt: skip


def _site(given: bytes) -> Hashable:
    try:
        site = parse_site(_text(given), "site.toml")
    except InputError as error:
        return assert_told(error)
    return tuple(size_class(len(each)) for each in (site.domains, site.mailboxes, site.aliases))


_SITE = b"""\
[[domain]]
name = "example.org"
catch_all = ""
[[mailbox]]
address = "info@example.org"
password = "pass word 1"
[[alias]]
address = "sales@example.org"
targets = ["info@example.org"]
"""


def site() -> Target:
    """A site as a file."""
    return Target(
        "site",
        _site,
        seeds=(
            _SITE,
        ),
        words=(
            b"[[domain]]\n", b"[[mailbox]]\n", b"[[alias]]\n", b'name = "x.example"\n', b'address = "a@x.example"\n',
            b'targets = ["a@x.example"]\n', b'password_hash = "$argon2id$v=19$m=1"\n', b'quota = "1GiB"\n', *_TOML_WORDS,
        ),
        max_octets=6000,
    )  # fmt: skip


def _templates(given: bytes) -> Hashable:
    templates = load_templates()
    template = templates[given[0] % len(templates)] if given else templates[0]
    lines = _text(given[1:]).split("\n")
    names = [slot.name for slot in template.slots]
    values = dict(zip(names, lines, strict=False))
    if len(lines) > len(names):
        values[lines[-1]] = "x"
    try:
        written = template.filled(values)
    except InputError as error:
        return (template.name, assert_told(error))
    found = parse_rules(written, template.name)
    # words that are filled in are values and nothing else: they make no rule of their own
    assert len(found.rules) == template.text.count("[[rule]]"), written
    return (template.name, tuple(map(bool, lines[:4])))


def templates() -> Target:
    """Templates filled with anything."""
    count = len(load_templates())
    return Target(
        "templates",
        _templates,
        seeds=tuple(
            bytes((n,)) + words
            for n in range(count)
            for words in (b"", b"a@example.org\nx\n10MB\ninfo@example.org", b"x, y\n7d\n\nexample.org")
        ),
        words=(
            b"\n", b",", b"{", b"}", b"{address}", b"{name}", b"{mailbox}", b"{folder}", b'"', b"'", b"\\", b"a@example.org",
            b"example.org", b"info@example.org", b"7d", b"10MB", b"Mon-Fri 09:00-18:00", b"\0", b"\xe2\x80\xa8", b'"""', b"]]",
            b"Europe/Moscow", b"x" * 300, "пример.рф".encode(), b"\r", b"[[rule]]", b" ", b"0 3 * * *",
        ),
        max_octets=700,
    )  # fmt: skip


_FILE = Path(tempfile.gettempdir()) / f"bitrixmail-fuzz-{os.getpid()}.toml"


def _settings(given: bytes) -> Hashable:
    _FILE.write_bytes(given)
    lines = given.decode("utf-8", "replace").split("\n")
    overrides = [line for line in lines[-2:] if "=" in line and given[:1] == b"#"]
    try:
        found = load_settings(_FILE, {}, overrides, name_of_machine=lambda: "mx.example.org")
    except InputError as error:
        return assert_told(error)
    finally:
        _FILE.unlink()
    # what they are is written so that it means the same
    tables_of(found)
    return (repr(found.limits)[:0], size_class(len(given))) if hasattr(found, "limits") else ()


def settings() -> Target:
    """The file of settings."""
    full = (_ROOT / "tests/configs/good/full.toml").read_bytes()
    parts = [b"[" + part for part in full.split(b"\n[")][1:]
    return Target(
        "settings",
        _settings,
        seeds=(full, *parts, b"#\n" + parts[0] + b"\nsmtp.max_size=1MB\nlog.levels.x=debug"),
        words=(
            *(line + b"\n" for line in full.split(b"\n") if b" = " in line),
            b"smtp.", b"log.levels.", b"1d", b"30s", b"50MiB", b"9" * 400 + b"s", b'"0"', b"tcp:25", b"tcp:0:interface=::1",
            b"systemd:domain=INET6:name=x", b"unix:/x:mode=660", b"10.0.0.0/8", b"::/0", *_TOML_WORDS,
        ),
        max_octets=6000,
    )  # fmt: skip
