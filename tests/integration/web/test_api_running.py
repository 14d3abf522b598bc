"""The API of a running server: its doors, settings, search, rules one by one and their runs."""

from __future__ import annotations

import os
import signal
import smtplib
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.fakes.caller import Caller
from tests.fakes.process import ServerProcess
from tests.fakes.server import until
from tests.fakes.visitor import Visitor

INFO = "info@example.org"
RULE = {
    "on": ["receive", "manual"],
    "condition": [{"field": "subject", "op": "contains", "value": "order"}],
    "action": [{"do": "move", "folder": "Orders"}],
}
LETTER = "Subject: {}\r\nFrom: Ann <ann@example.net>\r\nTo: info@example.org\r\n\r\nHello\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    home = tmp_path_factory.mktemp("running")
    server = ServerProcess(home, web=True)
    server.configure("web", "calls_per_minute = 0")
    server.configure("listen", f'lmtp = ["unix:{home}/lmtp.sock"]')
    with server:
        yield server


@pytest.fixture(scope="module")
def caller(server: ServerProcess) -> Caller:
    caller = Caller.of(server)
    assert caller.post("/domains", {"name": "example.org"}).status == 201
    assert caller.post("/mailboxes", {"address": INFO}).status == 201
    with smtplib.SMTP("127.0.0.1", server.smtp_port, timeout=10) as client:
        for subject in ("One", "Two order", "Three"):
            client.sendmail("ann@example.net", [INFO], LETTER.format(subject))
    return caller


