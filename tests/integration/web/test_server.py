"""The pages of the server itself: its doors stopped and started, in a real server."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bitrixmail.app.office import opened_office
from bitrixmail.app.settings.loading import load_settings
from tests.fakes.dialogue import Dialogue
from tests.fakes.process import ServerProcess
from tests.fakes.server import until
from tests.fakes.stores import result_of
from tests.fakes.visitor import Answered, Visitor


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    home = tmp_path_factory.mktemp("web")
    server = ServerProcess(home, web=True)
    server.configure("listen", f'lmtp = ["unix:{home}/lmtp.sock"]')
    with server:
        yield server


@pytest.fixture(scope="module")
def owner(server: ServerProcess) -> Visitor:
    return Visitor.of(server)


@pytest.fixture(scope="module")
def reader(server: ServerProcess, owner: Visitor) -> Visitor:
    password = "a password of the reader"
    with opened_office(load_settings(server.config)) as office:
        result_of(office.users.add("reader", "reader", password))
    visitor = Visitor(server.web_port)
    visitor.log_in("reader", password)
    visitor.get("/")
    return visitor


def test_a_reader_sees_and_changes_nothing(server: ServerProcess, reader: Visitor) -> None:
    page = reader.get("/server")
    assert page.status == 200
    assert "/server/stop" not in page.text
    for what in ("stop", "restart", "reload"):
        assert reader.post(f"/server/{what}", name=name_of(server)).status == 403
    assert greeted(server.smtp_port)


def name_of(server: ServerProcess) -> str:
    return f"smtp tcp:{server.smtp_port}:interface=127.0.0.1"


def greeted(port: int) -> bool:
    """Tell whether a client is greeted; False if he is refused, an error for anything else."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as link:
            return link.recv(3) == b"220"
    except ConnectionRefusedError:
        return False


def did(visitor: Visitor, what: str, name: str) -> tuple[Answered, float]:
    """Press a button; return the page that follows, and the seconds until it was there."""
    begun = time.monotonic()
    answered = visitor.post(f"/server/{what}", name=name)
    assert (answered.status, answered.location) == (303, "/server")
    page = visitor.get("/server")
    return page, time.monotonic() - begun


def test_a_stopped_door_refuses_and_a_started_one_greets(
    server: ServerProcess, owner: Visitor
) -> None:
    with socket.create_connection(("127.0.0.1", server.smtp_port), timeout=5) as before:
        assert before.recv(3) == b"220"
        page, seconds = did(owner, "stop", name_of(server))
        assert not greeted(server.smtp_port)
        assert seconds < 1
        assert 'off">stopped<' in page.text
        before.sendall(b"NOOP\r\n")  # who was connected goes on
        until(lambda: b"250" in before.recv(4096), "no reply", 5)
        page, seconds = did(owner, "start", name_of(server))
        assert greeted(server.smtp_port)
        assert seconds < 1
        assert "Start SMTP server" not in page.text
        did(owner, "restart", name_of(server))
        assert greeted(server.smtp_port)
        before.sendall(b"NOOP\r\n")
        until(lambda: b"250" in before.recv(4096), "no reply", 5)


def test_a_place_taken_meanwhile_is_told_with_its_holder(
    server: ServerProcess, owner: Visitor
) -> None:
    did(owner, "stop", name_of(server))
    with socket.create_server(("127.0.0.1", server.smtp_port)):
        page, _ = did(owner, "start", name_of(server))
        assert re.search(r'class="wrong" role="alert">It could not be started', page.text)
        audit = owner.get("/users/audit").text
        assert audit.index("start of a listener failed") < audit.index("listener stopped")
        assert "listener started" not in audit.partition("listener stopped")[0]
        assert "taken by" in page.text
        assert "PID" in page.text
        assert 'bad">does not listen<' in page.text
        overview = owner.get("/").text
        assert "taken by" in overview
        assert 'bad">does not listen<' in overview
        assert '<div class="wrong">' in overview  # in a line of text it would clip letters
        assert "Mail from other servers" in overview
    page, _ = did(owner, "start", name_of(server))
    assert "taken by" not in page.text
    assert greeted(server.smtp_port)


def test_who_comes_to_a_local_socket_that_is_stopped_is_hung_up_on(
    server: ServerProcess, owner: Visitor
) -> None:
    path = f"{server.home}/lmtp.sock"

    def said() -> bytes:
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(5)
            link.connect(path)
            return link.recv(3)

    assert said() == b"220"
    for _ in range(2):
        assert 'off">stopped<' in did(owner, "stop", f"lmtp unix:{path}")[0].text
        assert said() == said() == b""
        assert 'off">stopped<' not in did(owner, "start", f"lmtp unix:{path}")[0].text
        assert said() == b"220"


def test_the_pages_own_door_is_restarted_and_not_stopped(
    server: ServerProcess, owner: Visitor
) -> None:
    name = f"web tcp:{server.web_port}:interface=127.0.0.1"
    assert owner.post("/server/stop", name=name).status == 400
    assert did(owner, "restart", name)[0].status == 200
    assert owner.post("/server/stop", name="no such").status == 404


