"""Who may what: docs/web/rights.md, held against the code and, line by line, against a server.

The server has something of every kind. Whoever may not, names what is there, and nothing comes
of it; whoever may, names in a change what is not there, so that the rest stays as it is.
"""

from __future__ import annotations

import http.client
import json
import re
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

import pytest

from bitrixmail.model.user import Right, Role
from bitrixmail.web.rights import table
from tests.fakes.caller import Caller, Reply
from tests.fakes.filled import DESK, PASSWORD, Filled, filled_server
from tests.fakes.process import ROOT
from tests.fakes.visitor import Answered, Visitor

FILE = ROOT / "docs/web/rights.md"
REFUSED = "Your role does not allow this."
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
# What ends the session that asks; a look of the doctor's goes on for long, a stream for ever
_APART = {"POST /logout", "POST /login", "POST /doctor/run", "POST /api/v1/doctor"}
_STREAMS = {"GET /events", "GET /api/v1/events"}
# Of a page: what stands for a part of its path
_PARTS = {
    "/domains name": "example.org",
    "/mailboxes address": "info@example.org",
    "/users/user name": "an-reader",
    "/queue/job number": "1",
    "/rules name": "Desk",
    "/rules/templates name": "vip",
    "/rules/apply number": "1",
    "/tickets desk": DESK,
    "/tickets number": "1",
}
# Of life, each some seconds after the one before
_MOST_SIGNS = 3
_PART = re.compile(r"[<{](?:path:)?([a-z_]+)[>}]")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table: what is asked, and who may."""

    method: str
    path: str
    may: dict[str, bool]

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


def lines(head: str) -> list[Line]:
    """Read one of the tables of the file."""
    text = FILE.read_text("utf-8")
    rows = text[text.index(f"| {head} |") :].partition("\n\n")[0].splitlines()
    _what, *columns = (each.strip() for each in rows[0].strip("|").split("|"))
    found = []
    for row in rows[2:]:
        name, *cells = (each.strip() for each in row.removesuffix("|").removeprefix("|").split("|"))
        method, path = name.strip("`").split()
        assert set(cells) <= {"x", ""}
        may = {column: cell == "x" for column, cell in zip(columns, cells, strict=True)}
        found.append(Line(method, path, may))
    return found


PAGES, CALLS = lines("page"), lines("call")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    with filled_server(tmp_path_factory.mktemp("rights")) as filled:
        yield filled


@pytest.fixture(scope="module")
def visitors(filled: Filled) -> dict[str, Visitor]:
    """Return one of each role, and one who has not logged in."""
    user = {"name": "an-owner", "role": "owner", "password": PASSWORD}
    assert filled.caller.post("/users", user).status == 201
    found = {"nobody": Visitor(filled.caller.port)}
    for role in Role:
        visitor = found[role.value] = Visitor(filled.caller.port)
        assert visitor.log_in(f"an-{role.value}", PASSWORD).status == 303
        visitor.get("/account")
    return found


def test_the_table_is_that_of_the_code() -> None:
    remedy = "stale: python -m bitrixmail.web.rights > docs/web/rights.md"
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # of Twisted's own
        made = table()
    assert FILE.read_text("utf-8") == made, remedy
    assert (len(PAGES) > 120, len(CALLS) > 120) == (True, True)


def page_path(filled: Filled, path: str, *, there: bool) -> str:
    """Fill in the parts of a page's path."""

    def part(found: re.Match[str]) -> str:
        if not there:
            return "x"
        before = path[: found.start()].split("<", maxsplit=1)[0].rstrip("/")
        known = {**_PARTS, "/messages queue_id": filled.ids["/messages id"][0]}
        return quote(known.get(f"{before} {found[1]}", "0"), safe="")

    return _PART.sub(part, path)


def call_path(filled: Filled, path: str, *, there: bool) -> str:
    if not there:
        return _PART.sub("x", path)
    return filled.path(path).replace("/api/v1/views/Unread", "/api/v1/views/Mine")


def deeds(filled: Filled) -> list[tuple[str, str]]:
    """Return what stands in the audit log of those who were refused."""
    found = filled.caller.get("/audit?limit=1000").json["items"]
    return [(each["who"], each["what"]) for each in found]


