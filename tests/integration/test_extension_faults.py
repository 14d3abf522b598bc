"""Functions of an extension that raise, hang or compute for ever: nothing is lost, nobody waits."""

from __future__ import annotations

import smtplib
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from statistics import mean

import pytest

from tests.fakes.installed import install
from tests.fakes.process import ServerProcess

# What others' messages may have to wait longer, and what a call of the reactor may cost
_MOST_S = 0.05
_LETTERS = 3
# Two plain functions at a time are enough to keep the third one waiting
_BUSY = "found no thread"
_GOOD = 15
_CODE = """
import time
from twisted.internet.defer import CancelledError, Deferred
from bitrixmail.model.extension import Parts

def raising(letter):
    raise RuntimeError("planted")

def sleeping(letter):
    time.sleep(3600)

def computing(letter):
    while True:
        pass

async def waiting(letter):
    await Deferred()

async def stubborn(letter):
    while True:
        try:
            await Deferred()
        except Exception:
            pass

def wrong(letter):
    return object()

async def exiting(letter):
    raise SystemExit("planted")

def cancelling(letter):
    raise CancelledError("planted")

def endless(letter):
    found = ["a"]
    found.append(found)
    return found

ALL = {each.__name__: each for each in (raising, sleeping, computing, waiting, stubborn, wrong,
                                        exiting, cancelling, endless)}

def parts(context):
    return Parts(conditions=ALL, checks=ALL, actions={**ALL, "wrong": raising, "endless": raising})
"""
# Those that sleep come last: they hold their threads, so that plain functions wait for nothing
KINDS = (
    "raising",
    "wrong",
    "exiting",
    "cancelling",
    "endless",
    "computing",
    "waiting",
    "stubborn",
    "sleeping",
)
_RULES = "".join(
    f"""[[rule]]
name = "{kind}"
mailbox = "{kind}@example.org"
order = 1
  [[rule.condition]]
  field = "python:bad.{kind}"
  op = "exists"
  [[rule.action]]
  do = "discard"

[[rule]]
name = "behind {kind}"
mailbox = "{kind}@example.org"
order = 2
  [[rule.action]]
  do = "tag"
  tag = "passed"
  [[rule.action]]
  do = "python"
  name = "bad.{kind}"

[[rule]]
name = "check {kind}"
mailbox = "{kind}@example.org"
order = 3
  [[rule.condition]]
  field = "check:bad.{kind}"
  op = "less"
  value = 100
  [[rule.action]]
  do = "discard"
"""
    for kind in KINDS
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("faults")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(install(folder / "packages", "bad", _CODE)))
        made = ServerProcess(folder / "home")
        made.configure(
            "extensions",
            'enabled = ["bad"]\nfaults = 0\ncondition_time = "400ms"\naction_time = "400ms"',
        )
        made.program = (sys.executable, "-m", "bench.watched", folder / "calls.tsv")
        boxes = "".join(
            f'[[mailbox]]\naddress = "{name}@example.org"\n' for name in (*KINDS, "good")
        )
        site = folder / "site.toml"
        site.write_text(f'[[domain]]\nname = "example.org"\n{boxes}{_RULES}')
        made.cli("apply", str(site))
        with made:
            yield made


def send(server: ServerProcess, name: str, times: int) -> list[float]:
    """Send letters on one connection; return how long each took."""
    spent = []
    with smtplib.SMTP("127.0.0.1", server.smtp_port, timeout=20) as link:
        for _ in range(times):
            begun = time.monotonic()
            link.sendmail("a@client.example", [f"{name}@example.org"], b"Subject: x\r\n\r\nx\r\n")
            spent.append(time.monotonic() - begun)
    return spent


def asked(server: ServerProcess, query: str, name: str) -> list[tuple[str, str]]:
    file = server.data_dir / "bitrixmail.sqlite"
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as reader:
        return [tuple(row) for row in reader.execute(query, (f"{name}@example.org",))]


def kept(server: ServerProcess, name: str) -> list[tuple[str, str]]:
    """Return folder and trace of each message in a mailbox."""
    query = (
        "SELECT f.name, e.detail FROM place p JOIN folder f ON f.id = p.folder_id"
        " JOIN mailbox b ON b.id = f.mailbox_id JOIN message m ON m.id = p.message_id"
        " JOIN event e ON e.queue_id = m.queue_id AND e.address = b.address AND e.detail <> ''"
        " WHERE b.address = ?"
    )
    return asked(server, query, name)


def jobs(server: ServerProcess, name: str) -> list[tuple[str, str]]:
    """Return the state of each job for a mailbox, and what was said at the last attempt."""
    query = (
        "SELECT j.state, a.reply FROM job j JOIN attempt a ON a.job_id = j.id WHERE j.recipient = ?"
    )
    return asked(server, query, name)


def long_calls(server: ServerProcess, since: float) -> list[tuple[float, str]]:
    """Return the reactor's calls since then that used too much CPU time, in milliseconds."""
    lines = (server.home.parent / "calls.tsv").read_text().splitlines()
    calls = [line.split("\t") for line in lines]
    return [
        (float(spent), what)
        for at, spent, what in calls
        if float(at) >= since and float(spent) >= _MOST_S * 1000
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_what_fails_costs_others_nothing_and_loses_nothing(
    server: ServerProcess, kind: str
) -> None:
    since = time.monotonic()
    alone = mean(send(server, "good", _GOOD))
    troubled = [threading.Thread(target=send, args=(server, kind, 1)) for _ in range(_LETTERS)]
    for thread in troubled:
        thread.start()
    time.sleep(0.05)  # they are with the condition
    amid = mean(send(server, "good", _GOOD))
    for thread in troubled:
        thread.join()
    assert amid - alone < _MOST_S, f"{alone * 1000:.1f} ms alone, {amid * 1000:.1f} ms amid"
    # Each is where it would be without the rule, which says what kept it from deciding
    found = kept(server, kind)
    assert [folder for folder, _ in found] == ["INBOX"] * _LETTERS
    why = {
        "raising": "planted",
        "exiting": "SystemExit: planted",
        "cancelling": "CancelledError: planted",
        "wrong": "it returned object",
        "endless": "it returned list",
    }.get(kind, "took longer than 0.4 s")
    assert all(f"bad.{kind}" in trace for _, trace in found)
    assert all(why in trace or _BUSY in trace for _, trace in found), found
    # One check is asked for all rules: of this kind, or of all that other rules name
    assert all(f"temperror: the check bad.{kind}" in trace for _, trace in found), found
    # What was to be done is not given up
    until = time.monotonic() + 10
    while len(found := jobs(server, kind)) < _LETTERS:
        assert time.monotonic() < until, found
        time.sleep(0.02)
    assert {state for state, _ in found} == {"waiting"}
    why = "planted" if kind in {"wrong", "endless"} else why
    assert all(why in said or _BUSY in said for _, said in found), found
    assert not long_calls(server, since)
