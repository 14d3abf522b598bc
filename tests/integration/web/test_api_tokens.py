"""What a token of the API can't give to others: more than it has."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.fakes.caller import Caller
from tests.fakes.process import ServerProcess


@pytest.fixture(scope="module")
def caller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    with ServerProcess(tmp_path_factory.mktemp("tokens"), web=True) as server:
        yield Caller.of(server)


def test_a_token_gives_no_more_than_it_has(caller: Caller) -> None:
    governing = caller.with_token(caller.token_for("govern"))
    answered = governing.post("/tokens", {"name": "more", "rights": ["govern", "manage"]})
    assert (answered.status, "manage" in answered.json["detail"]) == (403, True)
    made = governing.post("/tokens", {"name": "as much", "rights": ["govern"]})
    assert made.status == 201
    assert governing.call("DELETE", f"/api/v1/tokens/{made.json['shown']['id']}").status == 204
    assert caller.with_token(made.json["token"]).get("/tokens").status == 401


def test_a_token_makes_nobody_more_than_it_is(caller: Caller) -> None:
    governing = caller.with_token(caller.token_for("govern"))
    watching = caller.with_token(caller.token_for("govern", "see"))
    password = {"password": "a password of it"}
    head = {"Content-Type": "application/json"}
    refused = governing.post("/users", {"name": "more", "role": "owner", **password})
    assert (refused.status, "manage" in refused.json["detail"]) == (403, True)
    assert watching.post("/users", {"name": "seer", "role": "reader", **password}).status == 201
    for name, change in (
        ("admin", password),
        ("admin", {"role": "reader"}),
        ("admin", {"active": False}),
        ("seer", {"role": "operator"}),
        ("seer", {**password, "role": "owner"}),
    ):
        path, body = f"/api/v1/users/{name}", json.dumps(change).encode()
        assert watching.call("PATCH", path, body, head).status == 403, (name, change)
        assert caller.get(f"/users/{name}").json["active"] is True
    assert caller.get("/users/seer").json["role"] == "reader"
    patched = watching.call("PATCH", "/api/v1/users/seer", json.dumps(password).encode(), head)
    assert patched.status == 200, patched.octets
