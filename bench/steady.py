"""Sends messages at an even rate over kept connections: `python -m bench.steady PORT SECONDS RATE`.

A process of its own, so that whoever measures beside it is not held up. Prints how many were taken.
"""

from __future__ import annotations

import smtplib
import sys
import time
from threading import Thread

_SENDERS = 4
# Fewer than a server takes in one session
_A_SESSION = 500
_MAILBOXES = 20
BODY = "Здравствуйте! Это письмо ничего особенного не говорит.\r\n" * 20


def main() -> int:
    port, seconds, rate = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
    counts = [0] * _SENDERS
    begun = time.monotonic()

    def send(number: int) -> None:
        text = f"Subject: new {number}\r\nFrom: a@example.net\r\n\r\n{BODY}".encode()
        client = smtplib.SMTP("127.0.0.1", port, timeout=30)
        while (now := time.monotonic()) < begun + seconds:
            due = begun + counts[number] * _SENDERS / rate
            if due > now:
                time.sleep(min(due - now, 1.0))
                continue
            client.sendmail("a@example.net", [address(number)], text, ["BODY=8BITMIME"])
            counts[number] += 1
            if counts[number] % _A_SESSION == 0:
                client.quit()
                client.connect("127.0.0.1", port)
        client.quit()

    threads = [Thread(target=send, args=(number,)) for number in range(_SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(sum(counts))
    return 0


def address(number: int) -> str:
    """Return the address of a mailbox that the benchmark has made."""
    return f"box-{number % _MAILBOXES}@example.org"


if __name__ == "__main__":
    sys.exit(main())
