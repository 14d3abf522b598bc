"""The receivers that docs/webhooks.md shows, run as they stand there, called by the real server."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred

from bitrixmail.model.job import JobState
from bitrixmail.rules.fill import NAMES
from tests.fakes.delivering import pause, reactor
from tests.fakes.endpoint import Endpoint
from tests.fakes.process import free_port
from tests.internet.hooks import Hooks, rule
from tests.internet.net import Internet

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "webhooks.md").read_text("utf-8")
SECRET = "a long random text"


def shown(language: str) -> str:
    [code] = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(code)


@pytest.fixture
def php(tmp_path: Path) -> Iterator[int]:
    """Run the receiver in PHP; give its port."""
    script, port = tmp_path / "mail.php", free_port()
    script.write_text(shown("php"))
    command = ["php", "-S", f"127.0.0.1:{port}", str(script)]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        yield port
        process.send_signal(signal.SIGTERM)


async def _listens(port: int) -> None:
    end = reactor().seconds() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert reactor().seconds() < end, "php does not listen"
            await pause(0.05)
        else:
            return


@pytest.mark.debian("php-cli")
async def test_the_one_in_php(tmp_path: Path, net: Internet, php: int) -> None:
    await _listens(php)
    secrets = f'actions.secrets={{ shop = "{SECRET}", other = "x", turned = ["x", "{SECRET}"] }}'
    house = await Hooks(tmp_path, net, [f"127.0.0.1:{php}"], secrets).open()
    try:
        url = f"http://127.0.0.1:{php}/mail.php"
        for secret, said in (
            ("shop", "200 OK: order of ann@example.net"),
            ("turned", "200 OK: order of ann@example.net"),
            ("other", "403 Forbidden: wrong signature"),
        ):
            await house.rules(rule(url, secret=f'"{secret}"'))
            await house.receive(f"Счёт, {secret}")
            number = len(await house.hooks()) - 1
            job, attempt = await house.tried(number)
            assert attempt.reply == said
            assert job.state is (JobState.DONE if "200" in said else JobState.WAITING)
    finally:
        await house.close()


async def test_the_one_in_python(tmp_path: Path, net: Internet) -> None:
    page = Endpoint().up()
    secrets = f'actions.secrets={{ shop = ["new", "{SECRET}"] }}'
    house = await Hooks(tmp_path, net, [f"127.0.0.1:{page.port}"], secrets).open()
    await house.rules(rule(page.url, secret='"shop"'))
    await house.receive("Счёт")
    await house.all_done()
    await house.close()
    await page.down()
    [request] = page.requests
    scope: dict[str, Any] = {}
    exec(shown("python"), scope)
    signed_by_us = scope["signed_by_us"]
    signature = request.headers["x-bitrixmail-signature"]
    now = int(request.headers["x-bitrixmail-timestamp"])
    assert signed_by_us(request.body, signature, SECRET, now)
    assert signed_by_us(request.body, signature, "new", now + 299)
    assert not signed_by_us(request.body, signature, SECRET, now + 301)
    assert not signed_by_us(request.body + b" ", signature, SECRET, now)
    assert not signed_by_us(request.body, signature, "another", now)
    assert not signed_by_us(request.body, signature.replace(str(now), str(now + 1)), SECRET, now)
    assert not signed_by_us(request.body, "", SECRET, now)


@pytest.fixture(autouse=True)
def _quiet_end() -> Iterator[None]:
    yield
    pytest_twisted.blockon(Deferred.fromCoroutine(_pause()))


async def _pause() -> None:
    await pause(0.02)


def test_every_name_of_a_template_is_on_the_page() -> None:
    page = (DOCS / "bitrix24.md").read_text("utf-8")
    for name, told in NAMES.items():
        assert f"| `{name}` | {told} |" in page
