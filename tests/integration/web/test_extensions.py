"""Pages that ask the extensions of their server: one that hangs keeps nobody else waiting."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from tests.fakes.installed import install
from tests.fakes.process import ServerProcess
from tests.fakes.visitor import Visitor

_WAITS_S = 3.0
# A turn of the reactor that waited for an extension would take as long as that may
_MOST_S = 1.5
_CODE = """
import time
from bitrixmail.model.extension import Parts

def hanging(letter):
    time.sleep(3600)

async def shop(letter):
    return ["known"]

def parts(context):
    return Parts(conditions={"hanging": hanging, "shop": shop}, checks={"hanging": hanging})
"""
_SITE = """
[[domain]]
name = "example.org"
[[mailbox]]
address = "hangs@example.org"
[[mailbox]]
address = "good@example.org"
[[rule]]
name = "asks"
mailbox = "good@example.org"
condition = [{field = "python:slow.shop", op = "equals", value = "known"}]
action = [{do = "move", folder = "Known"}]
[[rule]]
name = "hangs"
mailbox = "hangs@example.org"
condition = [{field = "check:slow.hanging", op = "less", value = 100}]
action = [{do = "move", folder = "Never"}]
[[rule]]
name = "hangs too"
mailbox = "hangs@example.org"
condition = [{field = "python:slow.hanging", op = "exists"}]
action = [{do = "move", folder = "Never"}]
"""
_LETTER = "From: a@example.net\r\nSubject: hello\r\n\r\nbody\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("slow")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(install(folder / "packages", "slow", _CODE)))
        made = ServerProcess(folder / "home", web=True)
        made.configure("extensions", f'enabled = ["slow"]\ncondition_time = "{_WAITS_S:g}s"')
        site = folder / "site.toml"
        site.write_text(_SITE)
        made.cli("apply", str(site))
        with made:
            yield made


def test_a_trial_asks_an_extension_that_has_to_be_awaited(server: ServerProcess) -> None:
    trial = {"trial.mailbox": "good@example.org", "trial.text": _LETTER}
    assert "moved to Known" in Visitor.of(server).post("/rules/try", **trial).text


def test_one_that_hangs_keeps_nobody_else_waiting(server: ServerProcess) -> None:
    owner = Visitor.of(server)
    shown: list[str] = []

    def look() -> None:
        trial = {"trial.mailbox": "hangs@example.org", "trial.text": _LETTER}
        shown.append(owner.post("/rules/try", **trial).text)

    trying = threading.Thread(target=look)
    trying.start()
    others = []
    while trying.is_alive():
        began = time.monotonic()
        assert Visitor(server.web_port).get("/healthz").status == 200
        others.append(time.monotonic() - began)
        time.sleep(0.05)
    trying.join()
    assert "hangs too" in shown[0]
    assert max(others) < _MOST_S
