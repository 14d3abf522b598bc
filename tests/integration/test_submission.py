"""Mail programs that log in, guesses that are held up, and a neighbour's LMTP: all of it real."""

from __future__ import annotations

import json
import poplib
import smtplib
import ssl
import subprocess
import time
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest

from tests.fakes.process import ServerProcess, free_port
from tests.fakes.server import until

INFO, SHOP = "info@example.org", "shop@example.org"
PASSWORD = "a password of the test"
ELSEWHERE = "bob@elsewhere.example"
SETTINGS = """\
[outbound]
smarthost = "127.0.0.1:{dead}"
[submission]
recipients_per_minute = 40
"""


class House:
    """A server with its doors for senders. Made by a fixture."""

    def __init__(self, server: ServerProcess) -> None:
        self.server = server
        self.submission = free_port()
        self.submissions = free_port()
        self.lmtp = server.home / "lmtp.sock"
        listen = (
            f'submission = ["tcp:{self.submission}:interface=127.0.0.1"]\n'
            f'submissions = ["tcp:{self.submissions}:interface=127.0.0.1"]\n'
            f'lmtp = ["unix:{self.lmtp}"]'
        )
        # in the place of the closed door
        text = server.config.read_text()
        server.config.write_text(text.replace("submission = []", listen))

    def queued(self) -> list[dict[str, str]]:
        found: list[dict[str, str]] = json.loads(self.server.cli("queue", "list", "--json"))
        return found

    def read(self, address: str) -> list[bytes]:
        """Take what lies in a mailbox."""
        reader = poplib.POP3("127.0.0.1", self.server.pop3_port, timeout=20)
        reader.user(address)
        reader.pass_(PASSWORD)
        found = []
        for number in range(1, reader.stat()[0] + 1):
            found.append(b"\r\n".join(reader.retr(number)[1]))
            reader.dele(number)
        reader.quit()
        return found

    def logged(self, text: str) -> None:
        until(lambda: text in self.server.log.read_text(), f"{text!r} is not in the log")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    home = tmp_path_factory.mktemp("submission")
    server = ServerProcess(home / "server", SETTINGS.format(dead=free_port()))
    made = House(server)
    server.furnish((INFO, SHOP), PASSWORD)
    with server:
        yield made


def letter(sender: str = INFO, *recipients: str) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"] = f"Info <{sender}>"
    message["To"] = ", ".join(recipients or (SHOP, ELSEWHERE))
    message["Subject"] = "hello"
    message.set_content("a letter\n")
    return message


def context() -> ssl.SSLContext:
    return ssl._create_unverified_context()


def run(*argv: str | Path, stdin: bytes = b"", code: int = 0) -> bytes:
    environment = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": "/nonexistent"}
    done = subprocess.run(
        argv, input=stdin, capture_output=True, timeout=60, env=environment, check=False
    )
    assert done.returncode == code, (done.returncode, done.stdout[-2000:], done.stderr[-2000:])
    return done.stdout + done.stderr


def test_smtplib_sends_to_ours_and_to_others(house: House) -> None:
    before = len(house.queued())
    with smtplib.SMTP("127.0.0.1", house.submission, timeout=20) as client:
        client.starttls(context=context())
        with pytest.raises(smtplib.SMTPSenderRefused, match="Log in first"):
            client.sendmail(INFO, [SHOP], b"From: info@example.org\r\n\r\n")
        client.login(INFO, PASSWORD)
        assert client.send_message(letter()) == {}
        with pytest.raises(smtplib.SMTPSenderRefused, match=r"info@example\.org may not send as"):
            client.sendmail(SHOP, [INFO], b"From: shop@example.org\r\n\r\n")
        with pytest.raises(smtplib.SMTPDataError, match=r"5\.7\.1 From: info@example\.org may not"):
            client.sendmail(INFO, [INFO], b"From: shop@example.org\r\n\r\n")
    (job,) = house.queued()[before:]
    assert job["recipient"] == ELSEWHERE
    (kept,) = house.read(SHOP)
    assert b" with ESMTPSA " in kept.replace(b"\r\n ", b" ")
    assert kept.count(b"\r\nDate: ") == kept.count(b"\r\nMessage-ID: <") == 1
    house.logged("mail: login session_id=s")
    house.logged(f"peer=127.0.0.1 account={INFO}")


def test_a_grant_is_good_at_once(house: House) -> None:
    house.server.cli("mailbox", "grant", INFO, SHOP)
    with smtplib.SMTP_SSL("127.0.0.1", house.submissions, timeout=20, context=context()) as client:
        client.login(INFO, PASSWORD)

        def taken() -> bool:
            try:
                client.send_message(letter(SHOP, INFO))
            except smtplib.SMTPSenderRefused:
                return False
            return True

        until(taken, "the grant is not seen")
        house.server.cli("mailbox", "revoke", INFO, SHOP)
        until(lambda: not taken(), "it is not seen that it was taken back")
    house.read(INFO)


