"""A Russian owner's pages are Russian: all that links lead to, and what is said to wrong forms."""

from __future__ import annotations

import re
import smtplib
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from urllib.parse import urlencode

import pytest

from bitrixmail.admin.accounts import MailboxOptions
from bitrixmail.app.office import opened_office
from bitrixmail.app.settings.loading import load_settings
from bitrixmail.model.suppression import Suppressed
from bitrixmail.store.opening import done
from tests.fakes.process import ServerProcess, free_port
from tests.fakes.reading import english
from tests.fakes.server import until
from tests.fakes.visitor import Answered, Visitor
from tests.fakes.wrong_forms import (
    BAD_RULES,
    HELP,
    INFO,
    LETTER,
    PASSWORD,
    RIGHT,
    RULE,
    SEARCHES,
    WRONG,
)

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
name = "Вручную"
on = ["manual"]
  [[rule.action]]
  do = "mark_read"
  [[rule.action]]
  do = "copy"
  folder = "Копии"

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
SUBJECTS = ("Здравствуйте", "в карантин", "Ещё одно", "дальше пошло")
FIRST = (
    "/", "/messages?q=from:ann", "/messages?q=nothinglikethat", "/nowhere", "/queue?state=dead",
    "/tickets?state=all", "/settings/history", "/users/audit?who=x", "/rules/edit?name=Счета",
    "/rules/edit?name=Счета&tab=text", "/rules/difference?old=0&new=1", "/log?what=zzz",
    "/mailboxes/aliases?edit=sales@example.org",
    "/mailboxes/route?address=sales@example.org", "/mailboxes/route?address=bob@example.com",
    "/mailboxes/route?address=nobody@example.org", "/rules/apply/1",
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
        now = datetime.now(UTC)
        gone = Suppressed("left@example.net", "unknown user", now, None, "550 No such user", "")
        done(office.suppressions._suppressions.add(gone))
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


def test_who_is_not_in_yet_reads_russian(owner: Visitor) -> None:
    stranger = Visitor(owner.port, headers=owner.headers)
    for path in ("/login", "/login?to=/log", "/nowhere"):
        assert told(path, stranger.get(path)) == []


def test_no_answer_speaks_english(owner: Visitor) -> None:
    found: dict[str, str] = {}
    for where, answered in _answers(owner):
        assert answered.status < 500, where
        for line in told(where, answered):
            found.setdefault(line.partition(": ")[2], line)
    assert not found, "\n".join(found.values())


def _answers(owner: Visitor) -> Iterator[tuple[str, Answered]]:
    """Yield what is said to what is wrong."""
    for path, fields in (*WRONG, *RIGHT):
        answered = owner.post(path, **fields)
        if answered.status == 303:
            answered = owner.get(answered.location)
        yield f"{path} {dict(fields)}", answered
    trial = {"do": "try", "trial.mailbox": INFO, "trial.text": LETTER.format("счёт")}
    yield "a trial", owner.post("/rules/edit", **{**RULE, **trial})
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


def test_a_template_makes_a_rule_and_a_folder_with_russian_names(owner: Visitor) -> None:
    page = owner.get("/rules/templates/invoices").text
    assert 'name="slot.folder" value="Счета"' in page
    given = {"slot.words": "счёт", "slot.folder": "Счета", "slot.mailbox": INFO, "do": "look"}
    made = unescape(owner.post("/rules/templates/invoices", **given).text)
    assert f"<strong>Счета ({INFO})</strong>" in made
    stranger = Visitor(owner.port, headers={"Accept-Language": "en"})
    stranger.log_in("boss", PASSWORD)
    assert 'name="slot.folder" value="Invoices"' in stranger.get("/rules/templates/invoices").text


def test_how_to_search_is_told_with_russian_fields_that_work(owner: Visitor) -> None:
    page = unescape(owner.get("/messages").text)
    for field in ("от:", "кому:", "тема:", "ящик:", "папка:", "после:", "до:", "есть:вложение",
                  "размер>", "балл>", "состояние:непрочитано"):  # fmt: skip
        assert field in page, field
    shown = re.search(r'id="how".*?</details>', page, re.DOTALL)
    assert shown is not None
    for query in re.findall(r"<code>(.*?)</code>", shown[0]):
        found = owner.get(f"/messages?{urlencode({'q': query})}")
        assert 'class="wrong"' not in found.text, query
    wrong = unescape(owner.get(f"/messages?{urlencode({'q': 'есть:спам'})}").text)
    assert "is:спам" in wrong


def test_the_doctor_heads_what_it_finds_in_words(owner: Visitor) -> None:
    page = owner.get("/doctor").text
    headings = re.findall(r"<(?:h3|th scope=\"row\")>(.*?)</(?:h3|th)>", page, re.DOTALL)
    assert headings
    for heading in headings:
        assert re.search(
            "[а-я]", re.sub(r"<[^>]*>", "", heading.partition("</span>")[2] or heading)
        )
