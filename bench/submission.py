"""Submission over connections that are kept, beside Postfix's: logged in, under TLS, durable.

Postfix has its logins checked by a private Dovecot, as Debian's hosts have it.
"""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from bench.contestants import OURS, PASSWORD, POSTFIX
from bench.delivery import OursSending, PostfixSending, Sink, wait_until_empty
from bench.dovecot import Logins
from bench.goals import Figure, Scores
from bench.processes import cpu_s
from bench.rounds import progress
from bench.submitters import Submitters
from bitrixmail.net.self_signed import self_signed
from tests.fakes.process import free_port

_USER = "info@example.org"
_SESSIONS = 20
_CONNECTIONS = 20
_CONTENT = (
    f"From: Shop <{_USER}>\r\nTo: bob@elsewhere.example\r\nSubject: an order\r\n"
    "Date: Sun, 1 Mar 2026 12:00:00 +0000\r\nMessage-ID: <1@client.example.net>\r\n\r\n"
).encode() + (b"0123456789" * 7 + b"\r\n") * 54

_SASL = """\
smtpd_tls_security_level = may
smtpd_tls_cert_file = {pem}
smtpd_tls_key_file = {pem}
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
smtpd_tls_auth_only = yes
smtpd_sender_login_maps = inline:{{ {{ {user} = {user} }} }}
smtpd_sender_restrictions = reject_sender_login_mismatch
smtpd_relay_restrictions = permit_sasl_authenticated, reject
"""


class OursSubmitting(OursSending):
    """bitrixmail with its door for senders, as that is by default but for the limits."""

    def __init__(self, home: Path, sink_port: int) -> None:
        super().__init__(home, sink_port, _CONNECTIONS)
        self.submission = free_port()
        server = self.server
        listen = f'submission = ["tcp:{self.submission}:interface=127.0.0.1"]'
        server.config.write_text(server.config.read_text().replace("submission = []", listen))
        for limit in ("messages_per_minute", "messages_per_hour", "recipients_per_day"):
            server.configure("submission", f"{limit} = 0")

    def start(self) -> None:
        self.server.furnish((_USER,), PASSWORD)
        self.server.start()

    def clear(self) -> None:
        """Take all there is out of the queue."""
        self.server.cli("queue", "delete", "--all", "--yes")


class PostfixSubmitting(PostfixSending):
    """Postfix that asks for a login as well, and under TLS alone."""

    def __init__(self, home: Path, sink_port: int) -> None:
        super().__init__(home, sink_port, _CONNECTIONS)
        self.submission = self.port
        self._logins = Logins(home.with_name("logins"), home / "spool" / "private" / "auth")

    def start(self) -> None:
        super().start()
        self._logins.start({_USER: PASSWORD})

    def stop(self) -> None:
        self._logins.stop()
        super().stop()

    def clear(self) -> None:
        """See OursSubmitting."""
        etc = str(self.home / "etc")
        subprocess.run(
            ["postsuper", "-c", etc, "-d", "ALL"], check=True, stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def _lay_out(self) -> None:
        super()._lay_out()
        pem = self.home / "etc" / "cert.pem"
        self_signed(pem, "postfix.example.net", datetime.now(UTC))
        with (self.home / "etc" / "main.cf").open("a") as settings:
            settings.write(_SASL.format(pem=pem, user=_USER))


def run(home: Path, scores: Scores, rounds: int, messages: int) -> None:
    """Print what each accepts in a second, in turn, and how ours stands to Postfix's."""
    print(
        f"Submission of 4 KiB by {_SESSIONS} clients that have logged in under TLS and keep their"
        "\nconnections, until the last 250. CPU s of all processes of the server, per 1,000."
        "\nFirst while nobody listens at the other side, then while all of it goes out to smtp-sink"
        "\n(CPU s then until all of it has).\n"
    )
    kept = _compared(home / "submission", rounds, messages, goes_out=False)
    scores.add(Figure("submission, connections kept, beside Postfix", kept, 2.0, None))
    out = _compared(home / "submission-out", 1 + rounds // 3, messages, goes_out=True)
    print(f"  the same while it goes out, beside Postfix: {out:.2f}x (no goal)\n")


def _compared(folder: Path, rounds: int, messages: int, *, goes_out: bool) -> float:
    """Measure both in turn, print it, and return the median of the ratios."""
    port = free_port()
    contestants = OursSubmitting(folder / "ours", port), PostfixSubmitting(folder / "postfix", port)
    rates: dict[str, list[float]] = {OURS: [], POSTFIX: []}
    cpus: dict[str, list[float]] = {OURS: [], POSTFIX: []}
    sink = Sink(port) if goes_out else None
    sessions: dict[str, Submitters] = {}
    try:
        for contestant in contestants:
            contestant.start()
            clients = Submitters(contestant.submission, _USER, PASSWORD, _CONTENT, _SESSIONS)
            sessions[contestant.name] = clients
            clients.send(messages // 10)
            _empty(contestant, goes_out=goes_out)
        for number in range(rounds):
            for contestant in contestants:
                name = contestant.name
                progress(f"submission: round {number + 1}/{rounds}, {name}")
                before_s = cpu_s(contestant.pid)
                rates[name].append(messages / sessions[name].send(messages))
                if goes_out:
                    wait_until_empty(contestant)
                cpus[name].append(1000 * (cpu_s(contestant.pid) - before_s) / messages)
                _empty(contestant, goes_out=goes_out)
    finally:
        for clients in sessions.values():
            clients.close()
        for contestant in contestants:
            contestant.stop()
        if sink is not None:
            sink.stop()
    progress("")
    for name, found in rates.items():
        print(f"  {name:<10} {median(found):>7.0f}/s {median(cpus[name]):>6.2f} CPU s")
    return median(a / b for a, b in zip(rates[OURS], rates[POSTFIX], strict=True))


def _empty(contestant: OursSubmitting | PostfixSubmitting, *, goes_out: bool) -> None:
    """Leave nothing in a queue, so that no round pays for another."""
    if not goes_out:
        contestant.clear()
    wait_until_empty(contestant)