def test_who_came_last_is_told(server: ServerProcess, owner: Visitor) -> None:
    assert greeted(server.smtp_port)
    page = owner.get("/server").text
    row = page[page.index("<code>smtp</code>") :]
    assert '<span class="hint">127.0.0.1</span>' in row[: row.index("</tr>")]
    assert "mx.example.org" in page
    assert "self-signed" in page


def test_reading_the_settings_anew_tells_what_came_of_it(
    server: ServerProcess, owner: Visitor
) -> None:
    good = server.config.read_text()
    server.config.write_text(good + "[smtp]\nmax_recipients = 77\n[rules]\ntime_limit = '1s'\n")
    page = owner.post("/server/reload").text
    assert "smtp.max_recipients" in page
    assert "rules.time_limit" in page
    server.config.write_text(good + "[smtp]\nmax_recipients = 'many'\n")
    page = owner.post("/server/reload").text
    assert "not taken" in page
    assert "is not a whole number" in page
    server.config.write_text(good)
    assert "rules.time_limit" not in owner.post("/server/reload").text


def test_in_russian(server: ServerProcess, owner: Visitor) -> None:
    page = owner.get("/server", Cookie=_cookies(owner, language="ru")).text
    assert "Сервер" in page
    assert "принимает" in page


def _cookies(visitor: Visitor, **more: str) -> str:
    return "; ".join(f"{name}={value}" for name, value in {**visitor.cookies, **more}.items())


def test_sockets_of_receivers_stop_and_start_too(tmp_path: Path) -> None:
    several = ServerProcess(tmp_path / "several", web=True)
    several.configure("server", "processes = 2")
    with several:
        until(lambda: "receiver 1 is ready" in several.log.read_text(), "no receiver")
        owner = Visitor.of(several)
        for _ in range(2):
            did(owner, "stop", name_of(several))
            assert not any(greeted(several.smtp_port) for _ in range(10))
            with socket.socket() as another:  # of this user: it would get a part of the clients
                another.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                another.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
                another.bind(("127.0.0.1", several.smtp_port))
                another.listen()
                page, _seconds = did(owner, "start", name_of(several))
                assert "could not be started" in page.text
            did(owner, "start", name_of(several))
            assert all(greeted(several.smtp_port) for _ in range(10))
        # each process has greeted some: else one of the sockets is left alone
        until(
            lambda: (
                all(greeted(several.smtp_port) for _ in range(10))
                and _taken(owner.get("/server").text) >= 40
            ),
            "the receiver's are not counted",
            10,
        )
        assert "it is started again" not in several.log.read_text()


def _taken(page: str) -> int:
    row = page[page.index("<code>smtp</code>") :]
    return int(re.findall(r'<td class="number"[^>]*>([^<]*)<', row)[1])


def test_the_dashboard_tells_how_it_goes_and_what_to_do_next(
    server: ServerProcess, owner: Visitor
) -> None:
    page = owner.get("/").text
    assert "Next steps" in page
    server.furnish(("info@example.org",), "a password of the test")
    deliver(server, "info@example.org")
    deliver(server, "nobody@example.org")
    until(lambda: steps(owner) == ["done", "to do", "done", "done"], "the steps are done", 5)
    page = owner.get("/").text
    assert "Something does not work?" in page
    assert owner.post("/steps/hide").location == "/"
    assert "Next steps" not in owner.get("/").text
    del owner.cookies["steps"]
    assert "no such mailbox" in page
    assert re.search(r"self-signed: other programs.*?· \d+ days left", page, re.DOTALL)
    row = page[page.index("<code>smtp</code>") :].partition("</tr>")[0]
    assert "accepts" in row
    assert "nobody came yet" not in row
    assert re.search(
        r'>Received</th><td class="number">\d+</td><td class="number">\d+</td><td class="number">1<',
        page,
    )
    assert re.search(r'>Refused</th>(<td class="number">\d+</td>){2}<td class="number">1<', page)
    for span in ("hour", "day"):
        told = json.loads(owner.get(f"/live/charts?span={span}").text)
        assert set(told["series"]) >= {"received", "refused", "sent", "queue", "minutes"}
        assert set(told["series"]) >= {"refused/unknown", "refused/other"}
        assert all(len(values) == len(told["times"]) for values in told["series"].values())


def steps(owner: Visitor) -> list[str]:
    """Return how far each of the next steps is."""
    listed = owner.get("/").text.partition('<section class="steps">')[2].partition("</ol>")[0]
    return re.findall(r'<li>\s*<span class="state \w+">(.*?)</span>', listed)


def test_a_young_server_says_since_when_it_counts(owner: Visitor) -> None:
    assert re.search(r"Counted since the start: \d+ \w+ \d{4}", owner.get("/").text)
    russian = owner.get("/", Cookie=_cookies(owner, language="ru")).text
    assert re.search(r"Считается с запуска: \d+ \w+", russian)


def deliver(server: ServerProcess, recipient: str) -> None:
    with Dialogue(server.smtp_port, "220") as client:
        client.say("EHLO x.example.net")
        client.say("MAIL FROM:<a@example.net>")
        if client.say(f"RCPT TO:<{recipient}>").startswith("250"):
            client.say("DATA")
            assert client.say("Subject: hello\r\n\r\nx\r\n.").startswith("250")
