"""What tests of actions ask of a server that sends: rules in force, and what became of work."""

from __future__ import annotations

from pathlib import Path

from bitrixmail.model.job import JobState
from bitrixmail.model.queue import Queued, Search
from bitrixmail.model.work import KINDS
from bitrixmail.rules.syntax import parse_rules
from tests.fakes.delivering import pause, reactor
from tests.internet.sender import Sender

LETTER = (
    b"From: Ann <ann@shop.example>\r\nTo: boss@example.org\r\n"
    b"Subject: =?utf-8?q?=D0=A1=D1=87=D1=91=D1=82?= 17\r\nMessage-ID: <17@shop.example>\r\n"
    b"\r\nThank you.\r\n"
)


async def put_rules(sender: Sender, text: str) -> None:
    """Put rules in force."""
    await sender.stores.rulebook.replace(parse_rules(text, "rules.toml"), "test", "")
    await sender.reception.judge.load()


async def works(sender: Sender, *states: JobState) -> tuple[Queued, ...]:
    """Return what rules want done, done or not."""
    return await sender.stores.queue.find(Search(kinds=tuple(KINDS), states=states), 10_000)


async def work_settled(
    sender: Sender, *states: JobState, attempts: int = 1, count: int = 1, seconds: float = 15.0
) -> tuple[Queued, ...]:
    """Wait until so much work was attempted so often and is in one of these states."""
    end = reactor().seconds() + seconds
    while True:
        found = await works(sender)
        if len(found) == count and all(
            job.attempts >= attempts and job.state in states for job in found
        ):
            return found
        assert reactor().seconds() < end, found
        await pause(0.01)


def program(folder: Path, name: str, text: str) -> Path:
    """Write a program that can be run."""
    file = folder / name
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return file
