"""What the API says of itself, held against what it does: schemathesis over the OpenAPI document.

The server has something of every kind, and half of the calls name things that are there.
API_SECONDS=300 lets it go on for so long, API_SEED=1 makes up other calls.
"""

from __future__ import annotations

import json
import os
import time
from collections import defaultdict
from collections.abc import Iterator
from random import Random
from typing import Any, cast

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from bitrixmail.web.inventory import whole_document
from tests.fakes.caller import ALL
from tests.fakes.filled import DESK, DOMAIN, INFO, SHOP, Filled, filled_server
from tests.fakes.process import ROOT

_SECONDS = float(os.environ.get("API_SECONDS", "8"))
_SEED = int(os.environ.get("API_SEED", "0")) * 1_000_000
_SHORT = 60
_LONGEST = 16 * 1024
_CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
# What never ends
_LEFT_OUT = {"events_events", "events_live"}
# What may take the caller's own right away: only those are named that are there for it
_OF_OTHERS = {"users_change", "users_remove", "users_add", "tokens_remove_token"}
# By the name in a query or body; those that end with "s" take several
_KNOWN: dict[str, tuple[Any, ...]] = {
    "mailbox": (INFO, SHOP, DESK),
    "address": (INFO, "eva@example.com", "sales@example.org"),
    "folder": ("INBOX", "Orders", "Quarantine"),
    "desk": (DESK,),
    "domain": ("example.com", "example.net", DOMAIN),
    "sender": (INFO,),
    "from": (INFO, f"Shop <{SHOP}>"),
    "to": ([INFO], ["eva@example.com", SHOP]),
    "targets": ([INFO], ["eva@example.com"]),
    "rules": (["Orders/all"],),
    "rule": ({"condition": [], "action": [{"do": "flag"}]},),
    "q": ("subject:order", "is:unread", "from:ann has:attachment"),
    "query": ("is:unread score>3",),
    "message": ("Subject: an order\n\nHello",),
    "old": (0, 1),
    "new": (1, 2),
    "version": (0, 1),
    "days": (3,),
    "send_at": (None,),
    "text": ("Hello", ""),
    "html": ("<p>Hello</p>", ""),
    "name": ("carla", "another.example"),
    "subject": ("Order 17",),
    "headers": (None, {"X-Order": "17"}),
    "password": ("a password of a test",),
    "quota": ("10MiB",),
    "catch_all": (INFO, ""),
    "alias_of": ("", DOMAIN),
    "template": (None,),
    "values": (None, {"web.calls_per_minute": "0"}),
}
# Without which nothing is meant
_MEANT = {
    "/places/": "places",
    "/quarantine/": "ids",
    "/queue/": "ids",
    "/send": "to",
    "/rules/test": "message",
}


def _media_types() -> None:
    """Say how to make up what is neither JSON nor a form."""
    head = st.sampled_from(["", f"From: {INFO}\n", f"From: {INFO}\r\nDate: x\r\nBcc: {SHOP}\r\n"])
    written = st.tuples(head, st.text(max_size=300)).map(lambda two: "\n".join(two).encode())
    schemathesis.openapi.media_type("message/rfc822", written)
    rule = '[[rule]]\nname = "{}"\n[[rule.action]]\ndo = "flag"\n'
    names = st.text(st.characters(exclude_categories=("C", "Z")), max_size=9)
    files = st.text(max_size=50) | names.map(rule.format)
    schemathesis.openapi.media_type("application/toml", files.map(str.encode))


_media_types()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    with filled_server(tmp_path_factory.mktemp("document")) as filled:
        yield filled


def test_the_document_that_is_kept_is_what_is_served(filled: Filled) -> None:
    served = filled.caller.call("GET", "/api/openapi.json")
    kept = json.loads((ROOT / "docs/openapi.json").read_text("utf-8"))
    remedy = "stale: python -m bitrixmail.web.api > docs/openapi.json"
    assert kept == served.json, remedy
    assert kept == whole_document(), remedy


