"""The doors that compose makes, their listeners, and what a reload changes of them."""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from twisted.cred.portal import Portal
from twisted.internet import reactor

from bitrixmail.access.factory import POP3Factory
from bitrixmail.app import compose as wiring
from bitrixmail.app.compose import compose
from bitrixmail.app.settings.doors import SMTP, Access
from bitrixmail.app.settings.loading import load_settings
from bitrixmail.app.settings.submission import Submission
from bitrixmail.app.settings.tree import TLS, Settings
from bitrixmail.interfaces.login import IPasswordLogin, IScramLogin
from bitrixmail.smtp.lmtp import local_limits
from bitrixmail.smtp.submission import SubmissionFactory
from tests.fakes.certificate import self_signed
from tests.fakes.stores import result_of


def settings(home: Path) -> Settings:
    return load_settings(
        None,
        {},
        [
            f"server.data_dir={home}/var",
            "server.hostname=mx.example.org",
            "listen.smtp=tcp:20225",
            "listen.submission=tcp:2587",
            "listen.submissions=tcp:2465",
            "listen.lmtp=unix:/run/y.sock",
            "listen.pop3=tcp:2110,unix:/run/x.sock",
            "listen.pop3s=tcp:2995",
            "listen.web=",
        ],
    )


def test_each_endpoint_has_a_listener(tmp_path: Path) -> None:
    server = compose(settings(tmp_path), reactor)
    assert [listener.name for listener in server.parts.listeners] == [
        "smtp tcp:20225",
        "submission tcp:2587",
        "lmtp unix:/run/y.sock",
        "pop3 tcp:2110",
        "pop3 unix:/run/x.sock",
        "submissions tcp:2465",
        "pop3s tcp:2995",
    ]
    assert list(server.parts.doors) == ["smtp", "submission", "lmtp", "pop3"]
    pop3 = cast("POP3Factory", server.parts.doors["pop3"])
    assert isinstance(pop3.portal, Portal)
    assert pop3.portal.listCredentialsInterfaces() == [IPasswordLogin, IScramLogin]
    submission = cast("SubmissionFactory", server.parts.doors["submission"])
    assert submission.logins is pop3.portal
    assert not (tmp_path / "var").exists()


def test_without_the_room_its_door_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wiring, "PAGES", "")
    wanted = load_settings(None, {}, [f"server.data_dir={tmp_path}/var", "listen.webs=tcp:8443"])
    server = compose(wanted, reactor)
    assert not {"web", "webs"} & {listener.door for listener in server.parts.listeners}
    told = result_of(server.parts.welcome())
    assert "listen.web and listen.webs: this version has no pages" in told
    unwanted = compose(settings(tmp_path), reactor)
    assert result_of(unwanted.parts.welcome()) == ""


def test_limits_of_all_doors_are_reread(tmp_path: Path) -> None:
    files = {"certificate": tmp_path / "cert.pem", "key": tmp_path / "key.pem"}
    for file, octets in zip(files.values(), self_signed(), strict=True):
        file.write_bytes(octets)
    tls = TLS(**{name: str(file) for name, file in files.items()})
    old = replace(settings(tmp_path), tls=tls)
    access = Access(max_errors=7, failed_logins_per_minute=7)
    own = Submission(messages_per_hour=7, max_hold=7.0)
    new = replace(old, smtp=SMTP(max_recipients=7), access=access, submission=own)
    server = compose(old, reactor, lambda: new)
    reload: Any = server.getServiceNamed("reload")
    reload.reload()
    assert server.parts.tls.loaded
    doors: Any = server.parts.doors
    assert doors["smtp"].limits.max_recipients == 7
    assert doors["submission"].limits.max_recipients == 7
    assert doors["submission"].most_held_s == 7
    assert doors["submission"].gate.submissions.limits == own.limits()
    assert doors["lmtp"].limits == local_limits(doors["smtp"].limits)
    assert doors["pop3"].limits.max_errors == 7
    checker = next(iter(doors["pop3"].portal.checkers.values()))
    assert checker._throttle.failed_logins_per_minute == 7
