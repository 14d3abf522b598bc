"""Each way to start the server, each as a process of its own."""

from __future__ import annotations

import os
import signal
import smtplib
import socket
import ssl
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.fakes.process import ROOT, free_port
from tests.fakes.server import NOBODY, RunningServer, anyones_twistd, inherited, until

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="sheds its uid: needs to start as root")


def send(server: RunningServer) -> None:
    with smtplib.SMTP("127.0.0.1", server.port, timeout=10) as client:
        client.sendmail("a@example.net", ["postmaster@example.org"], b"Subject: x\r\n\r\nbody\r\n")


def test_in_the_foreground(tmp_path: Path) -> None:
    with RunningServer(tmp_path) as server:
        server.ready()
        send(server)
        server.logs("accepted queue_id=")
        assert server.stop() == -signal.SIGTERM
    assert "Traceback" not in server.log
    assert "stopped" in server.log
    assert (server.data_dir / "self-signed.pem").stat().st_mode & 0o777 == 0o600


def test_further_signals_change_nothing_while_it_ends(tmp_path: Path) -> None:
    settings = ["server.drain_timeout=1s"]
    with RunningServer(tmp_path, settings=settings) as server:
        server.ready()
        with closing(smtplib.SMTP("127.0.0.1", server.port, timeout=10)) as client:
            client.ehlo("a")
            client.mail("")
            client.rcpt("postmaster@example.org")
            assert client.docmd("DATA")[0] == 354
            for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGINT):
                server.process.send_signal(number)
                time.sleep(0.1)
            assert server.exit_code() == -signal.SIGTERM
    assert "stopped" in server.log
    assert "Traceback" not in server.log
    assert "critical" not in server.log


def test_with_options_and_a_file(tmp_path: Path) -> None:
    config = tmp_path / "x.toml"
    config.write_text("[smtp]\nmax_recipients = 7\n")
    command = (
        "-n",
        "--pidfile=",
        "bitrixmail",
        f"--config={config}",
        "--hostname=other.example.org",
        "--smtp=tcp:{port}:interface=127.0.0.1",
        "--domain=example.com",
        "--set=smtp.max_size=1MiB",
        f"--data-dir={tmp_path}/elsewhere",
    )
    # Nothing from the environment but what the options then replace.
    with RunningServer(
        tmp_path, command, settings=["listen.smtp=tcp:1", "smtp.max_size=2MiB"]
    ) as server:
        server.ready()
        with smtplib.SMTP("127.0.0.1", server.port, timeout=10) as client:
            client.ehlo()
            assert b"other.example.org" in (client.ehlo_resp or b"")
            assert client.esmtp_features["size"] == str(2**20)
            client.mail("a@example.net")
            assert client.rcpt("postmaster@example.com")[0] == 250
        assert (tmp_path / "elsewhere/bitrixmail.sqlite").exists()


def test_by_the_tac_file(tmp_path: Path) -> None:
    command = ("-n", "--pidfile=", "-y", str(ROOT / "etc/bitrixmail.tac"))
    with RunningServer(tmp_path, command, settings=["log.format=json"]) as server:
        server.ready()
        send(server)
        server.logs('"transition": "accepted"')
        assert server.stop() == -signal.SIGTERM


def test_ipv4_and_ipv6_by_one_word(tmp_path: Path) -> None:
    command = ("-n", "--pidfile=", "bitrixmail", "--smtp=tcp:{port}")
    with RunningServer(tmp_path, command) as server:
        server.ready()
        with socket.create_connection(("::1", server.port), timeout=10) as link:
            assert link.recv(3) == b"220"
        send(server)
        server.logs("peer=127.0.0.1 ")


@as_root
def test_as_a_daemon_that_sheds_its_uid(nobodys_home: Path) -> None:
    log = nobodys_home / "server.log"
    command = (
        f"--uid={NOBODY}",
        f"--gid={NOBODY}",
        f"--pidfile={nobodys_home}/twistd.pid",
        f"--logfile={log}",
        "bitrixmail",
    )
    program, environment = anyones_twistd()
    with RunningServer(nobodys_home, command, program=program, environment=environment) as server:
        assert server.exit_code() == 0, server.log
        server.ready()
        send(server)
        pid = server.daemon()
        status = Path(f"/proc/{pid}/status").read_text()
        assert f"Uid:\t{NOBODY}\t{NOBODY}" in status
        kept = [server.data_dir, *server.data_dir.rglob("*")]
        assert {found.stat().st_uid for found in kept} == {NOBODY}
        assert server.data_dir.stat().st_mode & 0o777 == 0o700
        until(lambda: "accepted queue_id=" in log.read_text(), "no mail log")
        os.kill(pid, signal.SIGTERM)
        until(lambda: "Server Shut Down." in log.read_text(), log.read_text())
        until(lambda: not server.pidfile.exists(), "the pid file stays")


@pytest.mark.parametrize(
    ("endpoint", "family"),
    [
        ("systemd:domain=INET6:name=smtp", socket.AF_INET6),
        ("systemd:domain=INET:index=0", socket.AF_INET),
    ],
)
def test_with_a_socket_from_systemd(
    tmp_path: Path, endpoint: str, family: socket.AddressFamily
) -> None:
    server, listening = inherited((f"--smtp={endpoint}",), family, tmp_path)
    with listening, server:
        server.ready()
        send(server)
        server.logs("peer=127.0.0.1 ")


def test_a_socket_that_systemd_did_not_hand_over(tmp_path: Path) -> None:
    command = ("-n", "--pidfile=", "bitrixmail", "--smtp=systemd:domain=INET:name=smtp")
    with RunningServer(tmp_path, command) as server:
        assert server.exit_code() == os.EX_CONFIG
        assert "no such socket was inherited from systemd" in server.log
        assert "FileDescriptorName=smtp" in server.log


