"""Messages that try to run a script, looked at in Debian's Chromium on all pages that show them."""

from __future__ import annotations

import smtplib
from collections.abc import Sequence
from pathlib import Path

import pytest

from bitrixmail.admin.accounts import MailboxOptions
from bitrixmail.app.office import opened_office
from bitrixmail.app.settings.loading import load_settings
from bitrixmail.store.opening import done
from tests.browser.chromium import Onlooker, chromium
from tests.browser.inert import Inert
from tests.browser.owners_day import INFO
from tests.corpus.injections import CALL, TEXTS, Injection, injections
from tests.fakes.process import ServerProcess

pytestmark = pytest.mark.debian("chromium")
PASSWORD = "a password of the test"
DESK = "help@example.org"
RULES = """
[[rule]]
name = "Kept back"
mailbox = "info@example.org"
on = ["receive"]
condition = [{ field = "subject", op = "contains", value = ["script"] }]
action = [{ do = "quarantine" }]
[[rule]]
name = "Desk"
mailbox = "help@example.org"
action = [{ do = "ticket" }]
"""
SIDES = ("text", "html", "headers", "source", "parts", "spam", "trace")
LISTS = (
    "/", "/messages", "/messages?q=from:mallory", "/quarantine", "/log", "/tickets", "/queue",
    f"/mailboxes/{INFO}", f"/messages?q={CALL}", f"/log?what={CALL}",
)  # fmt: skip


def send(server: ServerProcess, messages: Sequence[Injection], recipient: str) -> list[str]:
    """Bring them over SMTP; return the ids that the server gave them."""
    ids: list[str] = []
    with smtplib.SMTP("127.0.0.1", server.smtp_port, timeout=20) as client:
        for each in messages:
            client.ehlo_or_helo_if_needed()
            client.mail("mallory@evil.example")
            client.rcpt(recipient)
            code, said = client.data(each.octets)
            assert code == 250, (each.name, said)
            ids.append(said.decode().rpartition(" ")[2])
    return ids


def test_they_stay_inert_on_every_page(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path, web=True)
    with opened_office(load_settings(server.config)) as office:
        done(office.accounts.add_domain("example.org"))
        for address in (INFO, DESK):
            done(office.accounts.add_mailbox(address, None, MailboxOptions()))
        done(office.rules.import_text(RULES, "r", keep=False, author="me", comment=""))
        done(office.users.add("boss", "owner", PASSWORD))
    messages = list(injections())
    some = messages[: len(TEXTS)]
    with server, chromium() as browser:
        ids = send(server, messages, INFO)
        send(server, some, DESK)
        onlooker = Onlooker(browser, server.web_port, "en")
        onlooker.log_in("boss", PASSWORD)
        inert = Inert(onlooker.context, onlooker.base)
        # The traps are set: what runs is heard, and what asks elsewhere
        inert.page.goto(f"data:text/html,<script>{CALL}</script><img src=http://evil.example/>")
        inert.page.wait_for_timeout(300)
        assert len(inert.found) >= 2
        inert.found.clear()
        for path in LISTS:
            inert.look(path)
        for number in range(1, len(some) + 1):
            inert.look(f"/tickets/{DESK}/{number}")
        for queue_id in ids[: len(some)]:
            for side in SIDES:
                inert.look(f"/messages/{queue_id}?tab={side}")
        inert.look(f"/messages/{ids[0]}?tab=html&images=1")
        inert.look(f"/messages/{ids[0]}?tab=text")
        assert inert.look_framed(f"/messages/{each}/html" for each in ids) == len(messages)
        for queue_id in ids[:3]:
            inert.look(f"/rules/try?id={queue_id}&mailbox={INFO}")
            inert.page.locator("main form p.actions button").click()
            inert.page.locator("#trial q").first.wait_for()
        assert inert.found == []