@pytest.mark.debian("swaks", "libnet-ssleay-perl")
@pytest.mark.parametrize(
    "words",
    [("--auth", "PLAIN", "-tls"), ("--auth", "LOGIN", "-tls"), ("--auth", "PLAIN", "-tlsc"), ("--auth", "LOGIN")],
    ids="".join,
)  # fmt: skip
def test_swaks(house: House, words: tuple[str, ...]) -> None:
    port = house.submissions if "-tlsc" in words else house.submission
    run(
        "swaks", "--server", f"127.0.0.1:{port}", *words,
        "--auth-user", INFO, "--auth-password", PASSWORD,
        "--from", INFO, "--to", SHOP, "--header", "Subject: by swaks",
    )  # fmt: skip
    (kept,) = house.read(SHOP)
    assert b"Subject: by swaks" in kept


@pytest.mark.debian("msmtp")
@pytest.mark.parametrize("mechanism", ["scram-sha-256", "plain", "login"])
def test_msmtp(house: House, mechanism: str, tmp_path: Path) -> None:
    common: list[str | Path] = [
        "msmtp", "--file=/dev/null", "--host=127.0.0.1", f"--port={house.submission}",
        f"--auth={mechanism}", f"--user={INFO}", "--tls=on", "--tls-starttls=on",
        "--tls-certcheck=off", f"--from={INFO}",
    ]  # fmt: skip
    run(*common, f"--passwordeval=echo {PASSWORD}", SHOP, stdin=bytes(letter(INFO, SHOP)))
    (kept,) = house.read(SHOP)
    assert b"a letter" in kept
    if mechanism == "scram-sha-256":
        said = run(*common, "--passwordeval=echo wrong", SHOP, stdin=bytes(letter()), code=77)
        assert b"535" in said


def test_guesses_are_held_up_and_do_not_tell_names_apart(house: House) -> None:
    for name in (INFO, "nobody@example.org"):
        with smtplib.SMTP("127.0.0.1", house.submission, timeout=20) as client:
            client.ehlo()
            client.user, client.password = name, "wrong"
            begun = time.monotonic()
            with pytest.raises(smtplib.SMTPAuthenticationError) as caught:
                client.auth("PLAIN", client.auth_plain)
            assert time.monotonic() - begun >= 1
            assert caught.value.smtp_code == 535
    house.logged(f'account={INFO} reason="wrong name or password"')


def test_what_one_mailbox_sends_is_bounded(house: House) -> None:
    with smtplib.SMTP("127.0.0.1", house.submission, timeout=20) as client:
        client.login(SHOP, PASSWORD)
        client.mail(SHOP)
        codes = [client.rcpt(INFO)[0] for _ in range(41)]
        code, said = client.rcpt(INFO)
    assert codes == [250] * 40 + [450]
    assert b"4.7.1 shop@example.org has sent 40 recipients within a minute, try again" in said
    house.logged(f'account={SHOP} sender={SHOP} recipient={INFO} reply="450 4.7.1 ')
    assert code == 450


def test_a_message_is_held_until_it_is_time(house: House) -> None:
    with smtplib.SMTP("127.0.0.1", house.submission, timeout=20) as client:
        client.login(INFO, PASSWORD)
        assert client.esmtp_features["futurerelease"].split()[0] == str(30 * 86400)
        client.sendmail(INFO, [INFO], bytes(letter(INFO, INFO)), mail_options=["HOLDFOR=2"])
        assert house.read(INFO) == []
    kept: list[bytes] = []

    def come() -> bool:
        kept.extend(house.read(INFO))
        return bool(kept)

    until(come, "it never came")
    assert b"a letter" in kept[0]


def test_lmtp_answers_for_each_recipient_and_relays_for_nobody(house: House) -> None:
    wanted = (INFO, "nobody@example.org", SHOP, ELSEWHERE)
    with smtplib.LMTP(str(house.lmtp)) as client:
        client.ehlo_or_helo_if_needed()
        client.mail("a@example.net")
        assert [client.rcpt(address)[0] for address in wanted] == [250, 550, 250, 550]
        # one reply is all that its own `sendmail` waits for
        replies = [client.data(bytes(letter())), client.getreply()]
        assert [code for code, _ in replies] == [250, 250]
    for address in (INFO, SHOP):
        (kept,) = house.read(address)
        assert b" with LMTP id " in kept.replace(b"\r\n ", b" ")


@pytest.mark.debian("swaks")
def test_lmtp_by_swaks(house: House) -> None:
    said = run(
        "swaks", "--protocol", "LMTP", "--socket", house.lmtp,
        "--from", "a@example.net", "--to", f"{INFO},{SHOP}",
    ).decode()  # fmt: skip
    behind_dot = said.partition(" -> .\n")[2]
    assert behind_dot.count("<-  250 2.0.0 Ok: queued as ") == 2
    for address in (INFO, SHOP):
        (kept,) = house.read(address)
        assert f"Delivered-To: {address}".encode() in kept
