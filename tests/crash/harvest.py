"""Read everything back as a mail program would: by POP3, folder by folder."""

from __future__ import annotations

import poplib
from collections.abc import Iterator, Sequence


def read_folder(port: int, login: str, password: str) -> Iterator[bytes]:
    """Yield every message of the folder that the login names, octet for octet."""
    reader = poplib.POP3("127.0.0.1", port, timeout=60)
    try:
        reader.user(login)
        reader.pass_(password)
        count, _ = reader.stat()
        for number in range(1, count + 1):
            _, lines, _ = reader.retr(number)
            yield b"".join(line + b"\r\n" for line in lines)
        reader.quit()
    finally:
        reader.close()


def harvest(
    port: int, addresses: Sequence[str], folders: Sequence[str], password: str
) -> Iterator[tuple[str, bytes]]:
    """Yield mailbox address and message for each message in INBOX and in `folders`."""
    for address in addresses:
        local, _, domain = address.partition("@")
        for login in (address, *(f"{local}+{folder}@{domain}" for folder in folders)):
            for message in read_folder(port, login, password):
                yield address, message
