"""What each page looks like with something on it: wide, and on a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from bitrixmail.admin.accounts import MailboxOptions
from bitrixmail.app.office import opened_office
from bitrixmail.app.settings.loading import load_settings
from bitrixmail.store.opening import done
from tests.browser.chromium import PHONE, WIDE, Onlooker
from tests.browser.contrast import too_faint
from tests.browser.owners_day import INFO, OwnersDay, deliver
from tests.fakes.process import ServerProcess, free_port
from tests.fakes.server import until

_RULES = """
[[rule]]
name = "Хранить отдельно"
order = 100
group = "Night"
description = "Пока не решено, что с ними делать"
  [[rule.condition]]
  field = "subject"
  op = "contains"
  value = ["won a prize", "вы выиграли"]
  [[rule.action]]
  do = "quarantine"

[[rule]]
name = "Desk"
mailbox = "help@example.org"
  [[rule.action]]
  do = "ticket"
"""
_LETTER = """\
From: Мария Иванова <maria@example.net>
To: info@example.org
Subject: {subject}
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

Good day,

when does my order 1042 come? Она нужна мне к пятнице.

Maria
"""
_SUBJECTS = (
    ("Order 1042: when does it come?", INFO),
    ("Price list for December", INFO),
    ("You have won a prize", INFO),
    ("Congratulations, you won a prize again", INFO),
    ("Can't log in", "help@example.org"),
    ("The picture is missing", "help@example.org"),
    ("Your invoice 43", INFO),
)


# Mail for others waits: who should take it is a port that is closed
SETTINGS = f'[outbound]\nsmarthost = "127.0.0.1:{free_port()}"\n'
# Pages that tell what was wrong with the request, of which the console tells too
REFUSED = ("/nowhere", "/messages?q=form:ann")


def furnish(server: ServerProcess) -> None:
    """Bring what makes the pages full: rules, letters, tickets, lists, users."""
    with opened_office(load_settings(server.config)) as office:
        done(office.accounts.add_domain("почта.рф"))
        done(office.accounts.add_mailbox("help@example.org", None, MailboxOptions()))
        done(office.accounts.set_alias("sales@example.org", (INFO,)))
        done(office.users.add("olga", "operator", "a password of the test"))
        done(office.suppressions.add("gone@example.net", "no such mailbox", None))
        done(office.senders.put("@shop.example", "", "our suppliers", None, allowed=True))
        made = done(office.rules.import_text(_RULES, "r", keep=True, author="admin", comment=""))
    in_force = f"rules of version {made.rules.version} are in force"
    until(lambda: in_force in server.log.read_text(), "the rules are not taken")
    for subject, recipient in _SUBJECTS:
        deliver(server, subject, recipient, _LETTER)


def pages(day: OwnersDay) -> Iterator[tuple[str, str]]:
    """Yield (name, path) of each page."""
    sides = ("text", "html", "headers", "source", "parts", "spam", "trace")
    ticket = "/tickets/help@example.org/1"
    yield from {
        "dashboard": "/",
        "messages": "/messages",
        "messages-found": "/messages?q=from:maria",
        "messages-none": "/messages?q=nothing",
        "messages-mistake": "/messages?q=form:ann",
        **{f"message-{side}": f"{day.message}?tab={side}" for side in sides},
        "quarantine": "/quarantine",
        "queue": "/queue",
        "queue-job": found(day, "/queue", r"/queue/job/\d+"),
        "queue-given-up": "/queue?state=dead",
        "queue-places": "/queue/places",
        "tickets": "/tickets",
        "ticket": ticket,
        "log": "/log",
        "rules": "/rules",
        "rules-new": "/rules/new",
        "rules-edit": "/rules/edit?name=Invoices",
        "rules-text": "/rules/edit?name=Invoices&tab=text",
        "rules-templates": "/rules/templates",
        "rules-template": found(day, "/rules/templates", r"/rules/templates/\w+"),
        "rules-try": "/rules/try",
        "rules-apply": "/rules/apply",
        "rules-findings": "/rules/findings",
        "rules-versions": "/rules/versions",
        "rules-difference": "/rules/difference?old=0&new=1",
        "rules-import": "/rules/import",
        "lists": "/lists",
        "lists-senders": "/lists/senders",
        "lists-spam": "/lists/spam",
        "mailboxes": "/mailboxes",
        "mailbox": f"/mailboxes/{INFO}",
        "mailbox-remove": f"/mailboxes/{INFO}/remove",
        "aliases": "/mailboxes/aliases",
        "route": f"/mailboxes/route?address={INFO}",
        "domains": "/domains",
        "domain": day.domain,
        "domain-remove": f"{day.domain}/remove",
        "server": "/server",
        "settings": "/settings",
        "settings-smtp": "/settings?section=smtp",
        "settings-history": "/settings/history",
        "doctor": "/doctor",
        "users": "/users",
        "user": "/users/user/boris",
        "audit": "/users/audit",
        "tokens-all": "/users/tokens",
        "account": "/account",
        "tokens": "/account/tokens",
        "api": "/api/docs",
        "no-page": "/nowhere",
    }.items()


def found(day: OwnersDay, path: str, pattern: str) -> str:
    """Return the first address of that kind on a page."""
    day.owner.open(path)
    match = re.search(f'href="({pattern})"', day.page.content())
    assert match is not None, f"nothing like {pattern} on {path}"
    return match[1]


def take(looking: Onlooker, name: str, path: str, folder: Path | None) -> list[str]:
    """Look at a page in both widths, and keep it if there is where; return what is wrong with it."""
    wrong: list[str] = []
    for label, size in (("wide", WIDE), ("phone", PHONE)):
        looking.resize(size)
        if size is WIDE:
            looking.open(path)
        wide = looking.too_wide()
        if wide:
            wrong.append(f"{path} is wider than {label}: {wide}")
        if folder is not None:
            file = folder / f"{name}-{looking.language}-{label}.png"
            looking.page.screenshot(path=file, full_page=True)
    if looking.language == "ru":
        wrong += [f"{path} in English: {text}" for text in looking.foreign_words()]
    else:
        wrong += [f"{path} is faint, {text}" for text in too_faint(looking.page)]
    return wrong
