"""Every page and every deed, guarded: who may come, from where, with what in his hands.

The routes are those of the site map: one that is added is tried by itself.
"""

from __future__ import annotations

import json
import ssl
import warnings
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPSConnection
from urllib.parse import quote, urlencode

import pytest

from bitrixmail.web.inventory import every_route
from bitrixmail.web.visit import Route
from tests.fakes.caller import Caller
from tests.fakes.process import ROOT, ServerProcess, free_port
from tests.fakes.visitor import Visitor
from tests.integration.web.routes_of_pages import every_name, filled

with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # of Twisted's own
    ROUTES = every_route()
PASSWORD = "a password of a test"
# A login and a logout are tried below; a look of the doctor's goes on for long
_APART = {"/login", "/logout", "/doctor/run"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SCRIPT = "\"'><script>alert(1)</script>"
HOSTILE = (
    SCRIPT,
    "../../../../etc/passwd",
    "\x00\r\nSet-Cookie: a=b",
    "' OR 1=1; --",
    "{{7*7}}%s%n",
    "\u202e\ufeff\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
    "9" * 40,
    "A" * 3000,
)


@pytest.fixture(scope="module")
def secure_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, secure_port: int) -> Iterator[ServerProcess]:
    server = ServerProcess(tmp_path_factory.mktemp("guards"), web=True)
    server.configure("listen", f'webs = ["tcp:{secure_port}:interface=127.0.0.1"]')
    server.configure("web", "calls_per_minute = 0")
    with server:
        yield server


@pytest.fixture(scope="module")
def caller(server: ServerProcess) -> Caller:
    return Caller.of(server)


@pytest.fixture(scope="module")
def owner(server: ServerProcess) -> Visitor:
    return Visitor.of(server)


def visitor_of(server: ServerProcess, caller: Caller, name: str, role: str) -> Visitor:
    """Return one who has logged in as a new user."""
    user = {"name": name, "role": role, "password": PASSWORD}
    assert caller.post("/users", user).status == 201
    return logged_in(server, name)


def logged_in(server: ServerProcess, name: str) -> Visitor:
    visitor = Visitor(server.web_port)
    assert visitor.log_in(name, PASSWORD).status == 303
    visitor.get("/account")
    return visitor


def last_deed(caller: Caller) -> int:
    (deed,) = caller.get("/audit?limit=1").json["items"]
    return int(deed["id"])


def of(method: str) -> tuple[Route, ...]:
    return tuple(route for route in ROUTES if route.method == method)


def test_there_are_pages_and_deeds() -> None:
    assert len(of("GET")) > 50
    assert len(of("POST")) > 50
    assert {route.method for route in ROUTES} == {"GET", "POST"}
    openly = {"/login", "/language", "/api/openapi.json"}
    assert {route.path for route in ROUTES if route.needs is None} == openly


def test_nobody_gets_beyond_the_login(server: ServerProcess) -> None:
    nobody = Visitor(server.web_port)
    for cookie in ("", "made-up"):
        nobody.cookies = {nobody.session: cookie} if cookie else {}
        for route in ROUTES:
            if route.needs is None:
                continue
            methods = ("GET", "HEAD") if route.method == "GET" else ("POST",)
            for method in methods:
                headers = {**FORM, "Origin": f"http://127.0.0.1:{server.web_port}"}
                answered = nobody.ask(method, filled(route.path, "x"), b"", headers)
                assert answered.status == 303, (method, route.path)
                assert answered.location.startswith("/login"), (method, route.path)


def test_no_other_site_changes_anything(
    server: ServerProcess, caller: Caller, owner: Visitor
) -> None:
    other = visitor_of(server, caller, "another", "owner")
    here = f"http://127.0.0.1:{server.web_port}"
    csrf = urlencode({"csrf": owner.csrf})
    ways = (
        ("", {"Origin": here}),
        (urlencode({"csrf": other.csrf}), {"Origin": here}),
        (csrf, {"Origin": "https://evil.example"}),
        (csrf, {"Origin": "null"}),
        (csrf, {"Sec-Fetch-Site": "cross-site"}),
    )
    before = last_deed(caller)
    for route in of("POST"):
        for body, headers in ways:
            path = filled(route.path, "x") + "?" + csrf  # in a query it counts for nothing
            answered = owner.ask("POST", path, body.encode(), {**FORM, **headers})
            assert answered.status == 403, (route.path, body, headers)
    assert owner.get("/account").status == 200
    assert last_deed(caller) == before


