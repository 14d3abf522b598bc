"""A site is called with links to files, and fetches them from a real server by HTTP."""

from __future__ import annotations

import http.client
import json
import re
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from bitrixmail.model.attachment_link import AttachmentLink, signed_path
from tests.corpus.fields import attachment, mixed, text_part
from tests.fakes.process import ServerProcess, free_port
from tests.fakes.server import until

INFO = "info@example.org"
LARGE = bytes(range(256)) * 4096
EVIL = b"<script>alert(1)</script>"


class Site(HTTPServer):
    """Takes calls, and keeps what they tell. Made by the fixture."""

    def __init__(self) -> None:
        self.told: list[dict[str, object]] = []
        super().__init__(("127.0.0.1", 0), Taker)


class Taker(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        octets = self.rfile.read(int(self.headers["content-length"]))
        assert isinstance(self.server, Site)
        self.server.told.append(json.loads(octets))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's
        """Say nothing."""


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    made = Site()
    thread = Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


class House(ServerProcess):
    """A server with a door for files. Made by the fixture."""

    files_port = 0

    def get(self, target: str, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
        link = http.client.HTTPConnection("127.0.0.1", self.files_port, timeout=10)
        with closing(link):
            link.request(method, target)
            answer = link.getresponse()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, headers, answer.read()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, site: Site) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("files"))
    made.files_port = free_port()
    made.configure("listen", f'attachments = ["tcp:{made.files_port}:interface=127.0.0.1"]')
    made.configure(
        "actions",
        f'attachment_url = "http://127.0.0.1:{made.files_port}"\n'
        f'private_hosts = ["127.0.0.1:{site.server_port}"]',
    )
    rules = (
        f'[[rule]]\nname = "Told"\n[[rule.action]]\ndo = "webhook"\n'
        f'url = "http://127.0.0.1:{site.server_port}/"\nattachments = "url"\n'
    )
    made.furnish((INFO,), "a password of the test", rules)
    with made:
        yield made


@pytest.fixture(scope="module")
def links(house: House, site: Site) -> list[str]:
    """Return the targets of the links to the files of one letter."""
    import smtplib  # noqa: PLC0415 - here alone

    letter = mixed(
        b"Subject: x\r\n",
        text_part("Hi"),
        attachment('сч"ёт.pdf', "application/pdf", LARGE),
        attachment("../../x.html", "text/html", EVIL),
    )
    with smtplib.SMTP("127.0.0.1", house.smtp_port, timeout=10) as link:
        link.sendmail("ann@client.example", [INFO], letter)
    until(lambda: bool(site.told), house.log.read_text())
    files = site.told[0]["attachments"]
    assert isinstance(files, list)
    base = f"http://127.0.0.1:{house.files_port}"
    assert all(each["url"].startswith(f"{base}/attachments/") for each in files)
    return [each["url"].removeprefix(base) for each in files]


def test_a_file_is_fetched_and_no_browser_shows_it(house: House, links: list[str]) -> None:
    status, headers, octets = house.get(links[0])
    assert (status, octets == LARGE) == (200, True)
    assert headers["content-type"] == "application/pdf"
    named = "%D1%81%D1%87%22%D1%91%D1%82.pdf"
    told = f"attachment; filename=\"_____.pdf\"; filename*=UTF-8''{named}"
    assert headers["content-disposition"] == told
    status, headers, octets = house.get(links[1])
    assert (status, octets) == (200, EVIL)
    assert headers["content-disposition"] == 'attachment; filename="x.html"'
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("sandbox")
    status, headers, octets = house.get(links[0], "HEAD")
    assert (status, headers["content-length"], octets) == (200, str(len(LARGE)), b"")


def test_what_is_not_signed_or_has_expired_is_refused(house: House, links: list[str]) -> None:
    link = links[0]
    queue_id = link.split("/")[2]
    key = (house.data_dir / "attachments.secret").read_bytes()
    past = AttachmentLink(queue_id, 1, int(time.time()) - 1)
    for target in (
        link.replace(f"{queue_id}/1?", f"{queue_id}/2?"),
        link[:-1] + ("0" if link[-1] != "0" else "1"),
        link.partition("?")[0],
        f"{link}&signature={'0' * 64}",
        f"/attachments/../{queue_id}/1?expires=9999999999&signature={'0' * 64}",
        f"/{signed_path(key, past)}",
        "/attachments/",
    ):
        status, _, octets = house.get(target)
        assert (status, b"wrong, or has expired" in octets) == (403, True), target
    assert house.get("/")[0] == 404


def test_what_is_gone_is_told(house: House, links: list[str]) -> None:
    key = (house.data_dir / "attachments.secret").read_bytes()
    later = int(time.time()) + 60
    queue_id = links[0].split("/")[2]
    for link in (AttachmentLink(queue_id, 3, later), AttachmentLink("1K1BNKPTT23MEC", 1, later)):
        assert house.get(f"/{signed_path(key, link)}")[0] == 404


def test_who_takes_it_slowly_holds_nobody_up(house: House, links: list[str]) -> None:
    slow = [socket.create_connection(("127.0.0.1", house.files_port)) for _ in range(3)]
    try:
        for each in slow:
            each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            each.sendall(f"GET {links[0]} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        begun = time.monotonic()
        assert house.get(links[1])[0] == 200
        assert time.monotonic() - begun < 2
        assert len(slow[0].recv(4096)) > 0
    finally:
        for each in slow:
            each.close()


def test_without_the_setting_a_rule_is_refused_with_a_remedy(house: House) -> None:
    settings = house.config.read_text()
    house.config.write_text(re.sub(r'attachment_url = "[^"]*"', "", settings))
    try:
        file = house.home / "rules.toml"
        file.write_text(house.cli("rules", "export"))
        with pytest.raises(RuntimeError, match=r"no actions.attachment_url .*listen.attachments"):
            house.cli("rules", "import", str(file))
    finally:
        house.config.write_text(settings)


def test_the_key_is_for_the_server_alone(house: House) -> None:
    assert (house.data_dir / "attachments.secret").stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(house.data_dir / "bitrixmail.sqlite")) as database:
        orders = [row[0] for row in database.execute("SELECT payload FROM job")]
    assert not any("signature" in each for each in orders)
