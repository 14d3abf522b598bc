"""Read everything back as a mail program would: by POP3, folder by folder."""

from __future__ import annotations

import poplib
from collections.abc import Iterator, Sequence

from tests.crash.judge import Found
from tests.crash.letters import INBOX


def read_folder(port: int, login: str, password: str) -> Iterator[bytes]:
    """Yield every message of the folder that the login names, octet for octet.

    One that is listed and cannot be read is empty.
    """
    reader = _logged_in(port, login, password)
    if reader is None:
        return
    try:
        count, _ = reader.stat()
        for number in range(1, count + 1):
            try:
                _, lines, _ = reader.retr(number)
            except poplib.error_proto:
                lines = []
            yield b"".join(line + b"\r\n" for line in lines)
        reader.quit()
    finally:
        reader.close()


def harvest(
    port: int, addresses: Sequence[str], folders: Sequence[str], password: str
) -> Iterator[Found]:
    """Yield each message in INBOX and in `folders` of every address."""
    for address in addresses:
        for folder in (INBOX, *folders):
            for octets in read_folder(port, _login(address, folder), password):
                yield Found(address, folder, octets)


def empty(port: int, addresses: Sequence[str], folders: Sequence[str], password: str) -> None:
    """Remove every message from the same folders."""
    for address in addresses:
        for folder in (INBOX, *folders):
            reader = _logged_in(port, _login(address, folder), password)
            if reader is None:
                continue
            try:
                for number in range(1, reader.stat()[0] + 1):
                    reader.dele(number)
                reader.quit()
            finally:
                reader.close()


def _login(address: str, folder: str) -> str:
    local, _, domain = address.partition("@")
    return address if folder == INBOX else f"{local}+{folder}@{domain}"


def _logged_in(port: int, login: str, password: str) -> poplib.POP3 | None:
    """Log in; None if the mailbox has no such folder, so that nothing is in it."""
    reader = poplib.POP3("127.0.0.1", port, timeout=60)
    try:
        reader.user(login)
        reader.pass_(password)
    except poplib.error_proto as refused:
        reader.close()
        if b"no such folder" in refused.args[0]:
            return None
        raise
    except BaseException:
        reader.close()
        raise
    return reader
