"""The door of the pages against those who mean no good: nobody's request stops the others."""

from __future__ import annotations

import http.client
import re
import smtplib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from tests.fakes.caller import Caller
from tests.fakes.process import ServerProcess
from tests.fakes.visitor import Visitor

# As long as a busy computer may need for a page that has nothing to wait for
PATIENCE_S = 4.0
LARGE = 8 * 1024 * 1024
ENCODED = "application/x-www-form-urlencoded"
PARTS = "multipart/form-data; boundary=x"
NESTED = b"".join(
    b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (i, i) for i in range(3000)
)
HEAD = b'--x\r\nContent-Disposition: form-data; name="'


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("web-door"), web=True) as server:
        yield server


@pytest.fixture(scope="module")
def owner(server: ServerProcess) -> Visitor:
    server.cli("domain", "add", "example.org")
    server.cli("mailbox", "add", "info@example.org", "--password-stdin", stdin="a long password\n")
    return Visitor.of(server)


@contextmanager
def asked_meanwhile(server: ServerProcess) -> Iterator[list[float]]:
    """Ask again and again how the server is; the list is how long it took."""
    took: list[float] = []
    ended = threading.Event()

    def ask() -> None:
        while not ended.is_set():
            began = time.monotonic()
            answered = Visitor(server.web_port).get("/healthz").status == 200
            took.append(time.monotonic() - began if answered else 1000)
            ended.wait(0.05)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield took
    finally:
        ended.set()
        asking.join()


def status_of(server: ServerProcess, path: str, kind: str, body: bytes, **headers: str) -> int:
    """Post a body, and read an answer also where it comes before the body has gone."""
    link = http.client.HTTPConnection("127.0.0.1", server.web_port, timeout=30)
    try:
        link.putrequest("POST", path)
        for name, text in {
            "Content-Type": kind,
            "Content-Length": str(len(body)),
            **headers,
        }.items():
            link.putheader(name, text)
        link.endheaders()
        with suppress(OSError):
            link.send(body)
        return link.getresponse().status
    except ConnectionError:
        return 413  # closed under what it was refused
    finally:
        link.close()


@pytest.mark.parametrize("path", ["/login", "/api/v1/domains"])
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (ENCODED, b"&" * LARGE),
        (PARTS, b"--x\r\n" + b"A: b\r\n" * (LARGE // 6)),
        (PARTS, b"--x\r\n" + NESTED + b"\r\n--x--\r\n"),
    ],
    ids=["ampersands", "header lines", "nested"],
)
def test_who_is_not_known_stops_nobody(
    server: ServerProcess, path: str, kind: str, body: bytes
) -> None:
    Visitor(server.web_port).get("/healthz")
    with asked_meanwhile(server) as took:
        assert status_of(server, path, kind, body) == 413
        # Whoever says that he is somebody, and is not
        refused = status_of(server, path, kind, body, Cookie="bitrixmail=none", Origin="http://x")
        assert refused in {401, 403, 413}
    assert max(took) < PATIENCE_S
    assert "Traceback" not in server.log.read_text()


