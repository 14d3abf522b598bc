"""A server with something of every kind in it, and the ids of what there is."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.fakes.caller import Caller
from tests.fakes.process import ServerProcess, free_port
from tests.fakes.server import until
from tests.fakes.visitor import Visitor

DOMAIN, INFO, SHOP, DESK = "example.org", "info@example.org", "shop@example.org", "help@example.org"
PASSWORD = "a password of a test"
RULES: tuple[dict[str, Any], ...] = (
    {
        "name": "Prizes",
        "group": "Night",
        "on": ["receive", "manual"],
        "condition": [{"field": "subject", "op": "contains", "value": "prize"}],
        "action": [{"do": "quarantine"}],
    },
    {"name": "Desk", "mailbox": DESK, "action": [{"do": "ticket"}]},
    {
        "name": "Orders/all",
        "on": ["receive", "manual"],
        "condition": [{"field": "subject", "op": "contains", "value": "order"}],
        "action": [{"do": "move", "folder": "Orders"}, {"do": "tag", "tag": "order"}],
    },
)
_SUBJECTS = (
    ("Order 17", INFO), ("Order 18", INFO), ("Hello", INFO), ("A prize", INFO),
    ("Another prize", INFO), ("It does not work", DESK), ("A picture", DESK),
)  # fmt: skip


@dataclass
class Filled:
    """A server, who may do everything there, and for each path of the API some ids that are there.

    `ids` are by what comes before them in the path and the name of the part: "/messages id".
    """

    server: ServerProcess
    owner: Visitor
    caller: Caller
    ids: dict[str, list[str]] = field(default_factory=dict)

    def refill(self) -> None:
        """Bring what is gone again, and learn the ids of what there is now."""
        for name in self.ids["/listeners name"]:
            self.caller.post(f"/listeners/{quote(name, safe='')}/start", None)
        for method, path, body in _wanted():
            self.caller.call(method, f"/api/v1{path}", body)
        _deliver(self.server)
        before = dict(self.ids)
        _collect(self)
        # Of what is not to be had again the old ids do
        self.ids.update({name: ids for name, ids in before.items() if not self.ids[name]})

    def path(self, template: str, which: int = 0) -> str:
        """Fill the parts of a path in, quoted; the first ids belong together."""
        found = self.parts(template, which)
        for name, text in found.items():
            template = template.replace("{" + name + "}", quote(text, safe=""))
        return template

    def parts(self, template: str, which: int = 0) -> dict[str, str]:
        """Return a value for each part of a path."""
        found = {}
        before, *rest = template.split("{")
        for each in rest:
            name, _brace, after = each.partition("}")
            known = self.ids[f"{before.removeprefix('/api/v1').rstrip('/')} {name}"]
            found[name] = known[which % len(known)]
            before += "{" + name + "}" + after
        return found


@contextmanager
def filled_server(home: Path, settings: Mapping[str, str] | None = None) -> Iterator[Filled]:
    """Run one. What goes outside waits: who should take it is a port that is closed."""
    server = ServerProcess(home, web=True)
    server.configure("web", "calls_per_minute = 0")
    server.configure("listen", f'metrics = ["tcp:{free_port()}:interface=127.0.0.1"]')
    server.configure("outbound", f'smarthost = "127.0.0.1:{free_port()}"')
    for section, line in (settings or {}).items():
        server.configure(section, line)
    with server:
        owner = Visitor.of(server)
        caller = Caller.of(server)
        filled = Filled(server, owner, caller)
        for method, path, body in _wanted():
            done(caller, method, path, body)
        _deliver(server)
        until(lambda: len(_items(caller, "/tickets")) > 1, "no ticket was opened")
        until(lambda: len(_items(caller, "/queue?state=waiting")) > 1, "nothing waits")
        _collect(filled)
        yield filled


def _wanted() -> Iterator[tuple[str, str, Any]]:
    """Yield the calls that make a server full."""
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    letter = {"from": INFO, "to": ["eva@example.com"], "subject": "To Eva", "text": "Hello"}
    for path, body in (
        ("/domains", {"name": DOMAIN}),
        ("/domains", {"name": "second.example", "alias_of": DOMAIN}),
        *(("/mailboxes", {"address": address}) for address in (INFO, SHOP, DESK)),
        ("/mailboxes", {"address": "a/b@example.org", "quota": "10MiB"}),
        ("/grants", {"mailbox": SHOP, "address": "sales@example.org"}),
        ("/suppressions", {"address": "gone@example.net", "note": "no such mailbox"}),
        *(
            ("/users", {"name": f"an-{role}", "role": role, "password": PASSWORD})
            for role in ("reader", "operator", "admin")
        ),
        ("/tokens", {"name": "another", "rights": ["see"], "days": 3}),
        ("/send", letter),
        ("/send", {**letter, "to": ["bob@example.net"], "send_at": later}),
        ("/send", {**letter, "to": ["carl@example.net"]}),
    ):
        yield "POST", path, body
    for path, put in (
        ("/aliases/sales@example.org", {"targets": [INFO, SHOP]}),
        ("/senders", {"address": "ann@example.net", "allowed": True}),
        ("/views/Unread", {"query": "is:unread"}),
        # What comes first is not sorted by the last of them, so a run has what to change
        ("/rules", {"rule": RULES[:2]}),
    ):
        yield "PUT", path, put


def _deliver(server: ServerProcess) -> None:
    with smtplib.SMTP("127.0.0.1", server.smtp_port, timeout=10) as client:
        for number, (subject, recipient) in enumerate(_SUBJECTS):
            message = EmailMessage()
            message["From"], message["To"] = "Ann <ann@example.net>", recipient
            message["Subject"], message["Message-ID"] = subject, f"<{number}@example.net>"
            message.set_content("Hello")
            message.add_alternative('<p>Hello</p><img src="cid:a@b">', subtype="html")
            message.add_attachment(b"\x89PNG", "image", "png", filename="a.png", cid="<a@b>")
            message.add_attachment(b"<svg/>", "image", "svg+xml", filename="картина.svg")
            client.sendmail("ann@example.net", [recipient], message.as_bytes(policy=SMTP))


def _collect(filled: Filled) -> None:
    caller, ids = filled.caller, filled.ids
    done(caller, "PUT", "/rules", {"rule": RULES})
    task = done(caller, "POST", "/rules/tasks", {})
    until(lambda: caller.get(f"/rules/tasks/{task['number']}").json["ended"], "it looks still")
    run = done(caller, "POST", f"/rules/tasks/{task['number']}/begin", None)
    until(lambda: caller.get(f"/rules/tasks/{run['number']}").json["ended"], "it applies still")
    stored = [each["queue_id"] for each in _items(caller, f"/messages?mailbox={INFO}")]
    held = [each["queue_id"] for each in _items(caller, "/quarantine")]
    jobs = _items(caller, "/queue")
    waiting = [each["id"] for each in jobs]
    done(caller, "POST", "/queue/hold", {"ids": waiting[:1]})
    queue_ids = [each["queue_id"] for each in jobs]
    ids["/messages id"], ids["held"] = [*stored, *held], held
    ids["/messages/{id}/files number"] = ["1", "0"]
    ids["/queue id"] = [*map(str, waiting), *queue_ids]
    ids["/send id"] = queue_ids
    ids["/domains name"] = [each["name"] for each in _items(caller, "/domains")]
    ids["/mailboxes address"] = [each["address"] for each in _items(caller, "/mailboxes")]
    ids["/aliases address"] = [each["address"] for each in _items(caller, "/aliases")]
    ids["/grants mailbox"], ids["/grants/{mailbox} address"] = [SHOP], ["sales@example.org"]
    ids["/routes address"] = ["sales@example.org", INFO, "eva@example.com"]
    ids["/suppressions address"] = ["gone@example.net"]
    ids["/senders address"] = ["ann@example.net"]
    ids["/tickets number"] = [str(each["number"]) for each in _items(caller, "/tickets")]
    ids["/users name"] = ["an-reader", "an-operator", "an-admin"]
    Visitor(caller.port).log_in("an-reader", PASSWORD)
    sessions = _items(caller, "/users/an-reader/sessions")
    ids["/users/{name}/sessions key"] = [each["key"] for each in sessions]
    tokens = _items(caller, "/tokens")
    ids["/tokens id"] = [str(each["id"]) for each in tokens if each["name"] == "another"]
    ids["/views name"] = ["Unread", "Others"]
    ids["/rules/each name"] = [rule["name"] for rule in RULES]
    ids["/rules/groups name"] = ["Night"]
    runs = _items(caller, "/rules/runs")
    ids["/rules/runs id"] = [str(each["id"]) for each in runs]
    ids["/rules/tasks number"] = [str(run["number"]), str(task["number"])]
    ids["/listeners name"] = [
        each["name"] for each in _items(caller, "/listeners") if each["door"] != "web"
    ]
    ids["places"] = [str(each["key"]["place_id"]) for each in _items(caller, "/search")]


def _items(caller: Caller, path: str) -> list[dict[str, Any]]:
    return list(done(caller, "GET", path, None)["items"])


def done(caller: Caller, method: str, path: str, body: Any) -> Any:
    """Call, and return what was answered to what must have been done."""
    answered = caller.call(method, f"/api/v1{path}", body)
    assert answered.status < 300, (method, path, answered.octets)
    return answered.json if answered.octets else None