def test_a_socket_of_the_wrong_family(tmp_path: Path) -> None:
    server, listening = inherited(
        ("--smtp=systemd:domain=INET6:index=0",), socket.AF_INET, tmp_path
    )
    with listening, server:
        assert server.exit_code() == os.EX_CONFIG
        assert "write domain=INET in it" in server.log


def test_pop3s_is_tls_from_the_first_octet(tmp_path: Path) -> None:
    command = ("-n", "--pidfile=", "bitrixmail", "--set=listen.pop3s=tcp:{port}", "--smtp=")
    with RunningServer(tmp_path, command) as server:
        server.logs("ready as")
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with server.connect() as link, context.wrap_socket(link) as wrapped:
            assert wrapped.version() == "TLSv1.3"
            assert wrapped.recv(3) == b"+OK"


def test_who_never_shakes_hands_neither_delays_the_stop_nor_takes_a_place(tmp_path: Path) -> None:
    settings = ["access.connections=3", "access.connections_per_ip=1", "access.exempt_networks="]
    pop3s = free_port()
    with RunningServer(tmp_path, settings=[*settings, f"listen.pop3s=tcp:{pop3s}"]) as server:
        server.ready()
        silent = []
        for _ in range(6):
            link = socket.create_connection(("127.0.0.1", pop3s), 10, ("127.0.0.2", 0))
            silent.append(link)
        with server.connect(server.pop3_port) as reader:
            assert reader.recv(3) == b"+OK"
        half = server.connect()
        assert half.recv(3) == b"220"
        half.sendall(b"EHLO x\r\nSTARTTLS\r\n")
        time.sleep(0.5)
        began = time.monotonic()
        server.stop()
        assert time.monotonic() - began < 15
        for link in [*silent, half]:
            link.close()


def test_sighup_takes_new_limits_and_keeps_old_ones_from_a_bad_file(tmp_path: Path) -> None:
    config = tmp_path / "x.toml"
    config.write_text('[smtp]\nmax_size = "1MiB"\n')
    command = ("-n", "--pidfile=", "bitrixmail", f"--config={config}")
    with RunningServer(tmp_path, command) as server:
        server.ready()

        def size() -> int:
            with smtplib.SMTP("127.0.0.1", server.port, timeout=10) as client:
                client.ehlo()
                return int(client.esmtp_features["size"])

        assert size() == 2**20
        config.write_text('[smtp]\nmax_size = "2MiB"\n[rules]\ntime_limit = "1s"\n')
        server.process.send_signal(signal.SIGHUP)
        server.logs("settings reloaded, changed: smtp.max_size")
        server.logs("a restart is needed for: rules.time_limit")
        assert size() == 2 * 2**20
        config.write_text('[smtp]\nmax_size = "lots"\n')
        server.process.send_signal(signal.SIGHUP)
        server.logs("settings not reloaded, the old ones stay: smtp.max_size")
        assert size() == 2 * 2**20
        assert server.process.poll() is None


def test_sighup_takes_a_new_certificate(tmp_path: Path) -> None:
    with RunningServer(tmp_path) as server:
        server.ready()
        file = server.data_dir / "self-signed.pem"

        def certificate() -> str:
            with smtplib.SMTP("127.0.0.1", server.port, timeout=10) as client:
                client.starttls(context=ssl._create_unverified_context())
                wrapped = client.sock
                assert isinstance(wrapped, ssl.SSLSocket)
                der = wrapped.getpeercert(binary_form=True)
                assert der is not None
                return ssl.DER_cert_to_PEM_cert(der)

        first = certificate()
        assert first in file.read_text()
        good = file.read_text()
        file.write_text("damaged")
        server.process.send_signal(signal.SIGHUP)
        server.logs("settings not reloaded, the old ones stay: tls.certificate")
        assert certificate() == first
        file.write_text(good)


def test_a_message_on_its_way_in_ends_before_the_server_does(tmp_path: Path) -> None:
    with RunningServer(tmp_path) as server:
        server.ready()
        client = smtplib.SMTP("127.0.0.1", server.port, timeout=20)
        client.ehlo()
        client.mail("a@example.net")
        assert client.rcpt("postmaster@example.org")[0] == 250
        client.putcmd("data")
        assert client.getreply()[0] == 354
        client.send(b"Subject: slow\r\n\r\none\r\n")
        server.process.send_signal(signal.SIGTERM)
        server.logs("stopping")
        until(lambda: refused(server), "the listener stays open")
        client.send(b"two\r\n.\r\n")
        assert client.getreply()[0] == 250
        assert server.exit_code() == -signal.SIGTERM
        client.close()
        assert "accepted queue_id=" in server.log


def refused(server: RunningServer) -> bool:
    try:
        server.connect().close()
    except ConnectionError:
        return True
    return False


def test_whoever_is_too_slow_gets_421(tmp_path: Path) -> None:
    with RunningServer(tmp_path, settings=["server.drain_timeout=1s"]) as server:
        server.ready()
        client = smtplib.SMTP("127.0.0.1", server.port, timeout=20)
        client.ehlo()
        client.mail("a@example.net")
        client.rcpt("postmaster@example.org")
        client.putcmd("data")
        assert client.getreply()[0] == 354
        server.process.send_signal(signal.SIGTERM)
        assert client.getreply()[0] == 421
        assert server.exit_code() == -signal.SIGTERM
        client.close()
    assert "connections cut after 1.0 s" in server.log
    assert "Traceback" not in server.log
