"""Somebody who looks at the pages without scripts: one connection, cookies, forms."""

from __future__ import annotations

import http.client
import re
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import urlencode

from tests.fakes.process import ServerProcess

_TOLD = re.compile(r"log in as (\S+) with the password (\S+)")


@dataclass
class Answered:
    """What came back."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def location(self) -> str:
        return self.headers.get("location", "")


@dataclass
class Visitor:
    """Made by a test with the port of the pages."""

    port: int
    headers: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, server: ServerProcess) -> Visitor:
        """Return one who has logged in as the first owner, with the password told at the start."""
        found = _TOLD.search(server.log.read_text())
        assert found is not None
        visitor = cls(server.web_port)
        visitor.log_in(*found.groups())
        visitor.get("/")
        return visitor

    def log_in(self, name: str, password: str, code: str = "") -> Answered:
        return self.post("/login", name=name, password=password, code=code)

    def get(self, path: str, **headers: str) -> Answered:
        return self.ask("GET", path, b"", headers)

    def post(self, path: str, **fields: str | list[str]) -> Answered:
        """Send a form as a page of ours does; its token is that of the page before."""
        given = {"csrf": self.csrf, **fields}
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": f"http://127.0.0.1:{self.port}",
        }
        return self.ask("POST", path, urlencode(given, doseq=True).encode(), headers)

    csrf: str = ""

    @property
    def session(self) -> str:
        """What the cookie of the session is called."""
        return f"bitrixmail-{self.port}"

    def ask(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answered:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = {"Cookie": cookies, **self.headers, **headers}
        try:
            connection.request(method, path, body, {k: v for k, v in sent.items() if v})
            response = connection.getresponse()
            text = response.read().decode("utf-8", "replace")
        finally:
            connection.close()
        for name, value in response.getheaders():
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
        token = re.search(r'name="csrf" value="([^"]+)"', text)
        if token is not None:
            self.csrf = unescape(token.group(1))
        return Answered(response.status, {k.lower(): v for k, v in response.getheaders()}, text)
