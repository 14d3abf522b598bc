"""The metrics of a real server: they say what its mail log says, by the names of docs/metrics.md."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Callable
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from tests.fakes.dialogue import Dialogue
from tests.fakes.process import ROOT, ServerProcess, free_port
from tests.fakes.server import until

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]
_NAME = re.compile(r"^\| `(bitrixmail_\w+)`", re.MULTILINE)


def read(port: int) -> Samples:
    """Ask as Prometheus does."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
        text = answer.read().decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(samples: Samples, name: str, **labels: str) -> float | None:
    return samples.get((f"bitrixmail_{name}", tuple(sorted(labels.items()))))


def wait_for(port: int, found: Callable[[Samples], bool]) -> Samples:
    until(lambda: found(read(port)), "the metrics do not come to say so")
    return read(port)


def test_what_happens_is_counted_timed_and_read_off(tmp_path: Path) -> None:
    port = free_port()
    server = ServerProcess(tmp_path / "server")
    settings = server.config.read_text()
    listen = f'[listen]\nmetrics = ["tcp:{port}:interface=127.0.0.1"]'
    server.config.write_text(settings.replace("[listen]", listen))
    server.furnish(("info@example.org",), "a password of the test")
    with server:
        before = read(port)
        assert value(before, "sessions", door="smtp") == 0
        with Dialogue(server.smtp_port, "220") as client:
            for line in ("EHLO x.example.net", "MAIL FROM:<a@example.net>"):
                client.say(line)
            for name in ("nobody", "info"):
                client.say(f"RCPT TO:<{name}@example.org>")
            client.say("DATA")
            client.say("Subject: hello\r\n\r\nx\r\n.")
            during = read(port)
        after = wait_for(port, lambda found: value(found, "sessions", door="smtp") == 0)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=20) as answer:
            assert answer.read() == b"ok\n"
        server.stop()
    assert value(during, "sessions", door="smtp") == 1
    assert value(during, "transitions_total", transition="accepted", reason="") == 1
    assert value(during, "transitions_total", transition="refused", reason="550 5.1.1") == 1
    assert value(during, "accepted_bytes_total") == 21
    assert value(during, "commit_seconds_count") == 1
    assert value(during, "judge_seconds_count") == 1
    sessions = [
        value(found, "session_seconds_count", door="smtp") or 0 for found in (during, after)
    ]
    assert sessions[1] == sessions[0] + 1
    assert value(after, "mailboxes") == 2
    assert value(after, "queue_jobs", state="waiting") == 0
    assert value(after, "dns_records_wrong", record="spf") == 0
    assert (value(after, "kept_bytes") or 0) > 21
    assert (value(after, "certificate_expiry_timestamp_seconds") or 0) > 1_700_000_000
    documented = set(_NAME.findall((ROOT / "docs/metrics.md").read_text("utf-8")))
    told = {re.sub("_(count|sum|bucket)$", "", name) for name, _ in after}
    assert {name for name in told if name.startswith("bitrixmail_")} == documented
