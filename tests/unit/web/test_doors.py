"""The listeners of the pages, as compose makes them, and where they are said to be."""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

from pathlib import Path

import pytest
from twisted.internet import reactor

from bitrixmail.app.compose import compose
from bitrixmail.app.pages.web_room import _address
from bitrixmail.app.settings.loading import load_settings


def test_each_endpoint_has_a_listener(tmp_path: Path) -> None:
    settings = load_settings(None, {}, [f"server.data_dir={tmp_path}/var", "listen.webs=tcp:8443"])
    server = compose(settings, reactor)
    names = [listener.name for listener in server.parts.listeners]
    assert names[-2:] == ["web tcp:8025:interface=127.0.0.1", "webs tcp:8443"]
    assert "web" in server.parts.doors
    assert not (tmp_path / "var").exists()


@pytest.mark.parametrize(
    ("web", "address"),
    [
        ("tcp:8025:interface=127.0.0.1", "http://127.0.0.1:8025/"),
        ("", "https://mx.example.org:8443/"),
    ],
)
def test_who_starts_it_is_told_where_the_pages_are(web: str, address: str) -> None:
    given = ["server.hostname=mx.example.org", f"listen.web={web}", "listen.webs=tcp:8443"]
    assert _address(load_settings(None, {}, given)) == address