class Attempt:
    """Calls operations with what is made up. Made by a test for the rights of a token."""

    def __init__(self, filled: Filled, rights: str) -> None:
        self._filled = filled
        self._headers = {}
        if rights:
            token = filled.caller.token_for(*rights.split())
            self._headers["Authorization"] = f"Bearer {token}"
        self._random = Random(f"{rights} {_SEED}")
        self.seen: dict[str, set[int]] = defaultdict(set)
        self.calls = 0

    def all(self, seconds: float, least_turns: int = 0) -> None:
        """Call all of them again and again; those that do good first, else little is left.

        However slow the machine is, `least_turns` times.
        """
        until = time.monotonic() + seconds
        document = self._filled.caller.call("GET", "/api/openapi.json").json
        schema: Any = schemathesis.openapi.from_dict(document)
        found: list[Any] = [each.ok() for each in schema.get_all_operations()]
        operations = [each for each in found if _id(each) not in _LEFT_OUT]
        assert len(operations) > 110
        turns = 0
        while turns < least_turns or time.monotonic() < until:
            self._random.shuffle(operations)
            operations.sort(key=_harm)
            for operation in operations:
                if turns < least_turns or time.monotonic() < until:
                    self._try(operation, turns)
            turns += 1
            if turns % 3 == 0 and time.monotonic() < until:
                self._filled.refill()

    def _try(self, operation: Any, turns: int) -> None:
        """Call an operation with a few made-up cases: some right, some wrong."""
        mode = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)[turns % 2]
        if mode is GenerationMode.NEGATIVE and not _wrong_is_possible(operation):
            return

        @seed(_SEED + turns)
        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(
            max_examples=2 + min(turns, 20),
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def tried(case: Any) -> None:
            self._call(case, named=_id(operation) in _OF_OTHERS or self._random.random() < 0.6)

        cast("Any", tried)()

    def _call(self, case: Any, *, named: bool) -> None:
        if named:
            self._name(case)
        case.headers.update(self._headers)
        # The same key for something else is a fault, and told of by its own tests
        if self._random.random() < 0.9:
            case.headers.pop("Idempotency-Key", None)
        try:
            response = case.call(base_url=f"http://127.0.0.1:{self._filled.caller.port}")
        except requests.ConnectionError:
            # A line that is longer than any may be: the connection is cut
            assert len(case.as_transport_kwargs()["url"] + str(case.query)) > _LONGEST / 12
            return
        self.calls += 1
        self.seen[_id(case.operation)].add(response.status_code)
        case.validate_response(response, checks=_CHECKS)

    def _name(self, case: Any) -> None:
        """Put names of what is there in the places of what was made up."""
        if case.path_parameters:
            some = self._random.randrange(10)
            case.path_parameters.update(self._filled.parts(case.operation.path, some))
        if isinstance(case.body, dict):
            for path, name in _MEANT.items():
                if case.operation.path.startswith(f"/api/v1{path}"):
                    case.body.setdefault(name, None)
        for values in (case.query, case.body):
            if isinstance(values, dict):
                self._name_values(values, case.operation)

    def _name_values(self, values: dict[str, Any], operation: Any) -> None:
        """Take most of what is optional and made up out, and name what is there."""
        for pair in (("q", "places"), ("id", "message")):
            if all(each in values for each in pair):
                del values[self._random.choice(pair)]
        for name in list(values):
            known = self._known(operation.path, name)
            if known is not None:
                values[name] = known
            elif name not in _required(operation) and self._random.random() < 0.7:
                del values[name]

    def _known(self, path: str, name: str) -> Any:
        ids = self._filled.ids
        if name == "places":
            return [int(self._random.choice(ids["places"]))]
        if name == "ids" and "quarantine" in path:
            return self._random.sample(ids["held"], 1)
        if name in {"ids", "queue_ids"}:
            numbers = [int(each) for each in ids["/queue id"] if each.isdigit()]
            return [self._random.choice(numbers if name == "ids" else ids["/send id"])]
        if name == "recipient":
            several = path.endswith("/send/raw")
            return [INFO, "eva@example.com"] if several else self._random.choice(_KNOWN["address"])
        if name in {"id", "of", "queue_id"}:
            return self._random.choice(ids["/messages id"])
        return self._random.choice(_KNOWN[name]) if name in _KNOWN else None


def _required(operation: Any) -> set[str]:
    """Name what a query or body must have."""
    raw = operation.definition.raw
    names = {each["name"] for each in raw["parameters"] if each["required"]}
    schema = raw.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    if schema and "$ref" in schema:
        schema = operation.schema.raw_schema["components"]["schemas"][schema["$ref"][21:]]
    return names | set((schema or {}).get("required", ()))


def _id(operation: Any) -> str:
    return str(operation.definition.raw["operationId"])


def _harm(operation: Any) -> int:
    """Return how much an operation leaves for others: those that remove come last."""
    name = _id(operation)
    removing = ("remove", "delete", "drop", "lift", "bounce", "stop", "end_session", "change")
    return sum(each in name for each in (*removing, "rules_put", "undo", "release"))


def _wrong_is_possible(operation: Any) -> bool:
    raw = operation.definition.raw
    return bool(raw["parameters"] or raw.get("requestBody"))


@pytest.mark.parametrize("rights", [" ".join(ALL), *ALL, ""])
def test_no_bug_and_nothing_undocumented(filled: Filled, rights: str) -> None:
    if _SECONDS > _SHORT:
        filled.refill()
    attempt = Attempt(filled, rights)
    whole = rights == " ".join(ALL)
    attempt.all(_SECONDS * (0.7 if whole else 0.05), least_turns=whole)
    good = {name for name, seen in attempt.seen.items() if min(seen) < 300}
    print(f"{rights or 'nobody'}: {attempt.calls} calls, {len(attempt.seen)} operations tried,"
          f" {len(good)} done, never: {sorted(set(attempt.seen) - good)}")  # fmt: skip
    if rights == " ".join(ALL):
        # On a server that has nothing it is less than half
        assert len(good) > 0.6 * len(attempt.seen), sorted(set(attempt.seen) - good)
    elif not rights:
        assert good <= {"healthz_health", "readyz_readiness"}
    log = filled.server.log.read_text()
    assert "Traceback" not in log, log[log.index("Traceback") - 500 :][:3000]
