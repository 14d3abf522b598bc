"""What happens, told as it happens: a real client listens while mail comes in."""

from __future__ import annotations

import json
import smtplib
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.fakes.caller import Caller
from tests.fakes.process import ServerProcess
from tests.fakes.visitor import Visitor


class Listener:
    """Reads server-sent events from a connection of its own."""

    def __init__(self, port: int, path: str, headers: dict[str, str]) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode())
        self._file = self._socket.makefile("rb")
        self.status = int(self._file.readline().split()[1])
        self.headers: dict[str, str] = {}
        while line := self._file.readline().strip():
            name, _, value = line.decode().partition(": ")
            self.headers[name.lower()] = value
        self._rest = b""

    def event(self) -> tuple[str, Any] | None:
        """Return the next event and its data; None: it has ended cleanly."""
        while b"\n\n" not in self._rest:
            size = int(self._file.readline(), 16)
            if not size:
                return None
            self._rest += self._file.read(size)
            self._file.readline()
        event, _, self._rest = self._rest.partition(b"\n\n")
        fields = dict(line.split(": ", 1) for line in event.decode().splitlines() if ": " in line)
        return (fields["event"], json.loads(fields["data"])) if "event" in fields else self.event()

    def until(self, topic: str) -> Any:
        """Return the data of the next event of a topic."""
        while (found := self.event()) is not None:
            if found[0] == topic:
                return found[1]
        raise AssertionError("it has ended")

    def close(self) -> None:
        self._file.close()
        self._socket.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("events"), web=True) as server:
        yield server


@pytest.fixture(scope="module")
def caller(server: ServerProcess) -> Caller:
    caller = Caller.of(server)
    caller.post("/domains", {"name": "example.org"})
    caller.post("/mailboxes", {"address": "info@example.org"})
    return caller


@contextmanager
def listening(caller: Caller, query: str = "", **headers: str) -> Iterator[Listener]:
    sent = {"Authorization": f"Bearer {caller.token}", **headers}
    listener = Listener(caller.port, f"/api/v1/events{query}", sent)
    try:
        yield listener
    finally:
        listener.close()


def _mail(server: ServerProcess) -> None:
    with smtplib.SMTP("127.0.0.1", server.smtp_port, timeout=10) as client:
        client.sendmail("a@b.example", ["info@example.org"], "Subject: new\r\n\r\nx\r\n")


def test_a_message_is_told_while_it_comes(server: ServerProcess, caller: Caller) -> None:
    with listening(caller, "?topic=messages&topic=log") as listener:
        assert (listener.status, listener.headers["content-type"]) == (200, "text/event-stream")
        _mail(server)
        line = listener.until("log")["lines"][0]
        assert line.startswith("accepted queue_id=")
        assert "recipient=info@example.org" in line
        (queue_id,) = listener.until("messages")["ids"]
        assert queue_id in line


def test_what_another_process_does_is_told(server: ServerProcess, caller: Caller) -> None:
    with listening(caller, "?topic=queue") as listener:
        server.cli("suppression", "add", "nobody@foreign.example")
        assert listener.until("queue")["count"] >= 1


def test_who_comes_back_hears_that_he_missed_something(caller: Caller) -> None:
    with listening(caller, "?topic=messages", **{"Last-Event-ID": "7"}) as listener:
        assert listener.until("messages") == {"count": 0, "missed": True}


def test_the_pages_listen_by_their_session(server: ServerProcess) -> None:
    visitor = Visitor.of(server)
    cookie = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
    listener = Listener(server.web_port, "/events", {"Cookie": cookie})
    _mail(server)
    assert listener.until("messages")["count"] >= 1
    listener.close()
    nobody = Listener(server.web_port, "/events", {})
    assert nobody.status == 401
    nobody.close()


def test_there_is_room_for_ten_of_one_user(server: ServerProcess, caller: Caller) -> None:
    headers = {"Authorization": f"Bearer {caller.token}"}
    listeners = [Listener(caller.port, "/api/v1/events", headers) for _ in range(10)]
    assert {each.status for each in listeners} == {200}
    one_more = Listener(caller.port, "/api/v1/events", headers)
    assert one_more.status == 503
    for each in (*listeners, one_more):
        each.close()
    assert "Traceback" not in server.log.read_text()


def test_it_ends_cleanly_with_the_server(server: ServerProcess, caller: Caller) -> None:
    with listening(caller) as listener:
        assert listener.status == 200
        server.stop()
        while (found := listener.event()) is not None:
            assert found[0] in {"messages", "queue", "log", "tickets", "server"}
