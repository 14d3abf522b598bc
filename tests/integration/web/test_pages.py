"""The pages of a real server: who gets in, what guards them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.process import ServerProcess
from tests.fakes.visitor import Visitor


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("web"), web=True) as server:
        yield server


@pytest.fixture(scope="module")
def owner(server: ServerProcess) -> Visitor:
    return Visitor.of(server)


def test_nobody_sees_anything(server: ServerProcess) -> None:
    visitor = Visitor(server.web_port)
    answered = visitor.get("/")
    assert (answered.status, answered.location) == (303, "/login")
    assert visitor.get("/none").status == 404
    assert "password" in visitor.get("/login").text


def test_the_first_owner_is_told_once(server: ServerProcess, owner: Visitor) -> None:
    assert owner.get("/").status == 200
    assert server.log.read_text().count("log in as admin") == 1


def test_a_wrong_password_says_nothing_more(server: ServerProcess) -> None:
    visitor = Visitor(server.web_port)
    known = visitor.log_in("admin", "wrong password")
    unknown = visitor.log_in("nobody", "wrong password")
    assert known.status == unknown.status == 403
    assert known.text == unknown.text.replace('value="nobody"', 'value="admin"')


def test_every_answer_has_its_policy(server: ServerProcess, owner: Visitor) -> None:
    for answered in (owner.get("/"), owner.get("/none"), Visitor(server.web_port).get("/login")):
        policy = answered.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answered.headers["x-content-type-options"] == "nosniff"
        assert answered.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {},
    ],
)
def test_another_sites_form_does_nothing(
    server: ServerProcess, owner: Visitor, headers: dict[str, str]
) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded", **headers}
    assert owner.ask("POST", "/logout", b"csrf=wrong", form).status == 403
    assert owner.get("/").status == 200
    assert Visitor(server.web_port).ask("POST", "/login", b"name=a", headers).status == 403


def test_a_login_begins_a_session_of_its_own(server: ServerProcess, tmp_path: Path) -> None:
    visitor = Visitor.of(server)
    before = visitor.cookies[visitor.session]
    assert visitor.get("/").status == 200
    assert visitor.post("/logout").location == "/login"
    visitor.cookies[visitor.session] = before
    assert visitor.get("/").status == 303


def test_the_way_back_leads_nowhere_else(server: ServerProcess) -> None:
    visitor = Visitor.of(server)
    for to in ("//evil.example", "https://evil.example/", "/\\evil.example", "javascript:x"):
        assert visitor.post("/language", language="ru", to=to).location == "/"
    assert 'lang="ru"' in visitor.get("/").text


def test_what_is_too_large_is_refused(server: ServerProcess, owner: Visitor) -> None:
    answered = owner.ask("POST", "/language", b"", {"Content-Length": str(10**9)})
    assert answered.status == 413
