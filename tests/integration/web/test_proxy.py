"""Pages behind a reverse proxy: each visitor by himself, and nobody believed unasked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bitrixmail.app.office import opened_office
from bitrixmail.app.settings.loading import load_settings
from bitrixmail.store.opening import done
from tests.fakes.process import ServerProcess
from tests.fakes.visitor import Visitor

FORM = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    server = ServerProcess(tmp_path_factory.mktemp("web-proxy"), web=True)
    server.configure("web", 'proxy_networks = ["127.0.0.1"]')
    with server:
        yield server


def visitor_at(server: ServerProcess, address: str, **headers: str) -> Visitor:
    return Visitor(server.web_port, {"X-Forwarded-For": address, **headers})


def test_who_asks_is_who_the_proxy_says(server: ServerProcess) -> None:
    with opened_office(load_settings(server.config)) as office:
        done(office.users.add("eva", "reader", "a word to remember"))
        # He may write what he likes before what the proxy adds
        visitor = visitor_at(server, "203.0.113.7, 198.51.100.66")
        assert visitor.log_in("eva", "a word to remember").status == 303
        (deed,) = done(office.users.deeds(1))
    assert (deed.who, deed.what, deed.address) == ("eva", "login", "198.51.100.66")


def test_a_cookie_is_secure_where_the_proxy_was_asked_by_tls(server: ServerProcess) -> None:
    for told, secure in (("https", True), ("http", False)):
        visitor = visitor_at(server, "203.0.113.8", **{"X-Forwarded-Proto": told})
        answered = visitor.ask("POST", "/language", b"language=ru", FORM)
        assert ("Secure" in answered.headers["set-cookie"]) is secure
