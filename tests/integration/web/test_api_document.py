"""What the API says of itself, held against what it does: schemathesis over the OpenAPI document.

API_SECONDS=300 lets it go on for so long.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from random import Random
from typing import Any, cast

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from bitrixmail.web.api.__main__ import whole_document
from tests.fakes.caller import Caller
from tests.fakes.process import ROOT, ServerProcess

_SECONDS = float(os.environ.get("API_SECONDS", "5"))
_LONGEST = 16 * 1024
_CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
# What never ends, and what would take the caller's own right away
_LEFT_OUT = {"events_events", "events_live", "users_change", "users_remove", "tokens_remove_token"}
# Streams and files that schemathesis can't write
_JSON = {None, "application/json"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    home = tmp_path_factory.mktemp("document")
    with ServerProcess(home, "[web]\ncalls_per_minute = 0\n", web=True) as server:
        yield server


@pytest.fixture(scope="module")
def caller(server: ServerProcess) -> Caller:
    caller = Caller.of(server)
    caller.post("/domains", {"name": "example.org"})
    caller.post("/mailboxes", {"address": "info@example.org"})
    return caller


def test_the_document_that_is_kept_is_what_is_served(caller: Caller) -> None:
    served = caller.call("GET", "/api/openapi.json")
    kept = json.loads((ROOT / "docs/openapi.json").read_text("utf-8"))
    remedy = "stale: python -m bitrixmail.web.api > docs/openapi.json"
    assert kept == served.json, remedy
    assert kept == whole_document(), remedy


@pytest.mark.parametrize("rights", ["see handle manage send govern", "see", "send"])
def test_no_bug_and_nothing_undocumented(
    server: ServerProcess, caller: Caller, rights: str
) -> None:
    token = caller.token_for(*rights.split())
    share = 0.7 if " " in rights else 0.15
    until = time.monotonic() + _SECONDS * share
    schema = schemathesis.openapi.from_dict(caller.call("GET", "/api/openapi.json").json)
    found: list[Any] = [each.ok() for each in cast("Any", schema).get_all_operations()]
    operations = [
        each
        for each in found
        if each.definition.raw["operationId"] not in _LEFT_OUT and _sends(each) in _JSON
    ]
    assert len(operations) > 70
    Random(rights).shuffle(operations)  # not the same ones first for all
    turns = 0
    while time.monotonic() < until:
        for operation in operations:
            if time.monotonic() < until:
                _try(operation, caller.port, token, turns)
        turns += 1
    log = server.log.read_text()
    assert "Traceback" not in log, log[log.index("Traceback") - 500 :][:3000]


def _sends(operation: Any) -> str | None:
    content = operation.definition.raw.get("requestBody", {}).get("content", {})
    return next(iter(content), None)


def _try(operation: Any, port: int, token: str, turns: int) -> None:
    """Call an operation with a few made-up cases: some right, some wrong."""
    modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    mode = modes[turns % 2]
    if mode is GenerationMode.NEGATIVE and not _wrong_is_possible(operation):
        return

    @seed(turns)
    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=2 + turns,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def tried(case: Any) -> None:
        case.headers["Authorization"] = f"Bearer {token}"
        try:
            response = case.call(base_url=f"http://127.0.0.1:{port}")
        except requests.ConnectionError:
            # A line that is longer than any may be: the connection is cut
            assert len(case.as_transport_kwargs()["url"] + str(case.query)) > _LONGEST / 12
            return
        case.validate_response(response, checks=_CHECKS)

    tried()


def _wrong_is_possible(operation: Any) -> bool:
    raw = operation.definition.raw
    return bool(raw["parameters"] or raw.get("requestBody"))