def test_each_page_is_for_whom_the_table_says(filled: Filled, visitors: dict[str, Visitor]) -> None:
    before = deeds(filled)
    _ask_pages(filled, visitors, allowed=False)
    assert deeds(filled) == before
    _ask_pages(filled, visitors, allowed=True)


def _ask_pages(filled: Filled, visitors: dict[str, Visitor], *, allowed: bool) -> None:
    # What asks for the password gets it; two that differ change none
    fields = {"password": PASSWORD, "new": "one of two", "again": "the other one"}
    for line in PAGES:
        for who, may in line.may.items():
            if may is not allowed or (may and line.name in _APART):
                continue
            there = not may or line.method == "GET"
            path = page_path(filled, line.path, there=there)
            answered = asked(visitors[who], line.method, path, fields)
            told = (line.name, who, answered.status)
            assert answered.status < 500, told
            if may:
                assert REFUSED not in answered.text.replace("&#39;", "'"), told
                assert not answered.location.startswith("/login"), told
                # What is named is there, and seen by whoever may see it
                if there and "<" in line.path and "number" not in line.path:
                    assert answered.status == 200, told
            elif who == "nobody":
                assert (answered.status, answered.location[:6]) == (303, "/login"), told
            else:
                assert answered.status == 403, told
                assert REFUSED in answered.text.replace("&#39;", "'"), told


def asked(visitor: Visitor, method: str, path: str, fields: dict[str, str]) -> Answered:
    """Look at a page, or send a form; what begins a new session gives its token as well."""
    before = visitor.cookies.get(visitor.session)
    answered = visitor.get(path) if method == "GET" else visitor.post(path, **fields)
    if visitor.cookies.get(visitor.session) != before:
        visitor.get("/account")
    return answered


def test_each_call_is_for_whom_the_table_says(filled: Filled, visitors: dict[str, Visitor]) -> None:
    tokens = {right.value: filled.caller.token_for(right.value) for right in Right}
    before = deeds(filled)
    for allowed in (False, True):
        for line in CALLS:
            for who, may in line.may.items():
                apart = _APART | _STREAMS if may else ()
                if may is allowed and line.name not in apart:
                    _ask_call(filled, visitors, tokens, line, who)
        if not allowed:
            assert deeds(filled) == before


def _ask_call(
    filled: Filled, visitors: dict[str, Visitor], tokens: dict[str, str], line: Line, who: str
) -> None:
    may = line.may[who]
    path = call_path(filled, line.path, there=not may or line.method == "GET")
    body: Any = b"" if line.method == "GET" else b"{}"
    status = status_of_call(filled.caller, visitors.get(who), tokens.get(who), line, path, body)
    refused = 401 if who == "nobody" else 403
    told = (line.name, who, status)
    assert status < 500, told
    assert (status in {401, 403}) is not may, told
    assert may or status == refused, told
    if may and line.method == "GET" and "{" in line.path:
        assert status == 200, told


def status_of_call(
    caller: Caller, visitor: Visitor | None, token: str | None, line: Line, path: str, body: bytes
) -> int:
    headers = {"Content-Type": "application/json"} if body else {}
    if visitor is None:
        reply: Reply = caller.with_token(token or "").call(line.method, path, body or None, headers)
        return reply.status
    if line.method != "GET":
        headers |= {"X-CSRF-Token": visitor.csrf}
    # Octets are answered too
    link = replace(caller, token="", headers=dict(visitor_headers(visitor)))
    return link.call(line.method, path, body or None, headers).status


def visitor_headers(visitor: Visitor) -> Iterator[tuple[str, str]]:
    yield "Cookie", "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
    yield "Origin", f"http://127.0.0.1:{visitor.port}"


def test_nobody_reaches_what_is_another_users(filled: Filled, visitors: dict[str, Visitor]) -> None:
    reader, caller = visitors["reader"], filled.caller

    def tokens() -> list[tuple[str, list[str]]]:
        found = caller.get("/tokens?limit=1000").json["items"]
        return [(each["user"], each["rights"]) for each in found]

    before = tokens()
    assert reader.post("/account/tokens", name="more", right=["govern", "see"]).status == 400
    for number in filled.ids["/tokens id"]:
        assert reader.post("/account/tokens/remove", token=number).status == 404
    assert tokens() == before
    for each in caller.get("/users/an-operator/sessions").json["items"]:
        reader.post("/account/sessions/end", session=each["key"])
    assert visitors["operator"].get("/account").status == 200
    reader.post("/messages/views/drop", name="Unread")
    assert [each["name"] for each in caller.get("/views").json] == ["Unread"]


