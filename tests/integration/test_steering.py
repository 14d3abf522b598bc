"""A running server takes new routes and times at SIGHUP, also for what waits."""

from __future__ import annotations

import signal
import smtplib
from pathlib import Path

from tests.fakes.delivering import pause, reactor
from tests.fakes.scripted_host import Script, ScriptedHost
from tests.fakes.server import RunningServer

NEVER = 'quiet = ["Mon-Fri", "Sat-Sun"]'
ROUTE = """
[[outbound.route]]
name = "relay"
senders = ["@example.org"]
to = "127.0.0.1:{port}"
user = "you"
password_file = "{secret}"
tls = "encrypted"
"""


async def test_sighup_opens_the_way_for_what_waits(tmp_path: Path) -> None:
    extensions = ("PIPELINING", "STARTTLS", "AUTH PLAIN")
    relay = ScriptedHost(Script(extensions, logins={"you": "s3cret"})).listen(reactor())
    config, secret = tmp_path / "x.toml", tmp_path / "secret"
    begun = '[outbound]\nrelay_networks = ["127.0.0.1"]\n'
    config.write_text(begun + NEVER)
    with RunningServer(
        tmp_path, ("-n", "--pidfile=", "bitrixmail", "--config", str(config))
    ) as server:
        server.ready()
        with smtplib.SMTP("127.0.0.1", server.port, timeout=10) as client:
            client.sendmail("a@example.org", ["bob@elsewhere.example"], b"Subject: x\r\n\r\nx\r\n")
        # A password that can't be read changes nothing
        config.write_text(begun + ROUTE.format(port=relay.port, secret=secret))
        server.process.send_signal(signal.SIGHUP)
        server.logs("settings not reloaded, the old ones stay: outbound.route[1].password_file")
        secret.write_text("s3cret\n")
        server.process.send_signal(signal.SIGHUP)
        server.logs("settings reloaded, changed: outbound.quiet, outbound.route")
        for _ in range(500):
            if relay.letters:
                break
            await pause(0.02)
        assert [(letter.rcpt, letter.under_tls) for letter in relay.letters] == [
            (["TO:<bob@elsewhere.example>"], True)
        ], server.log
        assert "a restart is needed" not in server.log
    await relay.stop()
