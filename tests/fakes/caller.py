"""A program that calls the API: one connection for each call, a token, JSON."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.process import ServerProcess
from tests.fakes.visitor import Visitor

ALL = ("see", "handle", "manage", "send", "govern")


@dataclass
class Reply:
    """What came back."""

    status: int
    headers: dict[str, str]
    octets: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.octets)


@dataclass
class Caller:
    """Made by a test with the port of the pages, and a token."""

    port: int
    token: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, server: ServerProcess, *rights: str) -> Caller:
        """Return one with a new token of the first owner, with these rights; none named: all."""
        return cls(server.web_port, made_token(Visitor.of(server), rights or ALL))

    def with_token(self, token: str) -> Caller:
        return Caller(self.port, token)

    def token_for(self, *rights: str) -> str:
        """Return a new token with these rights."""
        made = self.post("/tokens", {"name": " ".join(rights), "rights": list(rights)})
        assert made.status == 201, made.octets
        return str(made.json["token"])

    def get(self, path: str, **headers: str) -> Reply:
        return self.call("GET", f"/api/v1{path}", None, headers)

    def post(self, path: str, body: Any, **headers: str) -> Reply:
        return self.call("POST", f"/api/v1{path}", body, headers)

    def call(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Reply:
        sent = {**self.headers, **(headers or {})}
        if self.token:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            octets = response.read()
        finally:
            connection.close()
        return Reply(response.status, {k.lower(): v for k, v in response.getheaders()}, octets)


def made_token(visitor: Visitor, rights: tuple[str, ...]) -> str:
    """Make a token as a script of a page does: with the session's cookie and its token."""
    headers = {
        "Content-Type": "application/json",
        "X-CSRF-Token": visitor.csrf,
        "Origin": f"http://127.0.0.1:{visitor.port}",
    }
    body = json.dumps({"name": "a test", "rights": list(rights)}).encode()
    answered = visitor.ask("POST", "/api/v1/tokens", body, headers)
    assert answered.status == 201, answered.text
    return str(json.loads(answered.text)["token"])
