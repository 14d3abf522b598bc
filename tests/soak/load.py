"""Steady load: senders of all kinds at a set pace, readers that take out what came in."""

from __future__ import annotations

import poplib
import random
import smtplib
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence

PASSWORD = "correct horse"  # of a server that lives for this run only
# Bounds of sizes in octets, and how many of a hundred letters are of them.
_SIZES = ((1024, 32 * 1024, 90), (32 * 1024, 256 * 1024, 8), (256 * 1024, 2 * 1024**2, 2))
_LINE = b"0123456789" * 7 + b"\r\n"
_PATIENCE_S = 60.0


def _trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Load:
    """Threads that send and read until told to stop. Made by a run; `start` once, `stop` once.

    `count` says how often what was done: accepted, read, refused, and errors by their kind.
    """

    def __init__(
        self, smtp_port: int, pop3_port: int, mailboxes: Sequence[str], per_second: float, seed: int
    ) -> None:
        self._smtp_port, self._pop3_port = smtp_port, pop3_port
        self._mailboxes = tuple(mailboxes)
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._tls = _trusting()
        self.count: Counter[str] = Counter()
        senders = 6
        self._pace_s = senders / per_second
        self._senders = [
            self._thread(self._send_all, random.Random(f"{seed}.{number}"))
            for number in range(senders)
        ]
        self._readers = [self._thread(self._read_all, mailbox) for mailbox in mailboxes]
        self._readers.append(self._thread(self._misbehave, random.Random(f"{seed}.odd")))

    def _thread(self, run: Callable[..., None], argument: object) -> threading.Thread:
        return threading.Thread(target=run, args=(argument,), daemon=True)

    def start(self) -> None:
        for thread in (*self._senders, *self._readers):
            thread.start()

    def stop(self) -> None:
        """Let everybody finish; then take out what is left, so that all can be counted."""
        self._stopping.set()
        for thread in (*self._senders, *self._readers):
            thread.join(_PATIENCE_S)
            if thread.is_alive():
                self._note("hanging threads")
        for mailbox in self._mailboxes:
            self._empty(mailbox)

    def _note(self, what: str, times: int = 1) -> None:
        with self._lock:
            self.count[what] += times

    # Sending

    def _send_all(self, chance: random.Random) -> None:
        due = time.monotonic() + chance.random() * self._pace_s
        while not self._stopping.is_set():
            try:
                with self._client(chance) as client:
                    for _ in range(chance.randint(1, 10)):
                        if self._stopping.wait(max(0.0, due - time.monotonic())):
                            return
                        # what was missed is not made up for: the load is steady
                        due = max(due + self._pace_s, time.monotonic() - self._pace_s)
                        self._send(client, chance)
            except (OSError, smtplib.SMTPException) as error:
                self._note(f"error: {type(error).__name__}")

    def _client(self, chance: random.Random) -> smtplib.SMTP:
        client = smtplib.SMTP("127.0.0.1", self._smtp_port, "c.example.net", _PATIENCE_S)
        client.ehlo()
        if chance.random() < 1 / 3:
            client.starttls(context=self._tls)
            client.ehlo()
        return client

    def _send(self, client: smtplib.SMTP, chance: random.Random) -> None:
        least, most, _ = chance.choices(_SIZES, [share for _, _, share in _SIZES])[0]
        subject = chance.choice(["invoice", "news", "=?utf-8?b?0YHRh9GR0YI=?="])
        head = f"From: Ann <a@example.net>\r\nSubject: {subject} {chance.random()}\r\n\r\n"
        content = head.encode() + _LINE * (chance.randint(least, most) // len(_LINE))
        recipients = chance.sample(self._mailboxes, 2 if chance.random() < 0.1 else 1)
        if chance.random() < 0.3:
            code = _in_chunks(client, recipients, content)
        else:
            try:
                client.sendmail("a@example.net", recipients, content)
                code = 250
            except smtplib.SMTPResponseException as error:
                code = error.smtp_code
        if code == 250:
            self._note("accepted")
            self._note("copies", len(recipients))
            self._note("octets", len(content))
        else:
            self._note(f"refused with {code}")

    # Reading

    def _read_all(self, mailbox: str) -> None:
        while not self._stopping.wait(2.0):
            self._empty(mailbox)

    def _empty(self, mailbox: str) -> None:
        """Read and delete what is there, in INBOX and the folder of a rule."""
        local, _, domain = mailbox.partition("@")
        for login in (mailbox, f"{local}+Invoices@{domain}"):
            try:
                self._empty_folder(login)
            except poplib.error_proto as error:
                if b"no such folder" not in error.args[0]:
                    self._note(f"error: {error}")
            except OSError as error:
                self._note(f"error: {type(error).__name__}")

    def _empty_folder(self, login: str) -> None:
        reader = poplib.POP3("127.0.0.1", self._pop3_port, timeout=_PATIENCE_S)
        try:
            reader.user(login)
            reader.pass_(PASSWORD)
            count, _ = reader.stat()
            reader.uidl()
            for number in range(1, count + 1):
                reader.retr(number)
                reader.dele(number)
            reader.quit()
            self._note("copies read", count)
            self._note("logins")
        finally:
            reader.close()

    # What must leave nothing behind either

    def _misbehave(self, chance: random.Random) -> None:
        """Do now and then what strangers do: go away amid a message, guess, talk nonsense."""
        while not self._stopping.wait(1.0):
            try:
                with smtplib.SMTP("127.0.0.1", self._smtp_port, "odd", _PATIENCE_S) as client:
                    client.ehlo()
                    client.docmd("MAIL", "FROM:<>")
                    client.docmd("RCPT", f"TO:<nobody{chance.random()}@example.org>")
                    client.docmd("RCPT", f"TO:<{self._mailboxes[0]}>")
                    client.docmd("DATA")
                    client.send(b"Subject: given up\r\n\r\n" + _LINE * chance.randint(1, 5000))
                    client.close()
                guess = poplib.POP3("127.0.0.1", self._pop3_port, timeout=_PATIENCE_S)
                guess.user(f"nobody{chance.random()}@example.org")
                guess.close()
                self._note("misbehaved")
            except (OSError, smtplib.SMTPException, poplib.error_proto) as error:
                self._note(f"error: misbehaving: {type(error).__name__}")


def _in_chunks(client: smtplib.SMTP, recipients: Sequence[str], content: bytes) -> int:
    """Send by BDAT in two chunks (RFC 3030 §2); return the code of the last reply."""
    client.mail("a@example.net")
    for recipient in recipients:
        client.rcpt(recipient)
    cut = len(content) // 3
    client.send(b"BDAT %d\r\n%b" % (cut, content[:cut]))
    client.getreply()
    client.send(b"BDAT %d LAST\r\n%b" % (len(content) - cut, content[cut:]))
    return client.getreply()[0]
