"""A Russian owner's pages are Russian: all that links lead to, and what is said to wrong forms."""

from __future__ import annotations

import re
import smtplib
from collections import deque
from collections.abc import Iterator
from html import unescape
from urllib.parse import urlencode

import pytest

from bitrixmail.admin.accounts import MailboxOptions
from bitrixmail.app.office import opened_office
from bitrixmail.app.settings.loading import load_settings
from bitrixmail.store.opening import done
from tests.fakes.process import ServerProcess, free_port
from tests.fakes.reading import english
from tests.fakes.server import until
from tests.fakes.visitor import Answered, Visitor

INFO, HELP = "info@example.org", "help@example.org"
PASSWORD = "a long password"
RULES = """
groups_off = ["Ночь"]
[[rule]]
name = "В карантин"
order = 10
  [[rule.condition]]
  field = "subject"
  op = "contains"
  value = ["карантин"]
  [[rule.action]]
  do = "quarantine"

[[rule]]
name = "Счета"
order = 20
group = "Деньги"
description = "Счета от поставщиков"
match = "any"
  [[rule.condition]]
  field = "from.domain"
  op = "equals"
  value = "example.net"
  [[rule.condition]]
  match = "all"
  condition = [
    { field = "size", op = "greater", value = "10MB" },
    { field = "header:List-Id", op = "exists" },
    { not = { field = "envelope_sender", op = "ends_with", value = "@example.org" } },
    { field = "time", op = "equals", value = "22:00-07:00 Europe/Moscow" },
  ]
  [[rule.action]]
  do = "tag"
  tag = "счёт"
  [[rule.action]]
  do = "flag"
  [[rule.action]]
  do = "copy"
  folder = "Счета"
  [[rule.action]]
  do = "priority"
  level = "high"

[[rule]]
name = "Не берём"
order = 30
  [[rule.condition]]
  field = "subject"
  op = "regex"
  value = 'отказ \\d+'
  [[rule.action]]
  do = "reject"
  text = "Не берём"

[[rule]]
name = "Ночью"
group = "Ночь"
on = ["schedule", "manual"]
schedule = "0 3 * * *"
  [[rule.condition]]
  field = "size"
  op = "greater"
  value = "1"
  [[rule.action]]
  do = "mark_read"

[[rule]]
name = "Никогда"
order = 900
  [[rule.condition]]
  field = "size"
  op = "less"
  value = "1"
  [[rule.action]]
  do = "delete"

[[rule]]
name = "Обращения"
order = 100
mailbox = "help@example.org"
  [[rule.action]]
  do = "ticket"

[[rule]]
name = "Дальше"
order = 110
mailbox = "info@example.org"
  [[rule.condition]]
  field = "subject"
  op = "contains"
  value = "дальше"
  [[rule.action]]
  do = "forward"
  to = "ann@example.com"
  [[rule.action]]
  do = "webhook"
  url = "http://127.0.0.1:9/"
"""
LETTER = (
    "From: =?utf-8?b?0JDQvdC90LA=?= <ann@example.net>\r\nTo: info@example.org\r\n"
    "Subject: {}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    "--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    "Привет\r\n--b\r\nContent-Type: application/pdf\r\n"
    "Content-Disposition: attachment; filename=a.pdf\r\n\r\nx\r\n--b--\r\n"
)
SUBJECTS = ("Здравствуйте", "в карантин", "Ещё одно", "дальше пошло")
FIRST = (
    "/", "/messages?q=from:ann", "/messages?q=nothinglikethat", "/nowhere", "/queue?state=dead",
    "/tickets?state=all", "/settings/history", "/users/audit?who=x", "/rules/edit?name=Счета",
    "/rules/edit?name=Счета&tab=text", "/rules/difference?old=0&new=1", "/log?what=zzz",
    "/mailboxes/aliases?edit=sales@example.org",
)  # fmt: skip
# Forms as somebody may send them in error: the page, and its fields
Wrong = tuple[str, dict[str, str | list[str]]]
WRONG: tuple[Wrong, ...] = (
    ("/domains", {"name": "нет такого!"}),
    ("/domains", {"name": ""}),
    ("/domains", {"name": "example.org"}),
    ("/domains/example.org/catch-all", {"address": "nobody@example.org"}),
    ("/domains/example.org/catch-all", {"address": "не адрес"}),
    ("/domains/none.example/catch-all", {"address": INFO}),
    ("/domains/example.org/remove", {"sure": "example.com"}),
    ("/mailboxes", {"address": "не адрес", "how": "made"}),
    ("/mailboxes", {"address": INFO, "how": "made"}),
    ("/mailboxes", {"address": "new@example.net", "how": "made"}),
    ("/mailboxes", {"address": "new@example.org", "how": "typed", "password": "short"}),
    ("/mailboxes", {"address": "new@example.org", "how": "typed", "password": ""}),
    ("/mailboxes", {"address": "sales@example.org", "how": "made"}),
    (f"/mailboxes/{INFO}/change", {"quota": "много", "retention": "долго", "active": "1"}),
    (f"/mailboxes/{INFO}/password", {"how": "typed", "password": "password"}),
    (f"/mailboxes/{INFO}/grant", {"as": "bob@example.com"}),
    (f"/mailboxes/{INFO}/grant", {"as": "?"}),
    (f"/mailboxes/{INFO}/revoke", {"as": "bob@example.com"}),
    (f"/mailboxes/{INFO}/remove", {"sure": "x"}),
    ("/mailboxes/nobody@example.org/change", {}),
    ("/mailboxes/aliases", {"address": "не адрес", "targets": INFO}),
    ("/mailboxes/aliases", {"address": "x@example.org", "targets": ""}),
    ("/mailboxes/aliases", {"address": "x@example.org", "targets": "nobody@example.org"}),
    ("/mailboxes/aliases", {"address": "x@example.org", "targets": "x@example.org"}),
    ("/mailboxes/aliases", {"address": INFO, "targets": HELP}),
    ("/mailboxes/aliases/remove", {"address": "none@example.org"}),
    ("/users", {"name": "!", "role": "operator", "how": "typed", "password": PASSWORD}),
    ("/users", {"name": "olga", "role": "operator", "how": "typed", "password": PASSWORD}),
    ("/users", {"name": "petr", "role": "king", "how": "typed", "password": PASSWORD}),
    ("/users", {"name": "petr", "role": "operator", "how": "typed", "password": "123"}),
    ("/users/user/none/role", {"role": "owner"}),
    ("/account/tokens", {"name": "", "right": "see"}),
    ("/account/tokens", {"name": "ключ"}),
    ("/account/tokens/remove", {"token": "999"}),
    ("/account/password", {"password": "x", "new": "1", "again": "2"}),
    ("/account/password", {"old": PASSWORD, "password": "1", "again": "2"}),
    ("/account/second-factor", {}),
    ("/account/second-factor", {"password": PASSWORD}),
    ("/account/second-factor/on", {"code": "000000"}),
    ("/queue/change", {"do": "", "job": "1"}),
    ("/queue/change", {"do": "retry", "job": "9999"}),
    ("/tickets/help@example.org/99/reply", {"text": "да"}),
    ("/tickets/help@example.org/1/reply", {"text": ""}),
    ("/tickets/help@example.org/1/note", {"text": ""}),
    ("/tickets/help@example.org/1/assign", {"whom": "x" * 300}),
    ("/lists/add", {"address": "не адрес", "days": "3"}),
    ("/lists/add", {"address": "bob@example.com", "days": "много"}),
    ("/lists/lift", {"address": "none@example.com"}),
    ("/lists/senders/put", {"address": "?", "do": "allow", "whose": ""}),
    ("/lists/senders/put", {"address": "a@example.com", "do": "allow", "whose": "none.example"}),
    ("/lists/senders/remove", {"address": "zzz@example.com", "whose": ""}),
    ("/lists/spam/thresholds", {"whose": "", "tag": "много"}),
    ("/lists/spam/thresholds", {"whose": "none.example", "tag": "5"}),
    ("/lists/spam/forget", {"mailbox": "nobody@example.org"}),
    ("/messages/act", {"act": "explode", "place": "1"}),
    ("/messages/act", {"act": "read", "place": "99999"}),
    ("/messages/send", {"place": "1", "address": "не адрес"}),
    ("/messages/views", {"name": "", "q": "is:unread"}),
    ("/quarantine/release", {"held": "999"}),
    ("/settings", {"section": "smtp", "smtp.max_size": "большой"}),
    ("/settings", {"section": "server", "server.hostname": "не имя", "server.processes": "много"}),
    ("/settings", {"section": "listen", "listen.smtp": "tcp:не порт"}),
    ("/settings", {"section": "outbound", "outbound.smarthost": "x:y:z"}),
    ("/settings", {"section": "actions", "actions.secrets": "a = ["}),
    ("/settings/undo", {"at": "x", "setting": "smtp.max_size"}),
    ("/rules/switch", {"name": "нет такого", "to": "on"}),
    ("/rules/group", {"name": "нет такой", "to": "on"}),
    ("/rules/import", {"text": "[[rule]]\nname = 1\nwhen = 2\n"}),
    ("/rules/import", {"text": "это не TOML"}),
    ("/rules/import", {"text": '[[rule]]\nname="а"\n[[rule.action]]\ndo="fly"\n'}),
    ("/rules/templates/invoices", {}),
    ("/rules/apply", {"mailbox": "nobody@example.org"}),
    ("/rules/apply/99", {}),
    ("/rules/undo", {"version": "77"}),
    ("/rules/try", {"trial.mailbox": "nobody@example.org", "trial.text": "x"}),
    ("/rules/try", {"trial.mailbox": INFO}),
)  # fmt: skip
# Of a rule's form: what is other than in one that is right
BAD_RULES: tuple[dict[str, str | list[str]], ...] = (
    {"name": ""},
    {"name": "Счета"},
    {"on": []},
    {"on": ["schedule"], "schedule": "каждый час"},
    {"c.0.op": "greater"},
    {"c.0.value": ""},
    {"c.0.op": "regex", "c.0.value": "(("},
    {"c.0.field": "size", "c.0.op": "greater", "c.0.value": "большой"},
    {"c.0.field": "time", "c.0.op": "equals", "c.0.value": "полдень"},
    {"c.0.field": "header:", "c.0.of": ""},
    {"a.0.argument": ""},
    {"a.0.do": "forward", "a.0.argument": "не адрес"},
    {"a.0.do": "webhook", "a.0.argument": "не ссылка"},
    {"a.0.do": "priority", "a.0.argument": "большая"},
    {"order": "первое"},
    {"mailbox": "nobody"},
    {"tab": "text", "text": "[[rule]"},
    {"tab": "text", "text": ""},
    {"do": "try", "trial.mailbox": ""},
)
RULE: dict[str, str | list[str]] = {
    "instead": "", "tab": "form", "name": "Новое", "on": ["receive", "manual"], "active": "yes",
    "order": "500", "description": "", "c.kind": "all", "c.0.kind": "test", "c.0.field": "subject",
    "c.0.op": "contains", "c.0.value": "счёт", "a.0.do": "move", "a.0.argument": "Счета",
    "do": "save",
}  # fmt: skip
SEARCHES = (
    "form:ann", "before:вчера", "size>много", "score>x", "is:красное", '"не закрыто', "has:cat",
    "in:", "x" * 2000, "from:", "on:2026-13-45", "-", "OR", "(", "older:много",
)  # fmt: skip
# What this test itself gives names to
NAMED = frozenset({"boss", "olga", "petr", "admin", "king", "none"})
_LINK = re.compile(r'(?:href|hx-get)="(/[^"#]*)')
# What is no page, or is every language's own
_NO_PAGE = re.compile(
    r"^/(static|logout|events)|/eml$|/export$|/files/|/html|\.svg$|\.json$|/zone$|\.toml$"
)
# One of each kind is enough of what has a number or a name of many
_ALIKE = (
    (re.compile(r"/queue/job/\d+"), 6),
    (re.compile(r"/log\?"), 4),
    (re.compile(r"/messages\?"), 8),
    (re.compile(r"/users/audit\?"), 4),
    (re.compile(r"/rules/difference"), 3),
    (re.compile(r"/messages/[A-Z0-9]{6,}.*tab="), 10),
    (re.compile(r"/messages/[A-Z0-9]{6,}"), 5),
    (re.compile(r"/rules/edit"), 8),
    (re.compile(r"/tickets\?"), 4),
    (re.compile(r"/lists"), 8),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    # Mail for others waits: who should take it is a port that is closed
    settings = f'[outbound]\nsmarthost = "127.0.0.1:{free_port()}"\n'
    server = ServerProcess(tmp_path_factory.mktemp("russian"), settings, web=True)
    server.configure("doctor", "outgoing = []")
    with opened_office(load_settings(server.config)) as office:
        done(office.accounts.add_domain("example.org"))
        for address in (INFO, HELP):
            done(office.accounts.add_mailbox(address, None, MailboxOptions()))
        done(office.accounts.set_alias("sales@example.org", (INFO,)))
        done(office.suppressions.add("gone@example.net", "ящика больше нет", None))
        done(office.senders.put("@shop.example", "", "поставщики", None, allowed=True))
        done(office.rules.import_text(RULES, "r", keep=False, author="boss", comment=""))
        done(office.users.add("boss", "owner", PASSWORD))
        done(office.users.add("olga", "operator", PASSWORD))
    with server:
        _letters(server)
        yield server


def _letters(server: ServerProcess) -> None:
    with smtplib.SMTP("127.0.0.1", server.smtp_port, timeout=20) as client:
        for subject in SUBJECTS:
            client.sendmail("ann@example.net", [INFO], LETTER.format(subject).encode())
        client.sendmail("ann@example.net", [HELP], LETTER.format("Не включается").encode())
        for wrong in ("nobody@example.org", "bob@example.com"):
            with pytest.raises(smtplib.SMTPRecipientsRefused):
                client.sendmail("ann@example.net", [wrong], b"Subject: x\r\n\r\nx\r\n")
        with pytest.raises(smtplib.SMTPDataError):
            client.sendmail("ann@example.net", [INFO], LETTER.format("отказ 1").encode())


@pytest.fixture(scope="module")
def owner(server: ServerProcess) -> Visitor:
    visitor = Visitor(server.web_port, headers={"Accept-Language": "ru"})
    visitor.log_in("admin", "wrong password")  # it stands in the audit log
    visitor.log_in("boss", PASSWORD)
    visitor.get("/")
    _busy(visitor)
    return visitor


def _busy(owner: Visitor) -> None:
    """Do what an owner does in a day, so that the pages have something to show."""
    owner.post("/account/tokens", name="сайт", right=["see", "send"], lasting="30")
    place = re.search(r'name="place" value="(\d+)"', owner.get("/messages").text)
    assert place is not None
    owner.post("/messages/send", place=place[1], address="bob@example.com")
    owner.post("/messages/act", act="spam", place=place[1])
    owner.post("/messages/act", act="move", place=place[1], folder="Дела")
    owner.post("/messages/views", name="моё", q="is:unread from:ann")
    owner.post("/settings", **{"section": "smtp", "smtp.max_size": "20MiB"})
    owner.post("/tickets/help@example.org/1/note", text="позвонить")
    owner.post("/tickets/help@example.org/1/assign", to="me")
    owner.post("/rules/apply", mailbox=INFO)
    owner.post("/rules/switch", name="Никогда", to="off")
    owner.post("/doctor/run")
    owner.post("/domains", name="example.com")
    owner.post("/domains/example.org/catch-all", address=INFO)
    owner.post("/users/user/olga/role", role="reader")
    owner.post("/server/reload")
    # An attempt has failed, and refusals are written each minute
    until(lambda: "ждёт" in owner.get("/queue").text, "nothing waits")


def told(where: str, answered: Answered) -> list[str]:
    if "html" not in answered.headers.get("content-type", ""):
        return []
    return [f"{where}: {text[:300]}" for text in english(answered.text, NAMED)]


def crawl(owner: Visitor) -> Iterator[tuple[str, Answered]]:
    """Yield every page that links lead to, once."""
    waiting, seen = deque(FIRST), set(FIRST)
    counts = dict.fromkeys(range(len(_ALIKE)), 0)
    while waiting:
        path = waiting.popleft()
        answered = owner.get(_quoted(path))
        yield path, answered
        for link in map(unescape, _LINK.findall(answered.text)):
            if link in seen or _NO_PAGE.search(link.partition("?")[0]):
                continue
            seen.add(link)
            kind = next((n for n, (like, _) in enumerate(_ALIKE) if like.match(link)), None)
            if kind is not None:
                counts[kind] += 1
                if counts[kind] > _ALIKE[kind][1]:
                    continue
            waiting.append(link)


def _quoted(path: str) -> str:
    return "".join(char if char.isascii() else urlencode({"": char})[1:] for char in path)


def test_no_page_speaks_english(owner: Visitor) -> None:
    found: dict[str, str] = {}
    pages = 0
    for path, answered in crawl(owner):
        if answered.status == 303:
            continue
        assert answered.status in {200, 404}, path
        pages += 1
        for line in told(path, answered):
            found.setdefault(line.partition(": ")[2], line)
    assert pages > 80
    assert not found, "\n".join(found.values())


def test_no_answer_speaks_english(owner: Visitor) -> None:
    found: dict[str, str] = {}
    for where, answered in _answers(owner):
        assert answered.status < 500, where
        for line in told(where, answered):
            found.setdefault(line.partition(": ")[2], line)
    assert not found, "\n".join(found.values())


def _answers(owner: Visitor) -> Iterator[tuple[str, Answered]]:
    """Yield what is said to what is wrong."""
    for path, fields in WRONG:
        answered = owner.post(path, **fields)
        if answered.status == 303:
            answered = owner.get(answered.location)
        yield f"{path} {dict(fields)}", answered
    for other in BAD_RULES:
        yield f"/rules/edit {other}", owner.post("/rules/edit", **{**RULE, **other})
    for query in SEARCHES:
        path = f"/messages?{urlencode({'q': query})}"
        yield path[:100], owner.get(path)
    for path in ("/nowhere", "/log?before=вчера", f"/log?what={'x' * 300}", "/messages/NONE1234",
                 "/tickets/help@example.org/99", "/queue/job/99999", "/domains/none.example",
                 "/mailboxes/nobody@example.org", "/rules/edit?name=x", "/users/user/none",
                 "/rules/templates/none", "/queue?domain=!!&state=x"):  # fmt: skip
        yield path[:100], owner.get(_quoted(path))
