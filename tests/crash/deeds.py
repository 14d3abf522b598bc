"""What a victim does outside as rules want it, and whoever counts there how often it was done."""

from __future__ import annotations

import json
import sqlite3
import threading
from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.crash.victim import Victim
from tests.fakes.installed import install
from tests.fakes.process import free_port

MAILBOX, ARCHIVE = "info@example.org", "archive@example.org"


class Deed(ABC):
    """One kind of action. Made by a campaign, lives as long.

    `key` honoured: whoever does it leaves out what has a key that he knows.
    """

    kind: str
    action: str

    @abstractmethod
    def __init__(self, folder: Path) -> None: ...

    @abstractmethod
    def configure(self, victim: Victim) -> None:
        """Add what it needs to the settings."""

    def close(self) -> None:  # noqa: B027 - most have nothing to end
        """End what it has begun."""

    @abstractmethod
    def attempts(self) -> Counter[str]:
        """Count by message id how often it was begun out there."""

    @abstractmethod
    def effects(self) -> Counter[str]:
        """Count by message id what came of it, each key once."""


class _Noted(Deed):
    """What appends a line to a file each time, and makes a folder for each key."""

    def __init__(self, folder: Path) -> None:
        self.notes = folder / f"{self.kind}.notes"
        self.keys = folder / f"{self.kind}.keys"
        self.keys.mkdir()

    def attempts(self) -> Counter[str]:
        if not self.notes.exists():
            return Counter()
        return Counter(line.split()[0] for line in self.notes.read_text().splitlines())

    def effects(self) -> Counter[str]:
        keys = {line.split()[1]: line.split()[0] for line in self.notes.read_text().splitlines()}
        return Counter(keys[made.name] for made in self.keys.iterdir())


class Command(_Noted):
    """A program that is run."""

    kind = "command"
    action = 'do = "command"\nname = "note"'

    def configure(self, victim: Victim) -> None:
        file = self.notes.with_suffix(".sh")
        file.write_text(
            "#!/bin/sh\n"
            f'echo "$BITRIXMAIL_MESSAGE_ID $BITRIXMAIL_KEY" >> {self.notes}\n'
            f'mkdir "{self.keys}/$BITRIXMAIL_KEY" 2>/dev/null || echo "known already"\n'
        )
        file.chmod(0o755)
        victim.configure("commands.note", f'argv = ["{file}"]\nat_once = 8')


class Function(_Noted):
    """A function of an extension. Its package must be in the victim's path."""

    kind = "python"
    action = 'do = "python"\nname = "crashed.note"'

    def configure(self, victim: Victim) -> None:
        code = f"""import os
from bitrixmail.model.extension import Parts
def note(letter):
    with open({str(self.notes)!r}, "a") as notes:
        notes.write(letter.text("message-id") + " " + letter.key + "\\n")
    os.makedirs({str(self.keys)!r} + "/" + letter.key, exist_ok=True)
def parts(context):
    return Parts(actions={{"note": note}})
"""
        install(package_of(victim), "crashed", code)
        victim.configure("extensions", 'enabled = ["crashed"]')


class Webhook(Deed):
    """A call of a URL; the receiver knows each call by its id."""

    kind = "webhook"

    def __init__(self, _folder: Path) -> None:
        # By message id, the keys of its calls, again for each call
        self._calls: defaultdict[str, list[str]] = defaultdict(list)
        self._server = ThreadingHTTPServer(("127.0.0.1", free_port()), self._handler())
        self.port: int = self._server.server_port
        self.action = f'do = "webhook"\nurl = "http://127.0.0.1:{self.port}/"'
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        calls = self._calls

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                calls[body["message_id"]].append(self.headers["X-Bitrixmail-Id"])
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                """Say nothing."""

        return Handler

    def configure(self, victim: Victim) -> None:
        victim.configure("actions", f'private_hosts = ["127.0.0.1:{self.port}"]')

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def attempts(self) -> Counter[str]:
        return Counter({message: len(keys) for message, keys in self._calls.items()})

    def effects(self) -> Counter[str]:
        return Counter({message: len(set(keys)) for message, keys in self._calls.items()})


class Forward(Deed):
    """A copy for another mailbox of the victim, by the gate: that one knows each job."""

    kind = "mail"
    action = f'do = "forward"\nto = "{ARCHIVE}"'

    def __init__(self, _folder: Path) -> None:
        self._file = Path()

    def configure(self, victim: Victim) -> None:
        self._file = victim.data_dir / "bitrixmail.sqlite"

    def attempts(self) -> Counter[str]:
        return self.effects()

    def effects(self) -> Counter[str]:
        query = (
            "SELECT m.message_id FROM place p JOIN message m ON m.id = p.message_id"
            " JOIN mailbox b ON b.id = p.mailbox_id WHERE b.address = ?"
        )
        with closing(sqlite3.connect(f"file:{self._file}?mode=ro", uri=True)) as reader:
            return Counter(row[0] for row in reader.execute(query, (ARCHIVE,)))


DEEDS: tuple[type[Deed], ...] = (Forward, Command, Function, Webhook)


def package_of(victim: Victim) -> Path:
    """Return the directory of packages that the victim has in its path."""
    return victim.home / "packages"


def rules_of(deeds: tuple[Deed, ...]) -> str:
    """Return the rules by which all of it is done for each message to MAILBOX."""
    actions = "".join(f"\n  [[rule.action]]\n{deed.action}\n" for deed in deeds)
    return f'[[rule]]\nname = "All"\nmailbox = "{MAILBOX}"\n{actions}'