def test_a_large_file_is_tried_and_stops_nobody(server: ServerProcess, owner: Visitor) -> None:
    owner.get("/rules/try")
    cookies = "; ".join(f"{name}={value}" for name, value in owner.cookies.items())
    headers = {"Cookie": cookies, "Origin": f"http://127.0.0.1:{server.web_port}"}

    def tried(message: bytes) -> int:
        fields = {"csrf": owner.csrf, "trial.mailbox": "info@example.org"}
        body = b"".join(
            HEAD + name.encode() + b'"\r\n\r\n' + text.encode() + b"\r\n"
            for name, text in fields.items()
        )
        file = HEAD + b'trial.file"; filename="a.eml"\r\n\r\n'
        return status_of(
            server, "/rules/try", PARTS, body + file + message + b"\r\n--x--\r\n", **headers
        )

    with asked_meanwhile(server) as took:
        line = b"x" * 70 + b"\n"
        honest = b"From: a@example.net\r\nSubject: An Invoice\r\n\r\n"
        assert tried(honest + line * (30 * 1024 * 1024 // len(line))) == 200
        assert tried(honest + b"\r\n--x\r\n" * 400_000) == 400
        assert tried(b"\r\n" * (LARGE // 2)) == 200
        assert tried(b"A: b\r\n" * (LARGE // 6)) == 200
        assert tried(NESTED) == 200
    assert max(took) < PATIENCE_S


def test_a_form_has_an_end(owner: Visitor) -> None:
    headers = {"Content-Type": ENCODED, "Origin": f"http://127.0.0.1:{owner.port}"}
    token = b"csrf=" + owner.csrf.encode()
    many = owner.ask("POST", "/language", token + b"&a=1" * 1000, headers)
    assert (many.status, "has more than 1000 fields" in many.text) == (400, True)
    large = owner.ask("POST", "/language", token + b"&a=" + b"x" * 3_000_000, headers)
    assert large.status == 413


def test_html_that_would_take_too_long_is_shown_as_text(
    server: ServerProcess, owner: Visitor
) -> None:
    html = b"<p>plain words</p>" + b"<div>\r\n" * 100_000
    head = b"Subject: entangled\r\nContent-Type: text/html\r\n\r\n"
    with smtplib.SMTP("127.0.0.1", server.smtp_port, timeout=20) as client:
        client.sendmail("ann@example.net", ["info@example.org"], head + html)
    found = re.search(r'<a href="(/messages/[A-Z0-9]+)', owner.get("/messages?q=entangled").text)
    assert found is not None
    with asked_meanwhile(server) as took:
        shown = owner.get(f"{found[1]}?tab=html").text
        assert "too entangled" in shown
        assert "plain words" in shown
        assert "<iframe" not in shown
        assert "<div>" not in owner.get(f"{found[1]}/html").text
    assert max(took) < PATIENCE_S


def test_who_takes_nothing_of_a_download_fills_no_memory(
    server: ServerProcess, owner: Visitor
) -> None:
    lines = b"".join(b"%07d %b\r\n" % (number, b"x" * 60) for number in range(170_000))
    with smtplib.SMTP("127.0.0.1", server.smtp_port, timeout=20) as client:
        head = b"Subject: unread\r\n\r\n"
        client.sendmail("ann@example.net", ["info@example.org"], head + lines)
    found = re.search(
        r'<a href="(/messages/[A-Z0-9]+)', owner.get("/messages?q=subject:unread").text
    )
    assert found is not None
    path, api = f"{found[1]}/eml", f"/api/v1{found[1]}/raw"
    caller = Caller.of(server)
    for taken in (owner.get(path).text.encode(), caller.call("GET", api).octets):
        assert taken.endswith(head + lines)
    cookies = f"bitrixmail={owner.cookies[owner.session]}"  # the host is named without a port
    before = _resident_kib(server)
    with ExitStack() as links:
        for number in range(24):
            link = links.enter_context(socket.socket())
            link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            link.connect(("127.0.0.1", server.web_port))
            known = f"Cookie: {cookies}" if number % 2 else f"Authorization: Bearer {caller.token}"
            target = path if number % 2 else api
            link.sendall(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n{known}\r\n\r\n".encode())
            assert link.recv(15) == b"HTTP/1.1 200 OK"
        time.sleep(0.5)
        assert _resident_kib(server) - before < 8 * len(lines) // 1024
        assert owner.get(path).text.encode().endswith(lines)
    assert "Traceback" not in server.log.read_text()


def _resident_kib(server: ServerProcess) -> int:
    status = Path(f"/proc/{server.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


def test_what_no_path_has_is_refused(server: ServerProcess) -> None:
    visitor = Visitor(server.web_port)
    for path in ("/static/%00", "/%ff", "/static/%ff", "/messages/%00"):
        refused = visitor.get(path)
        assert refused.status == 404, path
        assert refused.headers["x-content-type-options"] == "nosniff"
    api = visitor.get("/api/v1/%ff")
    assert (api.status, api.headers["content-type"]) == (404, "application/problem+json")
    for path in ("/static/site.css", "/static/", "/static/none"):
        headers = visitor.get(path).headers
        assert headers["x-content-type-options"] == "nosniff", path
        assert "default-src 'none'" in headers["content-security-policy"]
    assert visitor.get("/static/site.css").headers["cache-control"] == "no-cache"
    assert "Traceback" not in server.log.read_text()


def test_places_beyond_all_numbers_are_none(owner: Visitor) -> None:
    owner.get("/messages")
    answered = owner.post("/messages/act", act="read", place="9" * 23, to="/messages")
    assert (answered.status, answered.location) == (303, "/messages")
    many = owner.post("/messages/act", act="read", place=[str(each) for each in range(900)])
    assert many.status in {303, 400, 404}


def said(server: ServerProcess, head: str, body: bytes = b"", wait_s: float = 3) -> bytes:
    """Send a request as it stands here, the last one; return what comes until there is no more."""
    head += "\nConnection: close"
    with socket.create_connection(("127.0.0.1", server.web_port), timeout=wait_s) as link:
        link.sendall(head.replace("\n", "\r\n").encode("latin-1") + b"\r\n\r\n" + body)
        found = b""
        with suppress(OSError):
            while octets := link.recv(65536):
                found += octets
    return found


def statuses(answered: bytes) -> list[int]:
    return [int(each) for each in re.findall(rb"HTTP/1\.[01] (\d{3}) ", answered)]


def test_odd_paths_and_methods_lead_nowhere(server: ServerProcess, owner: Visitor) -> None:
    for path in ("//settings", "//", "/users//user/x", "/static//site.css", "/x/../settings"):
        assert owner.get(path).status == 404, path
    for path in ("/api/v1//users", "/api//v1/users", "//api/v1/users", "/api/v1/users/"):
        assert owner.get(path).status == 404, path
    for path in ("/settings;x", "/./settings", "/%2e%2e/settings", "/static/..%2fdoor.py"):
        assert owner.get(path).status == 404, path
    for method in ("OPTIONS", "TRACE", "PUT", "DELETE", "PATCH", "PROPFIND"):
        answered = owner.ask(method, "/settings", b"", {"X-Secret": "shown again"})
        assert (answered.status, answered.headers["allow"]) == (405, "GET, HEAD, POST")
        assert "shown again" not in answered.text
    assert (owner.get("/settings").status, owner.ask("HEAD", "/", b"", {}).text) == (200, "")
    assert "Traceback" not in server.log.read_text()


def test_names_with_two_slashes_are_names(server: ServerProcess, owner: Visitor) -> None:
    caller = Caller.of(server)
    assert caller.post("/mailboxes", {"address": "a//b@example.org"}).status == 201
    assert caller.get("/mailboxes/a%2F%2Fb@example.org").json["address"] == "a//b@example.org"
    assert "a//b@example.org" in owner.get("/mailboxes/a%2F%2Fb@example.org").text


def test_a_cookie_beside_the_right_one_opens_nothing(server: ServerProcess, owner: Visitor) -> None:
    """Whoever sets cookies for our name has nobody work in a session of his."""
    name = "bitrixmail"  # where the host is named without a port
    mine, other = (each.cookies[each.session] for each in (owner, Visitor.of(server)))
    for cookies, expected in (
        (f"{name}={mine}", 200),
        (f"{name}={mine}; a=b; {name}={mine}", 200),
        (f"{name}={mine}; {name}={other}", 303),
        (f"{name}={other}; {name}={mine}", 303),
        (f"{name}={mine}\nCookie: {name}={other}", 303),
        (f"{name}={mine}; {name}=", 303),
        ("; ".join(f"a{number}=b" for number in range(500)) + f"; {name}={mine}", 200),
        (name, 303),
        ("=;=;;", 303),
        (f"zone=../../etc/passwd; language=../x; {name}={mine}", 200),
        (f"said=%3Cscript%3Ealert%281%29%3C%2Fscript%3E; {name}={mine}", 200),
    ):
        head = f"GET /account HTTP/1.1\nHost: x\nCookie: {cookies}"
        answered = said(server, head)
        assert statuses(answered) == [expected], cookies
        assert b"<script>alert" not in answered
    huge = f"GET /account HTTP/1.1\nHost: x\nCookie: bitrixmail={'A' * 100_000}"
    assert statuses(said(server, huge)) in ([], [400])


def test_one_request_is_one(server: ServerProcess) -> None:
    """What proxies before us may take for one or for two is none."""
    second = b"0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    for fields in (
        "Content-Length: 5\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\nContent-Length: 5",
        "Content-Length: 5\nContent-Length: 6",
        "Content-Length: 5, 5",
        "Content-Length: +5",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding : chunked",
        "X\0: a",
    ):
        answered = said(server, f"POST /login HTTP/1.1\nHost: x\n{fields}", second)
        assert statuses(answered) == [400], (fields, answered)
    both = f"Host: 127.0.0.1:{server.web_port}\nHost: evil.example"
    for host in (f"127.0.0.1:{server.web_port}", "evil.example"):
        head = f"POST /language HTTP/1.1\n{both}\nOrigin: http://{host}\nContent-Length: 0"
        assert statuses(said(server, head)) == [403], host


@pytest.mark.parametrize("path", ["/login", "/healthz", "/api/v1/account", "/-"])
def test_fields_that_cannot_be_read_break_nothing(server: ServerProcess, path: str) -> None:
    for given in (
        "Referer: http://[",
        "Referer: //[x",
        "Origin: http://[::1",
        "User-Agent: \xff",
        "Accept-Language: \xff",
        "Referer: \xff",
        "HX-Request: \xff",
        "Idempotency-Key: \xff",
        "Last-Event-ID: \xff",
        "Content-Type: \xff",
        "Authorization: \xff",
        "Cookie: \xff=\xff",
    ):
        for method in ("GET", "POST"):
            head = f"{method} {path} HTTP/1.1\nHost: x\nContent-Length: 0\n{given}"
            (status,) = statuses(said(server, head))
            assert status < 500, (method, given)
    for host in ("x" * 300, "x" * 2000, "[", "a b", "a@b", "a/b"):
        (status,) = statuses(said(server, f"GET {path} HTTP/1.1\nHost: {host}"))
        assert status < 500, host
    assert "Traceback" not in server.log.read_text()


def test_a_file_of_the_pages_comes_whole(server: ServerProcess) -> None:
    pieces = ",".join(["0-"] * 300)
    head = f"GET /static/site.css HTTP/1.1\nHost: x\nRange: bytes={pieces}"
    answered = said(server, head)
    assert statuses(answered) == [200]
    assert len(answered) < 100_000


def test_requests_in_a_row_leave_time_for_others(server: ServerProcess) -> None:
    """Of one connection one is answered in a turn: a thousand are no second for everybody else."""
    many = b"GET /login HTTP/1.1\r\nHost: x\r\n\r\n" * 1000
    waited: list[float] = []
    with socket.create_connection(("127.0.0.1", server.web_port), timeout=20) as link:
        reader = threading.Thread(target=_drained, args=(link,))
        reader.start()
        link.sendall(many + b"GET /login HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        while reader.is_alive():
            begun = time.monotonic()
            with socket.create_connection(("127.0.0.1", server.smtp_port), timeout=20) as client:
                assert client.recv(3) == b"220"
            waited.append(time.monotonic() - begun)
        reader.join()
    assert len(waited) > 10


def _drained(link: socket.socket) -> None:
    while link.recv(1024 * 1024):
        pass
