"""The API of a real server: who may what, problems, pages of lists, mail that is handed in."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.caller import ALL, Caller
from tests.fakes.process import ROOT, ServerProcess
from tests.fakes.visitor import Visitor

LETTER = {
    "from": "Shop <shop@example.org>",
    "to": ["info@example.org"],
    "subject": "Order 17",
    "text": "Thank you.",
}
# What every text field is tried with
INJECTED = (
    "'; DROP TABLE mailbox; --",
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "{{7*7}}${7*7}",
    "a\r\nBcc: evil@evil.example",
    "\x00\x1b[2J",
    "%s%n%d",
    "\u202e\ufeff\u2028",
    "A" * 5000,
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    server = ServerProcess(tmp_path_factory.mktemp("api"), web=True)
    server.configure("web", "calls_per_minute = 0")
    with server:
        yield server


@pytest.fixture(scope="module")
def caller(server: ServerProcess) -> Caller:
    caller = Caller.of(server)
    assert caller.post("/domains", {"name": "example.org"}).status == 201
    for name in ("info", "shop"):
        assert caller.post("/mailboxes", {"address": f"{name}@example.org"}).status == 201
    return caller


def _operations() -> list[tuple[str, str, str]]:
    document = json.loads((ROOT / "docs/openapi.json").read_text("utf-8"))
    return [
        (method.upper(), path, each["security"][0]["token"][0])
        for path, methods in document["paths"].items()
        for method, each in methods.items()
        if each["security"]
    ]


def _filled(path: str) -> str:
    for name in ("name", "address", "mailbox", "number", "id", "key"):
        path = path.replace("{" + name + "}", "x")
    return path


def test_each_operation_wants_its_right(caller: Caller) -> None:
    tokens = {right: caller.token_for(*(each for each in ALL if each != right)) for right in ALL}
    operations = _operations()
    assert len(operations) > 80
    for method, path, right in operations:
        lacking = caller.with_token(tokens[right]).call(method, _filled(path))
        assert (lacking.status, lacking.json["status"]) == (403, 403), (method, path)
        assert right in lacking.json["detail"]
        assert f'scope="{right}"' in lacking.headers["www-authenticate"]
        nobody = caller.with_token("").call(method, _filled(path))
        assert nobody.status == 401, (method, path)
        assert nobody.headers["www-authenticate"].startswith("Bearer")
        assert nobody.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("scheme", ["Bearer bxm_wrong", "Bearer x", "Basic YTpi", "bxm_", "Bearer"])
def test_what_is_no_token_opens_nothing(caller: Caller, scheme: str) -> None:
    answered = caller.with_token("").get("/domains", Authorization=scheme)
    assert answered.status == 401


@pytest.mark.parametrize(
    ("role", "may", "may_not"),
    [
        ("reader", ("/domains",), ("/users", "/settings")),
        ("operator", ("/queue",), ("/audit",)),
        ("admin", ("/rules",), ("/tokens",)),
    ],
)
def test_a_session_may_what_its_role_may(
    server: ServerProcess, caller: Caller, role: str, may: tuple[str, ...], may_not: tuple[str, ...]
) -> None:
    user = {"name": f"a-{role}", "role": role, "password": "a password of it"}
    assert caller.post("/users", user).status == 201
    visitor = Visitor(server.web_port)
    visitor.log_in(f"a-{role}", "a password of it")
    visitor.get("/api/docs")
    assert all(visitor.get(f"/api/v1{path}").status == 200 for path in may)
    assert all(visitor.get(f"/api/v1{path}").status == 403 for path in may_not)
    headers = {"Content-Type": "application/json", "X-CSRF-Token": visitor.csrf}
    body = json.dumps({"name": f"{role}.example"}).encode()
    answered = visitor.ask("POST", "/api/v1/domains", body, headers)
    assert answered.status == (201 if role == "admin" else 403)


def test_a_cookie_alone_changes_nothing(server: ServerProcess) -> None:
    visitor = Visitor.of(server)
    body = json.dumps({"name": "forged.example"}).encode()
    for headers in (
        {},
        {"X-CSRF-Token": "wrong"},
        {"X-CSRF-Token": visitor.csrf, "Origin": "http://evil.example"},
        {"X-CSRF-Token": visitor.csrf, "Sec-Fetch-Site": "cross-site"},
    ):
        sent = {"Content-Type": "application/json", **headers}
        assert visitor.ask("POST", "/api/v1/domains", body, sent).status == 403
    assert visitor.get("/api/v1/domains/forged.example").status == 404


def test_every_problem_says_what_and_where(caller: Caller) -> None:
    def problem(answered: Any, status: int) -> Any:
        assert answered.status == status, answered.octets
        assert answered.headers["content-type"] == "application/problem+json"
        found = answered.json
        assert (found["status"], bool(found["title"]), bool(found["detail"])) == (
            status,
            True,
            True,
        )
        return found

    json_type = {"Content-Type": "application/json"}
    problem(caller.get("/nothing"), 404)
    problem(caller.get("/domains/none.example"), 404)
    assert "GET" in caller.call("PUT", "/api/v1/domains").headers["allow"]
    problem(caller.call("PUT", "/api/v1/domains"), 405)
    problem(caller.call("POST", "/api/v1/domains", b"{}", {"Content-Type": "text/plain"}), 415)
    broken = problem(caller.call("POST", "/api/v1/domains", b'{"name": ', json_type), 400)
    assert broken["faults"][0]["where"] == "body"
    problem(caller.call("POST", "/api/v1/domains", b'"' + b"x" * 2**21 + b'"', json_type), 413)
    wrong = problem(caller.post("/domains", {"nam": "x", "alias_of": 3}), 422)
    where = {fault["where"]: fault for fault in wrong["faults"]}
    assert set(where) == {"body.name", "body.nam", "body.alias_of"}
    assert where["body.nam"]["remedy"]
    problem(caller.post("/domains", {"name": "example.org"}), 409)
    problem(caller.get("/domains?limit=0"), 422)
    problem(caller.get("/domains?cursor=nonsense"), 422)
    problem(caller.get("/domains?what=1"), 422)


def test_a_list_comes_in_pages(caller: Caller) -> None:
    names = [f"page{number:02}.example" for number in range(7)]
    for name in names:
        assert caller.post("/domains", {"name": name}).status == 201
    seen: list[str] = []
    path = "/domains?limit=3"
    while True:
        answered = caller.get(path)
        seen += [each["name"] for each in answered.json["items"]]
        assert len(answered.json["items"]) <= 3
        if answered.json["next"] is None:
            break
        assert f"cursor={answered.json['next']}" in answered.headers["link"]
        path = f"/domains?limit=3&cursor={answered.json['next']}"
        if len(seen) == 3:  # what goes meanwhile keeps nobody else from being seen
            caller.call("DELETE", f"/api/v1/domains/{seen[-1]}")
    assert set(names) <= set(seen)
    assert len(seen) == len(set(seen))


def test_what_is_made_twice_by_one_key_is_made_once(caller: Caller) -> None:
    key = {"Idempotency-Key": "token 1"}
    body = {"name": "once", "rights": ["see"]}
    first, second = caller.post("/tokens", body, **key), caller.post("/tokens", body, **key)
    assert first.json == second.json
    listed = [each["name"] for each in caller.get("/tokens?limit=1000").json["items"]]
    assert listed.count("once") == 1
    other = caller.post("/tokens", {**body, "name": "another"}, **key)
    assert (other.status, other.json["faults"][0]["where"]) == (422, "header Idempotency-Key")


def test_what_was_done_stands_in_the_audit_log(caller: Caller) -> None:
    caller.post("/domains", {"name": "audited.example"})
    (deed, *_) = caller.get("/audit?limit=1").json["items"]
    assert (deed["what"], deed["target"]) == ("domain.add", "audited.example")
    assert deed["who"] == "admin (a test)"
    sent = caller.post("/send", LETTER).json["id"]
    assert caller.get(f"/messages/{sent}/raw").status == 200
    (deed, *_) = caller.get("/audit?limit=1").json["items"]
    assert (deed["what"], deed["target"]) == ("message.download", sent)


def test_no_secret_is_told(caller: Caller) -> None:
    caller.post("/mailboxes", {"address": "secret@example.org", "password": "Geheim geheim 7"})
    for path in (
        "/mailboxes",
        "/users",
        "/tokens",
        "/audit",
        "/settings",
        "/domains/example.org/keys",
    ):
        told = caller.get(path).octets.decode()
        for secret in ("Geheim geheim 7", caller.token, "PRIVATE KEY", "$argon2"):
            assert secret not in told


@pytest.mark.parametrize("text", INJECTED)
def test_no_text_does_anything_but_stand_there(
    server: ServerProcess, caller: Caller, text: str
) -> None:
    bodies: dict[str, Any] = {
        "/domains": {"name": text},
        "/mailboxes": {"address": text, "description": text, "quota": text},
        "/grants": {"mailbox": text, "address": text},
        "/suppressions": {"address": text, "note": text},
        "/tokens": {"name": text, "rights": ["see"]},
        "/users": {"name": text, "role": "reader", "password": text},
        "/rules/test": {"mailbox": "info@example.org", "message": text, "sender": text},
        "/queue/hold": {"domain": text},
        "/send": {**LETTER, "subject": text, "headers": {text: text}, "sender": text},
    }
    for path, body in bodies.items():
        answered = caller.post(path, body)
        assert answered.status < 500, (path, answered.octets)
        assert "json" in answered.headers["content-type"]
    letter = caller.post("/send", {**LETTER, "text": text, "html": text})
    assert letter.status in {202, 422}
    assert caller.get("/mailboxes").status == 200
    assert "Traceback" not in server.log.read_text()


def test_a_header_can_get_no_line_end(caller: Caller) -> None:
    for key, value in (
        ("subject", "a\r\nBcc: evil@evil.example"),
        ("headers", {"X-A": "b\nBcc: evil@evil.example"}),
        ("headers", {"Bcc": "evil@evil.example"}),
        ("headers", {"X-A: b\r\nBcc": "evil@evil.example"}),
        ("from", "a\nb <shop@example.org>"),
    ):
        assert caller.post("/send", {**LETTER, key: value}).status == 422, key


def test_a_letter_is_sent_once(caller: Caller) -> None:
    key = {"Idempotency-Key": "order 17"}
    sent = caller.post("/send", {**LETTER, "bcc": ["shop@example.org"]}, **key)
    assert sent.status == 202, sent.octets
    states = {each["address"]: each["state"] for each in sent.json["recipients"]}
    assert states == {"info@example.org": "delivered", "shop@example.org": "delivered"}
    other = caller.with_token(caller.token_for("send"))
    again = other.post("/send", {**LETTER, "bcc": ["shop@example.org"]}, **key)
    assert (again.json["id"], again.json["repeated"]) == (sent.json["id"], True)
    different = other.post("/send", LETTER, **key)
    assert (different.status, different.json["faults"][0]["where"]) == (
        422,
        "header Idempotency-Key",
    )
    raw = caller.get(f"/messages/{sent.json['id']}/raw")
    assert raw.headers["content-type"] == "message/rfc822"
    assert b"Subject: Order 17" in raw.octets
    assert b"shop@example.org" in raw.octets
    assert b"Bcc" not in raw.octets
    assert caller.get(f"/send/{sent.json['id']}").json["recipients"] == sent.json["recipients"]
    assert caller.get("/send/ZNOTHING").status == 404


def test_nobody_sends_as_a_stranger(caller: Caller) -> None:
    for key in ("from", "sender"):
        refused = caller.post("/send", {**LETTER, key: "boss@foreign.example"})
        assert (refused.status, refused.json["faults"][0]["where"]) == (422, key)
    path = "/api/v1/send/raw?sender=shop@example.org&recipient=info@example.org"
    message = b"From: boss@foreign.example\nSubject: x\n\nHello\n"
    refused = caller.call("POST", path, message, {"Content-Type": "message/rfc822"})
    assert (refused.status, refused.json["faults"][0]["where"]) == (422, "header From")


def test_a_message_is_sent_as_it_stands(caller: Caller) -> None:
    path = "/api/v1/send/raw?sender=shop@example.org&recipient=info@example.org"
    message = b"From: shop@example.org\nBcc: hidden@example.org\nSubject: raw\n\n.\nHello\n"
    sent = caller.call("POST", path, message, {"Content-Type": "message/rfc822"})
    assert sent.status == 202, sent.octets
    raw = caller.get(f"/messages/{sent.json['id']}/raw").octets
    assert raw.endswith(b"\r\n\r\n.\r\nHello\r\n")
    assert b"hidden" not in raw
    assert b"\r\nMessage-ID: <" in raw
    for first, second, status in (("info", "info", 202), ("info", "shop", 422)):
        head = {"Content-Type": "message/rfc822", "Idempotency-Key": f"raw {status}"}
        for whom, expected in ((first, 202), (second, status)):
            to = path.replace("=info@", f"={whom}@")
            assert caller.call("POST", to, message, head).status == expected


def test_a_template_is_filled_in(caller: Caller) -> None:
    template = {"subject": "Order {number}", "text": "Dear {name}", "html": "<p>Dear {name}</p>"}
    letter = {key: LETTER[key] for key in ("from", "to")}
    values = {"number": "17", "name": "<b>Ann</b>"}
    sent = caller.post("/send", {**letter, "template": template, "values": values})
    raw = caller.get(f"/messages/{sent.json['id']}/raw").octets
    assert b"Subject: Order 17" in raw
    assert b"Dear <b>Ann</b>" in raw
    assert b"<p>Dear &lt;b&gt;Ann&lt;/b&gt;</p>" in raw
    missing = caller.post("/send", {**letter, "template": template, "values": {"number": "17"}})
    assert [fault["where"] for fault in missing.json["faults"]] == [
        "body.template.text",
        "body.template.html",
    ]


def test_a_letter_waits_for_its_time(caller: Caller) -> None:
    sent = caller.post("/send", {**LETTER, "send_at": "2099-01-01T00:00:00Z"})
    assert (sent.status, sent.json["faults"][0]["where"]) == (422, "send_at")
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
    sent = caller.post("/send", {**LETTER, "send_at": at})
    (state,) = sent.json["recipients"]
    assert (state["state"], state["next"]) == ("scheduled", at)
    (job,) = caller.get(f"/queue/{sent.json['id']}").json
    assert job["job"]["kind"] == "local"


def test_rules_are_looked_at_put_and_tried(caller: Caller) -> None:
    rule = {
        "name": "Orders",
        "condition": [{"field": "subject", "op": "contains", "value": "order"}],
        "action": [{"do": "move", "folder": "Orders"}],
    }
    preview = caller.call("PUT", "/api/v1/rules?preview=true", {"rule": [rule]})
    assert (preview.json["added"], preview.json["preview"]) == (["Orders"], True)
    assert caller.get("/rules").json["rule"] == []
    assert caller.call("PUT", "/api/v1/rules", {"rule": [rule]}).json["version"] == 1
    trial = {"mailbox": "info@example.org", "message": "Subject: Order 17\n\nx"}
    assert caller.post("/rules/test", trial).json["folder"] == "Orders"
    wrong = caller.call("PUT", "/api/v1/rules", {"rule": [{**rule, "action": [{"do": "fly"}]}]})
    assert (wrong.status, bool(wrong.json["faults"][0]["remedy"])) == (422, True)
    assert caller.post("/rules/undo", {}).json["restored"] == 0


def test_health_needs_no_token(caller: Caller) -> None:
    nobody = caller.with_token("")
    assert nobody.call("GET", "/healthz").json == {"status": "ok"}
    assert nobody.call("GET", "/readyz").json == {"status": "ok"}


def test_a_password_of_a_mailbox_is_as_long_as_one_of_a_user(caller: Caller) -> None:
    short = {"address": "short@example.org", "password": "x"}
    refused = caller.call("POST", "/api/v1/mailboxes", short)
    assert (refused.status, b"is shorter than 8 characters" in refused.octets) == (422, True)


def test_metrics_are_for_who_may_see(caller: Caller) -> None:
    assert caller.with_token("").call("GET", "/metrics").status == 401
    assert caller.with_token(caller.token_for("send")).call("GET", "/metrics").status == 403
    read = caller.with_token(caller.token_for("see")).call("GET", "/metrics")
    assert (read.status, read.headers["content-type"].partition(";")[0]) == (200, "text/plain")
    assert b"bitrixmail_build_info{" in read.octets


def test_a_message_is_one_though_the_server_dies(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, web=True) as server:
        caller = Caller.of(server)
        caller.post("/domains", {"name": "example.org"})
        caller.post("/mailboxes", {"address": "info@example.org"})
        answered, cut = ({"Idempotency-Key": key} for key in ("order 18", "order 19"))
        first = caller.post("/send", LETTER, **answered)
        assert first.json["repeated"] is False
        under_way = threading.Thread(target=_sent_in_vain, args=(caller, cut))
        under_way.start()
        time.sleep(random.uniform(0, 0.03))
        server.kill()  # before the commit, or between it and the answer
        under_way.join()
        server.start()
        second = caller.post("/send", LETTER, **answered)
        assert (second.status, second.json["repeated"]) == (202, True)
        assert caller.post("/send", {**LETTER, "text": "else"}, **answered).status == 422
        assert second.json["id"] == first.json["id"]
        for _ in range(2):
            assert caller.post("/send", LETTER, **cut).status == 202
        listed = caller.get("/messages?mailbox=info@example.org").json["items"]
        assert len({each["queue_id"] for each in listed}) == len(listed) == 2


def _sent_in_vain(caller: Caller, key: dict[str, str]) -> None:
    with suppress(OSError, HTTPException):
        caller.post("/send", LETTER, **key)