def test_who_may_send_only_reads_nothing_by_it(filled: Filled) -> None:
    sending = filled.caller.with_token(filled.caller.token_for("send"))
    meant = {"q": "", "address": "evil@evil.example"}
    refused = sending.post("/places/send", meant)
    assert (refused.status, "see" in refused.json["detail"]) == (403, True)
    both = filled.caller.with_token(filled.caller.token_for("send", "see"))
    assert both.post("/places/send", {**meant, "q": "subject:hello"}).status == 200


def test_a_token_removes_nobody_who_is_more(filled: Filled) -> None:
    governing = filled.caller.with_token(filled.caller.token_for("govern", "see"))
    for path in ("/users/an-admin", "/users/an-owner/second-factor"):
        refused = governing.call("DELETE", f"/api/v1{path}")
        assert (refused.status, "manage" in refused.json["detail"]) == (403, True), path
    names = [each["name"] for each in filled.caller.get("/users").json["items"]]
    assert "an-admin" in names


def test_the_body_says_nothing_more(filled: Filled, visitors: dict[str, Visitor]) -> None:
    """A refusal is the same for what is there and for what is not."""
    reader = visitors["reader"]
    reader.get("/account")  # which tells what was said last
    for there, none in (
        ("/users/user/an-admin", "/users/user/nobody"),
        ("/api/v1/users/an-admin", "/api/v1/users/nobody"),
    ):
        one, other = reader.get(there), reader.get(none)
        assert (one.status, one.text.replace(there, none)) == (other.status, other.text)
    assert json.loads(reader.get("/api/v1/users/nobody").text)["status"] == 403


def listening(caller: Caller, path: str, **headers: str) -> http.client.HTTPResponse:
    """Begin to listen to what happens."""
    link = http.client.HTTPConnection("127.0.0.1", caller.port, timeout=8)
    link.request("GET", path, headers=headers)
    response = link.getresponse()
    assert response.status == 200
    return response


def test_streams_end_with_the_right_to_listen(filled: Filled) -> None:
    caller, names = filled.caller, ("locked", "removed", "lowered", "logged-out", "tokenless")
    visitors, streams, tokens = {}, {}, {}
    for name in names:
        user = {"name": name, "role": "operator", "password": PASSWORD}
        assert caller.post("/users", user).status == 201
        visitor = visitors[name] = Visitor(caller.port)
        assert visitor.log_in(name, PASSWORD).status == 303
        visitor.get("/account")
        cookie = dict(visitor_headers(visitor))
        headers = {"X-CSRF-Token": visitor.csrf, "Content-Type": "application/json", **cookie}
        if name == "tokenless":
            made = visitor.post("/account/tokens", name="x", right=["see"]).text
            tokens[name] = re.search(r"bxm_[\w-]+", made)[0]  # type: ignore[index]  # it was made
            headers = {"Authorization": f"Bearer {tokens[name]}"}
        streams[name] = listening(caller, "/api/v1/events?topic=server", **headers)
    body = {"Content-Type": "application/json"}
    for name, change in (("locked", {"active": False}), ("lowered", {"role": "reader"})):
        patched = caller.call("PATCH", f"/api/v1/users/{name}", json.dumps(change).encode(), body)
        assert patched.status == 200
    assert caller.call("DELETE", "/api/v1/users/removed").status == 204
    assert visitors["logged-out"].post("/logout").status == 303
    listed = caller.get("/tokens?limit=1000").json["items"]
    (number,) = (each["id"] for each in listed if each["user"] == "tokenless")
    assert caller.call("DELETE", f"/api/v1/tokens/{number}").status == 204
    with_token = caller.with_token(tokens["tokenless"])
    assert with_token.get("/domains").status == 401
    for name in ("locked", "removed", "lowered", "logged-out"):
        assert visitors[name].get("/account").status == 303, name
    time.sleep(1.1)
    assert caller.post("/server/reload", None).status == 200  # which is told of
    for name, stream in streams.items():
        rest = b""
        while (told := stream.readline()) and rest.count(b": \n") < _MOST_SIGNS:
            rest += told
        assert (told, b"event: server" in rest) == (b"", False), name
