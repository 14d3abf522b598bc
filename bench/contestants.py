"""The two servers of the benchmark, behind one face."""

from __future__ import annotations

import poplib
from pathlib import Path
from typing import Protocol

from tests.fakes.postfix import PrivatePostfix
from tests.fakes.process import ServerProcess, free_port

ADDRESS = "bench@example.org"
FOLDER = "Measured"
_PASSWORD = "only for this run"

# Five rules as a small site has them; just the last one fits the generator's messages.
RULES = f"""\
[[rule]]
name = "Invoices"
order = 100
condition = [{{field = "subject", op = "contains", value = ["invoice", "счёт"]}}]
action = [{{do = "move", folder = "Invoices"}}]

[[rule]]
name = "Shop"
order = 200
condition = [{{field = "from", op = "ends_with", value = ["@shop.example.com"]}}]
action = [{{do = "tag", tag = "shop"}}]

[[rule]]
name = "Robots"
order = 300
match = "any"
condition = [
    {{field = "header:Auto-Submitted", op = "exists"}},
    {{field = "header:Precedence", op = "equals", value = ["bulk", "junk"]}},
]
action = [{{do = "mark_read"}}]

[[rule]]
name = "Huge"
order = 400
condition = [{{field = "size", op = "greater", value = ["20MiB"]}}]
action = [{{do = "flag"}}]

[[rule]]
name = "Generator"
order = 500
condition = [{{field = "from", op = "contains", value = ["generator@"]}}]
action = [{{do = "move", folder = "{FOLDER}"}}]
"""


class Contestant(Protocol):
    """A running server that takes mail for ADDRESS."""

    name: str
    port: int

    @property
    def pid(self) -> int: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def delivered(self) -> int: ...


class Ours:
    """bitrixmail as a site would run it: SQLite, one mailbox, and rules, five if not told others.

    `folder` is where the rules put the generator's messages.
    """

    rules = RULES.count("[[rule]]")

    def __init__(
        self, home: Path, name: str = "bitrixmail", rules: str = RULES, folder: str = FOLDER
    ) -> None:
        self.name = name
        self._rules = rules
        self._login = ADDRESS.replace("@", f"+{folder}@")
        self._server = ServerProcess(home)
        self.port = self._server.smtp_port

    @property
    def pid(self) -> int:
        return self._server.pid

    def start(self) -> None:
        self._server.furnish((ADDRESS,), _PASSWORD, self._rules)
        self._server.start()

    def stop(self) -> None:
        self._server.kill()

    def delivered(self) -> int:
        """Count the places of the folder that the rule names, as a mail program sees it."""
        reader = poplib.POP3("127.0.0.1", self._server.pop3_port, timeout=60)
        try:
            reader.user(self._login)
            reader.pass_(_PASSWORD)
            return reader.stat()[0]
        except poplib.error_proto:
            # The folder is made with its first message.
            return 0
        finally:
            reader.close()


class Postfix(PrivatePostfix):
    """Postfix with Debian's defaults, delivering to a Maildir."""

    name = "Postfix"

    def __init__(self, home: Path) -> None:
        super().__init__(home, free_port(), ADDRESS.partition("@")[0])
