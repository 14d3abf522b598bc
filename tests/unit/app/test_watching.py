"""The dashboard and the alerts of etc/: they ask for what there is, by the names that it has."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from bitrixmail.app.watching.metrics import Metrics
from bitrixmail.model.job import JobState

ROOT = Path(__file__).parents[3]
ALERTS = ROOT / "etc/prometheus/alerts.yml"
DASHBOARD = ROOT / "etc/grafana/bitrixmail.json"
_NAME = re.compile(r"\b(?:bitrixmail|process)_[a-z0-9_]+")
_SELECTOR = re.compile(r"\b((?:bitrixmail|process)_[a-z0-9_]+)\{([^{}]*)\}")
_LABEL = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"([^\"]*)\"")
# Whoever scrapes adds these
_SCRAPED = {"instance", "job", "le"}


@pytest.fixture(scope="module")
def told() -> dict[str, set[str]]:
    """The names of all samples that docs/metrics.md tells of, each with its labels."""
    rows = re.findall(
        r"^\| `(bitrixmail_\w+)` \| (\w+)([^|]*)\|",
        (ROOT / "docs/metrics.md").read_text(),
        re.MULTILINE,
    )
    found: dict[str, set[str]] = {}
    for name, kind, rest in rows:
        labels = set(re.findall(r"`(\w+)`", rest))
        suffixes = ("_bucket", "_sum", "_count") if kind == "histogram" else ("",)
        found |= {name + suffix: labels for suffix in suffixes}
    for line in (ROOT / "docs/metrics.md").read_text().splitlines():
        found |= {name: set() for name in re.findall(r"`(process_\w+)`", line)}
    return found


def _asked() -> Iterator[str]:
    yield ALERTS.read_text("utf-8")
    for panel in json.loads(DASHBOARD.read_text("utf-8"))["panels"]:
        for target in panel["targets"]:
            yield target["expr"]


def test_every_name_and_label_that_is_asked_for_is_there(told: dict[str, set[str]]) -> None:
    assert len(told) > 25
    asked = [text for text in _asked() if _NAME.search(text)]
    assert len(asked) > 20
    names = {name for text in asked for name in _NAME.findall(text)}
    assert not names - told.keys(), names - told.keys()
    for text in asked:
        for name, selector in _SELECTOR.findall(text):
            labels = {label for label, _ in _LABEL.findall(selector)}
            assert not labels - _SCRAPED - told[name], (name, labels)


def test_the_values_that_are_asked_for_are_those_that_come(told: dict[str, set[str]]) -> None:
    states = {state.value for state in JobState}
    samples = {
        sample.labels["outcome"]
        for family in text_string_to_metric_families(
            generate_latest(Metrics("0").registry).decode()
        )
        for sample in family.samples
        if sample.name == "bitrixmail_deliveries_total"
    }
    assert samples == {"sent", "deferred", "bounced"}
    for text in _asked():
        for name, selector in _SELECTOR.findall(text):
            for label, value in _LABEL.findall(selector):
                if label == "state":
                    assert value in states
                if label == "outcome" and name == "bitrixmail_deliveries_total":
                    assert value in samples


def test_each_alert_says_what_to_do() -> None:
    text = ALERTS.read_text("utf-8")
    count = text.count("- alert: ")
    assert count >= 10
    assert text.count("summary: ") == text.count("remedy: ") == count
    assert text.count("severity: ") == count


@pytest.mark.skipif(shutil.which("promtool") is None, reason="Debian's prometheus is not here")
def test_prometheus_reads_the_alerts() -> None:
    done = subprocess.run(
        ["promtool", "check", "rules", ALERTS], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
