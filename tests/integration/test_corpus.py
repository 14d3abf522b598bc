"""A hundred messages of many kinds go in by SMTP and come back by POP3, octet for octet."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.crash.client import SMTPClient
from tests.crash.harvest import read_folder
from tests.crash.judge import TRACE_FIELDS
from tests.crash.letters import Letter
from tests.fakes.corpus import CHARSETS, WORD, Sample, samples
from tests.fakes.process import ServerProcess

ADDRESS = "info@example.org"
PASSWORD = "a password of the test"
FOLDERS = {True: "info+Invoices@example.org", False: ADDRESS}
RULES = f"""\
[[rule]]
name = "Huge"
order = 100
  [[rule.condition]]
  field = "size"
  op = "greater"
  value = "20MiB"
  [[rule.action]]
  do = "tag"
  tag = "huge"

[[rule]]
name = "Invoices"
  [[rule.condition]]
  field = "subject"
  op = "contains"
  value = "{WORD}"
  [[rule.action]]
  do = "move"
  folder = "Invoices"
"""


@dataclass(frozen=True)
class Passed:
    """What went through: the queue id of each sample, and what each folder then held."""

    server: ServerProcess
    queue_ids: dict[str, str]
    found: dict[str, bytes]
    counts: dict[bool, int]


@pytest.fixture(scope="module")
def passed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Passed]:
    """Send each sample once, every third by BDAT; then read both folders, in order of arrival."""
    with ServerProcess(tmp_path_factory.mktemp("corpus")) as server:
        server.furnish((ADDRESS,), PASSWORD, RULES)
        queue_ids: dict[str, str] = {}
        with SMTPClient(server.smtp_port, None, timeout_s=60) as client:
            for number, sample in enumerate(samples()):
                letter = Letter(sample.name, (ADDRESS,), sample.content, number % 3 == 0)
                reply = client.send(letter).decode()
                queue_ids[sample.name] = reply.rpartition(" ")[2]
            client.quit()
        found: dict[str, bytes] = {}
        counts: dict[bool, int] = {}
        for invoice, login in FOLDERS.items():
            expected = [sample.name for sample in samples() if sample.invoice is invoice]
            messages = list(read_folder(server.pop3_port, login, PASSWORD))
            counts[invoice] = len(messages)
            found.update(zip(expected, messages, strict=False))
        yield Passed(server, queue_ids, found, counts)


def test_each_is_in_the_folder_of_its_subject(passed: Passed) -> None:
    expected = sum(1 for sample in samples() if sample.invoice)
    assert passed.counts == {True: expected, False: 100 - expected}


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.name)
def test_it_comes_back_octet_for_octet(passed: Passed, sample: Sample) -> None:
    message = passed.found[sample.name]
    before = message[: len(message) - len(sample.content)]
    # Not in the assertion itself: a difference in 34 MB is no explanation.
    same = message[len(before) :] == sample.content
    assert same
    assert TRACE_FIELDS.fullmatch(before), before


TRACED = (
    *(f"{charset} raw, undeclared" for charset in CHARSETS),
    "utf-8 encoded words folded",
    "nested 120",
    "subject twice",
    "no headers",
    "attachment of 25 MiB",
)


@pytest.mark.parametrize("name", TRACED)
def test_rules_test_prints_the_path_of_the_trace(passed: Passed, name: str, tmp_path: Path) -> None:
    queue_id = passed.queue_ids[name]
    stored = tmp_path / "stored.eml"
    passed.server.cli("message", "export", queue_id, "--output", str(stored))
    events = json.loads(passed.server.cli("trace", queue_id, "--json"))
    [filed] = [event for event in events if event["kind"] == "filed"]
    tested = json.loads(
        passed.server.cli("rules", "test", str(stored), "--mailbox", ADDRESS, "--json")
    )
    traced = filed["trace"]
    assert tested["steps"] == traced["steps"]
    assert tested["result"] == traced["result"]
