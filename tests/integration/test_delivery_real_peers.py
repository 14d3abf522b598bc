"""Deliveries to smtp-sink, and to a real Postfix: what smtpd makes of every variant of B4."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bitrixmail.model.parcel import Answer
from bitrixmail.outbound.client.connection import Connection
from tests.attacks.sessions import SECOND
from tests.attacks.test_smuggling import VARIANTS
from tests.fakes.delivering import BODY, met, parcel, pause, told
from tests.fakes.postfix import PrivatePostfix
from tests.fakes.process import free_port

pytestmark = pytest.mark.debian("postfix")


async def opened(port: int) -> Connection:
    """Connect to a program that may yet have to start."""
    for _ in range(100):
        connection = await met(port)
        if isinstance(connection, Connection):
            return connection
        await pause(0.1)
    pytest.fail("it does not answer")


# as it is; with HELO only; without PIPELINING
@pytest.fixture(params=[(), ("-e",), ("-p",)], ids=["all", "helo", "steps"])
def sink(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[int]:
    """Run smtp-sink, which writes each message to a file; gives its port."""
    port = free_port()
    where = f"127.0.0.1:{port}"
    command = ["/usr/sbin/smtp-sink", *request.param, "-d", f"{tmp_path}/", where, "10"]
    if os.geteuid() == 0:
        command[1:1] = ["-u", "root"]
    with subprocess.Popen(command, cwd=tmp_path) as process:
        yield port
        process.terminate()


async def test_smtp_sink(sink: int, tmp_path: Path) -> None:
    connection = await opened(sink)
    for content in (BODY, BODY * 20_000, BODY):
        delivered = await connection.deliver(parcel("b@x.net", "c@x.net", content=content))
        assert [str(each)[:3] for each in delivered] == ["250", "250"]
    await connection.close()
    taken = sorted(file.stat().st_size for file in tmp_path.glob("*"))  # noqa: ASYNC240 - three files
    assert len(taken) == 3
    assert taken[2] > 20_000 * len(BODY.replace(b"\r", b""))


@pytest.fixture
def postfix(open_home: Path) -> Iterator[PrivatePostfix]:
    if os.geteuid() != 0:
        pytest.skip("Postfix is started by root")
    running = PrivatePostfix(open_home, free_port(), "box")
    running.start()
    try:
        yield running
    finally:
        running.stop()


async def test_postfix(postfix: PrivatePostfix) -> None:
    """Content by DATA and by BDAT, every variant, and what a real smtpd refuses."""
    connection = await opened(postfix.port)
    assert connection.extensions.chunking
    assert connection.extensions.pipelining
    head = b"Subject: x\r\n\r\n"
    contents = [head + b"v" + variant + b"QUIT\r\n" + SECOND for variant in VARIANTS]
    contents.append(head + b"y" * 5000 + b"\r\n.\r\n" + SECOND)
    contents.append(head + b".large\r\n" * 40_000)
    for content in contents:
        (answer,) = await connection.deliver(parcel(postfix.address, content=content))
        assert isinstance(answer, Answer), (answer, content[:40])
        assert (answer.code, answer.enhanced) == (250, "2.0.0"), (answer, content[:40])
    delivered = await connection.deliver(parcel("nobody@example.org", postfix.address))
    assert [str(each)[:9] for each in delivered] == ["550 5.1.1", "250 2.0.0"]
    (nobody,) = await connection.deliver(parcel("nobody@example.org"))
    assert str(nobody).startswith("550 5.1.1")
    assert told(await connection.deliver(parcel(postfix.address)))[0].startswith("250 2.0.0")
    await connection.close()
    expected = len(contents) + 2
    for _ in range(200):
        if postfix.delivered() >= expected:
            break
        await pause(0.1)
    # one file for each message: nothing was smuggled
    assert postfix.delivered() == expected
    bodies = [file.read_bytes() for file in (postfix.maildir / "new").iterdir()]
    assert sum(b"Subject: x\n" in body for body in bodies) == expected
    # a line that began with a dot has one again, in all forty thousand of them
    assert any(body.count(b".large\n") == 40_000 for body in bodies)