def greeted(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as link:
            return link.recv(3) == b"220"
    except ConnectionRefusedError:
        return False


def found(caller: Caller, query: str) -> list[dict[str, Any]]:
    answered = caller.get(f"/search?q={quote(query)}")
    assert answered.status == 200, answered.octets
    return list(answered.json["items"])


def test_a_door_is_stopped_and_started(server: ServerProcess, caller: Caller) -> None:
    listed = {each["door"]: each for each in caller.get("/listeners").json["items"]}
    assert {"smtp", "lmtp", "web"} <= listed.keys()
    one = f"/listeners/{quote(listed['smtp']['name'], safe='')}"
    assert caller.post(f"{one}/stop", None).json["state"] == "stopped"
    assert not greeted(server.smtp_port)
    assert caller.get(one).json["state"] == "stopped"
    assert caller.post(f"{one}/start", None).json["state"] == "listening"
    assert greeted(server.smtp_port)
    assert caller.post(f"{one}/restart", None).json["state"] == "listening"
    pages = f"/listeners/{quote(listed['web']['name'], safe='')}"
    assert caller.post(f"{pages}/stop", None).status == 422
    assert caller.get("/listeners/none").status == 404
    deeds = [each["what"] for each in caller.get("/audit?what=listener").json["items"]]
    assert deeds == ["listener.restart", "listener.start", "listener.stop"]


def test_a_name_may_have_slashes(caller: Caller) -> None:
    (local,) = (each for each in caller.get("/listeners").json["items"] if each["door"] == "lmtp")
    assert "/" in local["name"]
    assert caller.get(f"/listeners/{quote(local['name'], safe='')}").json["name"] == local["name"]
    made = caller.post("/mailboxes", {"address": "a/b@example.org"})
    assert made.status == 201
    assert caller.get("/mailboxes/a%2Fb%40example.org/usage").json["address"] == "a/b@example.org"


def test_listeners_of_events_hear_of_doors(caller: Caller) -> None:
    connection = HTTPConnection("127.0.0.1", caller.port, timeout=10)
    headers = {"Authorization": f"Bearer {caller.token}"}
    connection.request("GET", "/api/v1/events?topic=server", None, headers)
    response = connection.getresponse()
    try:
        assert response.status == 200
        (smtp,) = (
            each for each in caller.get("/listeners").json["items"] if each["door"] == "smtp"
        )
        for what in ("stop", "start"):
            caller.post(f"/listeners/{quote(smtp['name'], safe='')}/{what}", None)
            while response.readline() != b"event: server\n":
                pass
        caller.post("/server/reload", None)
        while response.readline() != b"event: server\n":
            pass
    finally:
        response.close()
        connection.close()


def test_the_server_tells_how_it_is(caller: Caller) -> None:
    vitals = caller.get("/server/vitals").json
    assert vitals["free"] > 0
    assert vitals["processes"][0]["memory"] > 0
    assert caller.get("/server/totals").json["received"] == 3
    assert caller.get("/server/figures?span=day").json["step_s"] > 0
    assert caller.get("/server/figures?span=year").status == 422
    assert caller.get("/server/troubles").status == 200
    assert caller.get("/doctor").json["begun"] is None


def test_settings_are_changed_and_put_back(server: ServerProcess, caller: Caller) -> None:
    def value() -> tuple[str, str]:
        book = caller.get("/settings/book").json
        (setting,) = (
            setting
            for section in book["sections"]
            for setting in section["settings"]
            if setting["path"] == "web.calls_per_minute"
        )
        assert setting["help"]
        return setting["value"], setting["source"]

    assert value() == ("0", "file")
    changed = caller.call(
        "PATCH", "/api/v1/settings", {"values": {"web.calls_per_minute": "100000"}}
    )
    assert changed.status == 200, changed.octets
    assert changed.json["reloaded"]["changed"] == ["web.calls_per_minute"]
    assert value() == ("100000", "file")
    assert caller.get("/settings").json["web"]["calls_per_minute"] == 100_000
    wrong = caller.call("PATCH", "/api/v1/settings", {"values": {"web.calls_per_minute": "many"}})
    assert (wrong.status, "calls_per_minute" in wrong.json["faults"][0]["where"]) == (422, True)
    (change, *_) = caller.get("/settings/history").json
    assert (change["who"], change["change"]["after"]) == ("admin (a test)", "100000")
    meant = {"at": change["at"], "path": "web.calls_per_minute"}
    assert caller.post("/settings/undo", meant).status == 200
    assert value() == ("0", "file")


def test_messages_are_found_page_by_page(caller: Caller) -> None:
    seen, path = [], "/search?limit=2"
    while True:
        page = caller.get(path).json
        seen += [hit["subject"] for hit in page["items"]]
        if page["next"] is None:
            break
        path = f"/search?limit=2&cursor={page['next']}"
    assert sorted(seen) == ["One", "Three", "Two order"]
    wrong = caller.get("/search?q=colour:red")
    assert (wrong.status, bool(wrong.json["faults"][0]["remedy"])) == (422, True)
    assert caller.get("/search?cursor=IjUi").status == 422


def test_what_was_found_is_handled(caller: Caller) -> None:
    (one,) = found(caller, "subject:one")
    places = {"places": [one["key"]["place_id"]]}
    assert caller.post("/places/mark", {**places, "mark": "read"}).json == {"count": 1}
    assert found(caller, "subject:one is:read")
    assert caller.post("/places/move", {"q": "subject:one", "folder": "Aside"}).json["count"] == 1
    assert found(caller, "folder:Aside")[0]["queue_id"] == one["queue_id"]
    assert caller.post("/places/download", places).octets.startswith(b"PK")
    assert caller.post("/places/train", {**places, "spam": True}).json["count"] == 1
    assert caller.post("/places/send", {**places, "address": "eva@example.com"}).status == 200
    assert caller.post("/places/delete", places).json["count"] == 1
    for nobody in ({}, {"places": [1], "q": "x"}):
        assert caller.post("/places/delete", nobody).status == 422
    (deed, *_) = caller.get("/audit?what=messages").json["items"]
    assert (deed["what"], deed["target"]) == ("messages.delete", one["queue_id"])
    assert caller.get("/log?what=eva@example.com").status == 200


def test_a_letter_is_taken_apart(caller: Caller) -> None:
    (hit,) = found(caller, "subject:three")
    letter = caller.get(f"/messages/{hit['queue_id']}/letter").json
    assert (letter["text"].strip(), letter["files"], letter["complete"]) == ("Hello", [], True)
    assert {"name": "Subject", "value": "Three"} in letter["fields"]
    assert caller.get(f"/messages/{hit['queue_id']}/files/0").status == 404
    (part,) = caller.get(f"/messages/{hit['queue_id']}/outline").json
    assert part["type"] == "text/plain"


def test_the_log_goes_on_behind_a_cursor(caller: Caller) -> None:
    first = caller.get("/log?kind=received&limit=2").json
    rest = caller.get(f"/log?kind=received&limit=2&cursor={first['next']}").json
    numbers = [entry["id"] for entry in (*first["items"], *rest["items"])]
    assert numbers == sorted(numbers, reverse=True)
    assert len(numbers) == 3
    assert caller.get("/log?before=yesterweek").status == 422


def test_views_are_ones_own(caller: Caller) -> None:
    assert caller.call("PUT", "/api/v1/views/Mine", {"query": "is:unread"}).status == 200
    assert caller.get("/views").json == [{"name": "Mine", "query": "is:unread"}]
    assert caller.call("DELETE", "/api/v1/views/Mine").status == 204
    assert caller.get("/views").json == []


def test_rules_one_by_one_and_their_runs(caller: Caller) -> None:
    trial = {"mailbox": INFO, "message": "Subject: an order\n\nx", "draft": {"name": "A", **RULE}}
    assert caller.post("/rules/test", trial).json["folder"] == "Orders"
    assert caller.get("/rules").json["rule"] == []
    for name in ("A", "B/2"):
        put = caller.call("PUT", f"/api/v1/rules/each/{quote(name, safe='')}", {"rule": RULE})
        assert (put.status, put.json["added"]) == (200, [name]), put.octets
    one = "/rules/each/B%2F2"
    assert "Orders" in caller.get(one).json["sentence"]
    assert caller.post(f"{one}/move", {"place": 1}).status == 200
    listed = caller.get("/rules/each").json["items"]
    assert [(each["rule"]["name"], each["place"]) for each in listed] == [("B/2", 1), ("A", 2)]
    assert caller.post(f"{one}/switch", {"on": False}).json["changed"] == ["B/2"]
    assert caller.call("DELETE", f"/api/v1{one}").json["removed"] == ["B/2"]
    assert caller.get(one).status == 404
    task = caller.post("/rules/tasks", {})
    assert task.status == 202, task.octets
    look = ended(caller, task.json["number"])
    assert (look["changed"], look["actions"][0]["rule"]) == (1, "A")
    run = ended(caller, caller.post(f"/rules/tasks/{look['number']}/begin", None).json["number"])
    assert found(caller, "folder:Orders")
    assert caller.get("/rules/runs").json["items"][0]["changed"] == 1
    undone = caller.post(f"/rules/runs/{run['run']}/undo", None)
    ended(caller, undone.json["number"])
    assert not found(caller, "folder:Orders")


def ended(caller: Caller, number: int) -> dict[str, Any]:
    """Wait for a task; return it."""
    last: dict[str, Any] = {}

    def over() -> bool:
        last.update(caller.get(f"/rules/tasks/{number}").json)
        return bool(last["ended"])

    until(over, "the task goes on")
    assert not last["fault"]
    return last


def test_zones_places_and_the_account(server: ServerProcess, caller: Caller) -> None:
    state = caller.get("/domains/example.org/check").json
    assert state["at"] is None
    assert any(" MX " in each["line"] or "\tMX\t" in each["line"] for each in state["records"])
    assert b"MX" in caller.get("/domains/example.org/zone").octets
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    letter = {"from": INFO, "to": ["eva@example.com"], "text": "x", "send_at": later}
    assert caller.post("/send", letter).status == 202
    assert any(each["bound"]["waiting"] for each in caller.get("/queue/places").json)
    assert "its sender wanted it so" in Visitor.of(server).get("/queue").text
    assert caller.get("/queue/depths").json[0]["count"] >= 1
    account = caller.get("/account").json
    assert (account["user"]["name"], "govern" in account["rights"]) == ("admin", True)
    assert caller.call("DELETE", "/api/v1/users/admin/second-factor").status == 200


def test_who_drains_is_not_ready(tmp_path: Path) -> None:
    """While sessions are waited for, nobody is sent here any more."""
    with ServerProcess(tmp_path, web=True) as server:
        caller = Caller.of(server)
        caller.post("/domains", {"name": "example.org"})
        pages = HTTPConnection("127.0.0.1", server.web_port, timeout=10)
        client = smtplib.SMTP("127.0.0.1", server.smtp_port, timeout=10)
        client.ehlo()
        client.mail("ann@example.net")
        assert client.rcpt("postmaster@example.org")[0] == 250
        assert client.docmd("DATA")[0] == 354
        assert status_of(pages) == 200
        os.kill(server.pid, signal.SIGTERM)
        until(lambda: status_of(pages) == 503, "it is ready still", 5)
        client.send(b"Subject: it goes on\r\n\r\n.\r\n")
        assert client.getreply()[0] == 250
        client.close()
        pages.close()


def status_of(pages: HTTPConnection) -> int:
    pages.request("GET", "/readyz")
    response = pages.getresponse()
    response.read()
    return response.status