def test_no_call_of_the_api_goes_by_a_cookie_alone(owner: Visitor, caller: Caller) -> None:
    document = json.loads((ROOT / "docs/openapi.json").read_text("utf-8"))
    before = last_deed(caller)
    for path, methods in document["paths"].items():
        for method in methods:
            if method == "get":
                continue
            body = {"Content-Type": "application/json"}
            answered = owner.ask(
                method.upper(), path.replace("{", "").replace("}", ""), b"{}", body
            )
            assert answered.status == 403, (method, path)
    assert last_deed(caller) == before


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_do_nothing(server: ServerProcess, owner: Visitor, text: str) -> None:
    names = every_name()
    assert len(names) > 50
    part = quote(text[:300], safe="")
    query = urlencode(dict.fromkeys(names, text[:100]))
    for route in of("GET"):
        for path in {filled(route.path, part), f"{filled(route.path, 'x')}?{query}"}:
            answered = owner.get(path)
            assert answered.status < 500, path
            assert SCRIPT not in answered.text, path
            assert "a=b" not in answered.headers.get("set-cookie", "")
    fields = dict.fromkeys((*names, "surely"), text)
    for route in of("POST"):
        if route.path in _APART | {"/server/reload"} or route.path.startswith("/account"):
            continue
        answered = owner.post(filled(route.path, part), **fields)
        assert answered.status < 500, route.path
        assert SCRIPT not in answered.text, route.path
    assert owner.get("/account").status == 200
    assert "Traceback" not in server.log.read_text()


def cookie_of(
    connection: HTTPConnection, origin: str, cookie: str = "", csrf: str = ""
) -> tuple[str, set[str]]:
    """Log in; return the cookie of the session, and its attributes in small letters."""
    body = urlencode({"name": "an-admin", "password": PASSWORD, "csrf": csrf})
    headers = {**FORM, "Origin": origin, **({"Cookie": cookie} if cookie else {})}
    connection.request("POST", "/login", body, headers)
    response = connection.getresponse()
    response.read()
    assert response.status == 303
    (line,) = (each for each in response.headers.get_all("Set-Cookie") or ())
    pair, *attributes = line.split(";")
    connection.close()
    return pair, {each.strip().lower() for each in attributes}


def test_the_cookie_is_for_nobody_else(
    server: ServerProcess, caller: Caller, secure_port: int
) -> None:
    visitor_of(server, caller, "an-admin", "admin")
    plain = HTTPConnection("127.0.0.1", server.web_port, timeout=10)
    _, attributes = cookie_of(plain, f"http://127.0.0.1:{server.web_port}")
    assert {"httponly", "samesite=lax", "path=/"} <= attributes
    assert "secure" not in attributes
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    secure = HTTPSConnection("127.0.0.1", secure_port, timeout=10, context=context)
    _, attributes = cookie_of(secure, f"https://127.0.0.1:{secure_port}")
    assert {"httponly", "samesite=lax", "path=/", "secure"} <= attributes


def test_a_cookie_that_is_handed_over_is_never_taken(server: ServerProcess) -> None:
    here = f"http://127.0.0.1:{server.web_port}"
    plain = HTTPConnection("127.0.0.1", server.web_port, timeout=10)
    name = f"bitrixmail-{server.web_port}"
    planted, _ = cookie_of(plain, here, f"{name}=planted-by-somebody")
    assert planted != f"{name}=planted-by-somebody"
    intruder = Visitor(server.web_port, cookies={name: "planted-by-somebody"})
    assert intruder.get("/").status == 303
    # Who logs in within a session gets another one, and the old one ends
    first = Visitor(server.web_port, cookies=dict([planted.split("=", 1)]))
    first.get("/account")
    second, _ = cookie_of(plain, here, planted, first.csrf)
    assert second != planted
    old, new = (
        Visitor(server.web_port, cookies=dict([each.split("=", 1)])) for each in (planted, second)
    )
    assert (old.get("/account").status, new.get("/account").status) == (303, 200)


def test_sessions_end_with_what_they_were_begun_for(server: ServerProcess, caller: Caller) -> None:
    visitor = visitor_of(server, caller, "changing", "operator")
    elsewhere = logged_in(server, "changing")
    before = Visitor(server.web_port, cookies=dict(visitor.cookies))
    new = "another password of it"
    changed = visitor.post("/account/password", password=PASSWORD, new=new, again=new)
    assert changed.status == 303
    assert visitor.get("/account").status == 200
    assert before.get("/account").status == elsewhere.get("/account").status == 303
    assert caller.call("PATCH", "/api/v1/users/changing", {"role": "reader"}).status == 200
    assert visitor.get("/account").status == 303
