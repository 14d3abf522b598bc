"""The action `command`: real programs, run by the server for messages that came in."""

from __future__ import annotations

from pathlib import Path

import pytest

from bitrixmail.model.job import JobState
from tests.fakes.delivering import pause, reactor
from tests.internet.actions import LETTER, program, put_rules, work_settled, works
from tests.internet.net import Internet
from tests.internet.sender import SENDER, Sender

RULE = """[[rule]]
name = "Invoices"
mailbox = "boss@example.org"

  [[rule.action]]
  do = "tag"
  tag = "invoice"

  [[rule.action]]
  do = "command"
  name = "invoice"
  values = { branch = "Moscow" }
"""
DONE, WAITING, DEAD = JobState.DONE, JobState.WAITING, JobState.DEAD


async def started(folder: Path, net: Internet, text: str, *settings: str) -> Sender:
    """Start a server that may run such a program."""
    file = program(folder, "invoice", text)
    sender = Sender(folder, net, f'commands.invoice.argv=["{file}", "--import"]', *settings)
    await sender.open()
    await put_rules(sender, RULE)
    return sender


async def test_it_gets_the_message_and_what_is_known_of_it(tmp_path: Path, net: Internet) -> None:
    text = f'echo "$1" > {tmp_path}/told; cat > {tmp_path}/letter; env | sort >> {tmp_path}/told'
    sender = await started(tmp_path, net, f"{text}; echo booked")
    try:
        await sender.send(SENDER, content=LETTER)
        (job,) = await work_settled(sender, DONE)
    finally:
        await sender.close()
    assert (tmp_path / "letter").read_bytes().endswith(LETTER)
    assert (tmp_path / "letter").read_bytes().startswith(b"Received: ")
    option, *lines = (tmp_path / "told").read_text().splitlines()
    assert option == "--import"
    told = dict(line.split("=", 1) for line in lines)
    given = {name.removeprefix("BITRIXMAIL_"): text for name, text in told.items()}
    assert given["SUBJECT"] == "Счёт 17"
    assert given["FROM"] == "Ann <ann@shop.example>"
    assert given["MESSAGE_ID"] == "<17@shop.example>"
    assert (given["RULE"], given["ACTION"]) == ("Invoices", "invoice")
    assert given["MAILBOX"] == given["RECIPIENT"] == given["SENDER"] == SENDER
    assert (given["FOLDER"], given["TAGS"]) == ("INBOX", "invoice")
    assert (given["VALUE_BRANCH"], given["ATTEMPT"]) == ("Moscow", "1")
    assert given["QUEUE_ID"] == job.queue_id
    assert given["KEY"].startswith(f"{job.queue_id}:command:")
    assert job.last is not None
    assert job.last.reply == "exit code 0 (done): booked"
    assert (job.action, job.rule, job.destination) == ("command", "Invoices", "invoice")


@pytest.mark.parametrize(
    ("text", "state", "said"),
    [
        ("exit 75", WAITING, "exit code 75 (again later)"),
        ("echo; echo broken >&2; exit 1", WAITING, "exit code 1 (again later): broken"),
        ("exit 77", DEAD, "exit code 77 (refused for good)"),
        ("kill -9 $$", WAITING, "it was ended by SIGKILL"),
        ("sleep 60", WAITING, "it took longer than it may and was ended after 0 s"),
    ],
)
async def test_what_it_says_by_its_end(
    tmp_path: Path, net: Internet, text: str, state: JobState, said: str
) -> None:
    sender = await started(tmp_path, net, text, "commands.invoice.timeout=300ms")
    try:
        await sender.send(SENDER, content=LETTER)
        (job,) = await work_settled(sender, state)
    finally:
        await sender.close()
    assert job.last is not None
    assert job.last.reply == said


async def test_what_the_settings_do_not_allow_is_not_run_and_waits(
    tmp_path: Path, net: Internet
) -> None:
    sender = Sender(tmp_path, net)
    await sender.open()
    try:
        await put_rules(sender, RULE)
        await sender.send(SENDER, content=LETTER)
        (job,) = await work_settled(sender, WAITING)
    finally:
        await sender.close()
    assert job.last is not None
    assert job.last.reply == "the settings have no [commands.invoice]"


async def test_one_that_fails_does_not_hold_the_next_one_up(tmp_path: Path, net: Internet) -> None:
    sender = await started(tmp_path, net, "grep -q poison && exit 75; exit 0")
    try:
        await sender.send(SENDER, content=LETTER + b"poison\r\n")
        await work_settled(sender, WAITING)
        await sender.send(SENDER, content=LETTER)
        while {job.state for job in await works(sender)} != {WAITING, DONE}:
            await pause(0.01)
    finally:
        await sender.close()


async def test_no_more_run_at_one_time_than_may(tmp_path: Path, net: Internet) -> None:
    text = f"echo + >> {tmp_path}/runs; sleep 0.1; echo - >> {tmp_path}/runs"
    sender = await started(tmp_path, net, text)
    try:
        for _ in range(6):
            await sender.send(SENDER, content=LETTER)
        await work_settled(sender, DONE, count=6)
    finally:
        await sender.close()
    runs, most = 0, 0
    for line in (tmp_path / "runs").read_text().splitlines():
        runs += 1 if line == "+" else -1
        most = max(most, runs)
    assert most == 2


async def test_the_end_of_the_server_cuts_it_and_the_next_start_does_it_anew(
    tmp_path: Path, net: Internet
) -> None:
    text = f"test -e {tmp_path}/again && exit 0; touch {tmp_path}/begun; sleep 300"
    sender = await started(tmp_path, net, text)
    await sender.send(SENDER, content=LETTER)
    await sender.until((tmp_path / "begun").exists, "it does not begin")
    sender.sending.dispatcher._under_way.cut_all()
    before = reactor().seconds()
    await sender.close()
    assert reactor().seconds() - before < 5
    (tmp_path / "again").touch()
    sender = Sender(tmp_path, net, f'commands.invoice.argv=["{tmp_path}/invoice"]')
    await sender.open(again=True)
    try:
        sender.later(hours=2)
        await work_settled(sender, DONE)
    finally:
        await sender.close()
