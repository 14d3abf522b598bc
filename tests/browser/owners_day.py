"""The owner's day in the browser, from the first login to the log: the same in both languages."""

from __future__ import annotations

import re
import smtplib
import socket

from playwright.sync_api import Browser, expect

from tests.browser.chromium import Onlooker
from tests.browser.words import WORDS
from tests.fakes.process import ServerProcess

INFO = "info@example.org"
AWAY = "bob@away.example"
_TOLD = re.compile(r"log in as (\S+) with the password (\S+)")
_INVOICE = """\
From: Ann <ann@example.net>
To: info@example.org
Subject: {subject}
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="b"

--b
Content-Type: text/html; charset=utf-8

<h1>Hello</h1><p>Here is what you <b>bought</b>. <img src="https://pics.example/a.png"></p>
--b
Content-Type: application/pdf
Content-Disposition: attachment; filename="invoice.pdf"

%PDF-1.4
--b--
"""


def deliver(server: ServerProcess, subject: str, recipient: str = INFO, text: str = "") -> None:
    """Bring a message over SMTP, as another mail server does."""
    octets = (text or _INVOICE).format(subject=subject).replace("\n", "\r\n").encode()
    with smtplib.SMTP("127.0.0.1", server.smtp_port, timeout=20) as client:
        client.sendmail("ann@example.net", [recipient], octets)


def greeted(port: int) -> bool:
    """Tell whether a client is greeted; False if he is refused, an error for anything else."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as link:
            return link.recv(3) == b"220"
    except ConnectionRefusedError:
        return False


class OwnersDay:
    """Made by a test with a server that was just set up; its steps are gone in their order."""

    def __init__(self, browser: Browser, server: ServerProcess, language: str) -> None:
        self.server = server
        self.browser = browser
        self.words = WORDS[language]
        self.owner = Onlooker(browser, server.web_port, language)
        self.page = self.owner.page
        self.message = ""
        self.domain = "/domains/example.org"

    def go(self) -> None:
        """Take all steps."""
        self.log_in()
        self.use_the_keyboard()
        self.add_a_domain()
        self.copy_the_zone()
        self.add_a_mailbox()
        self.make_a_rule()
        self.try_it()
        self.see_a_message_come()
        self.look_at_it()
        self.train_it()
        self.send_it_on()
        self.hold_and_release()
        self.stop_and_start()
        self.read_the_log()
        self.let_somebody_look()

    def sees(self, text: str) -> None:
        """Wait until this is to be read."""
        expect(self.page.locator("main").get_by_text(text).first).to_be_visible()

    def told(self, name: str) -> None:
        """Wait until the page says that it was done."""
        expect(self.page.locator("main [role=status]").first).to_have_text(self.words[name])

    def log_in(self) -> None:
        found = _TOLD.search(self.server.log.read_text())
        assert found is not None
        self.owner.open("/messages")
        expect(self.page).to_have_url(re.compile("/login"))
        self.page.get_by_label(self.words_of("name")).fill(found[1])
        self.page.locator("[name=password]").fill(found[2])
        self.owner.press(self.words["log in"])
        self.sees(self.words["no message"])
        links = self.page.locator("nav.menu a")
        assert "|".join(links.all_inner_texts()) == self.words["menu"]
        self.owner.follow("bitrixmail")
        self.sees(self.words["next steps"])

    def words_of(self, name: str) -> str:
        return {"name": {"en": "Name", "ru": "Имя"}}[name][self.owner.language]

    def use_the_keyboard(self) -> None:
        """The first key leads past the menu, and one sees where one is."""
        self.page.keyboard.press("Tab")
        skip = self.page.locator("a.skip")
        expect(skip).to_be_focused()
        expect(skip).to_be_in_viewport()
        self.page.keyboard.press("Enter")
        self.page.keyboard.press("Tab")
        here = self.page.locator("main :focus")
        expect(here).to_be_visible()
        assert here.evaluate("(it) => getComputedStyle(it).outlineStyle") != "none"

    def add_a_domain(self) -> None:
        self.owner.follow(self.words["domains"])
        self.page.locator("[name=name]").fill("example.org")
        self.owner.press(self.words["add"])
        self.told("domain added")

    def copy_the_zone(self) -> None:
        one = self.page.locator(".records button[data-copy]").first
        expect(one).to_have_text(self.words["copy"])
        one.click()
        expect(one).to_have_text(self.words["copied"])
        assert self.page.evaluate("navigator.clipboard.readText()") == "10 mx.example.org"
        copy = self.page.locator("button[data-copy='#zone-text']")
        expect(copy).to_have_text(self.words["copy all"])
        copy.click()
        expect(copy).to_have_text(self.words["copied"])
        lines = self.page.evaluate("navigator.clipboard.readText()")
        assert re.search(r"^example\.org\.\s+.*\bMX\b", lines, re.MULTILINE)
        assert "v=DKIM1" in lines

    def add_a_mailbox(self) -> None:
        self.owner.follow(self.words["mailboxes"])
        self.page.locator("[name=address]").fill(INFO)
        self.owner.press(self.words["add"])
        self.told("mailbox added")
        assert len(self.page.locator("#made").inner_text()) >= 12

    def make_a_rule(self) -> None:
        self.owner.follow(self.words["rules"])
        self.owner.follow(self.words["new rule"])
        page, words = self.page, self.words
        page.locator("[name=name]").fill("Invoices")
        page.locator("[name=whose]").fill(INFO)
        if not page.locator("[name='c.0.field']").count():
            with page.expect_response("**/rules/edit"):
                page.get_by_role("button", name=words["add condition"]).click()
        self.choose("c.0.field", "subject")
        page.locator("[name='c.0.value']").fill("invoice\nсчёт")
        self.choose("a.0.do", "move")
        page.locator("[name='a.0.argument']").fill("Invoices")
        self.owner.press(words["save rule"])
        self.told("rule saved")
        self.sees("Invoices")

    def choose(self, field: str, value: str) -> None:
        """Choose in the form of a rule, and wait until it has followed."""
        with self.page.expect_response("**/rules/edit"):
            self.page.locator(f"[name='{field}']").select_option(value)
        busy = ".htmx-request, .htmx-swapping, .htmx-settling"
        expect(self.page.locator(busy)).to_have_count(0)

    def try_it(self) -> None:
        self.owner.follow(self.words["try it"])
        pasted = "From: ann@example.net\nSubject: Your invoice 7\n\nPlease pay.\n"
        self.page.locator("[name='trial.text']").fill(pasted)
        self.page.locator("[name='trial.mailbox']").fill(INFO)
        self.owner.press(self.words["try"])
        self.sees(self.words["would happen"])
        expect(self.page.locator("ol.steps li .state").first).to_have_text(self.words["fits"])
        expect(self.page.locator("#trial .said")).to_contain_text("Invoices")

    def see_a_message_come(self) -> None:
        """The page is not loaded anew: what was put into it is still there."""
        self.owner.follow(self.words["messages"])
        self.sees(self.words["no message"])
        self.page.evaluate("window.unchanged = true")
        deliver(self.server, "Your invoice 42")
        self.sees("Your invoice 42")
        expect(self.page.locator("tr.unread")).to_have_count(1)
        assert self.page.evaluate("window.unchanged") is True
        self.sees("Invoices")

    def look_at_it(self) -> None:
        self.owner.follow("Your invoice 42")
        self.message = self.page.url.removeprefix(self.owner.base).partition("?")[0]
        tabs = self.page.locator("nav.tabs a")
        labels = tabs.all_inner_texts()
        assert "|".join(labels) == self.words["tabs"]
        for label in labels:
            self.owner.follow(label)
            expect(self.page.locator("nav.tabs [aria-current]")).to_have_text(label)
        self.sees("Invoices")  # the trace
        self.owner.follow("HTML")
        frame = self.page.frame_locator("iframe.mail")
        expect(frame.locator("h1")).to_have_text("Hello")

    def train_it(self) -> None:
        self.page.locator("button[name=act][value=spam]").click()
        self.told("trained")
        expect(self.page.locator("dl.facts")).to_contain_text(f"{INFO}: Spam")

    def send_it_on(self) -> None:
        """Where nobody answers: the smarthost of the settings is a port that is closed."""
        self.page.locator(".bar summary").click()
        self.page.locator("[name=address]").fill(AWAY)
        self.owner.press(self.words["send on"])
        self.told("on its way")

    def hold_and_release(self) -> None:
        self.owner.follow(self.words["queue"])
        expect(self.page.locator("#jobs tbody tr")).to_have_count(1)  # by itself, once it was made
        state = self.page.locator("#jobs td .state")
        expect(state).to_have_text(self.words["waits"])
        self.sees(AWAY)
        for button, after in (("hold", "held"), ("release", "waits")):
            self.page.locator("input[name=job]").check()
            self.owner.press(self.words[button])
            expect(state).to_have_text(self.words[after])

    def stop_and_start(self) -> None:
        self.owner.follow(self.words["server"])
        assert greeted(self.server.smtp_port)
        self.owner.press(self.words["stop"])
        self.told("stopped")
        assert not greeted(self.server.smtp_port)
        self.owner.press(self.words["start"])
        self.told("started")
        assert greeted(self.server.smtp_port)

    def read_the_log(self) -> None:
        self.owner.follow(self.words["log"])
        queue_id = self.message.rpartition("/")[2]
        self.page.locator("[name=what]").fill(queue_id)
        self.owner.press(self.words["find"])
        rows = self.page.locator("table.log tbody tr")
        expect(rows.filter(has_text=self.words["filed"])).to_have_count(1)
        assert all(queue_id in text for text in rows.all_inner_texts())

    def let_somebody_look(self) -> None:
        """Make a reader, who then looks and changes nothing."""
        self.owner.follow(self.words["users"])
        self.page.locator("[name=name]").fill("boris")
        self.page.locator("[name=role]").select_option("reader")
        self.owner.press(self.words["add"])
        self.told("user added")
        password = self.page.locator("#made").inner_text()
        reader = Onlooker(self.browser, self.server.web_port, self.owner.language)
        reader.log_in("boris", password)
        reader.follow(self.words["domains"])
        expect(reader.page.locator("main")).to_contain_text("example.org")
        assert reader.page.locator("main form").count() == 0
        assert reader.page.locator("nav.menu").get_by_text(self.words["users"]).count() == 0
        assert self._asks_for_more(reader) == 403
        assert not self.owner.wrong
        reader.wrong.clear()  # the console tells of what was refused
        reader.open("/users")
        expect(reader.page.locator("main")).to_contain_text(self.words["not allowed"])
        reader.context.close()

    def _asks_for_more(self, reader: Onlooker) -> int:
        """Send a form that he was not shown; return the status."""
        status: int = reader.page.evaluate(
            """async () => (await fetch("/domains", {
              method: "POST", redirect: "manual",
              body: new URLSearchParams({csrf: document.body.dataset.csrf, name: "more.example"}),
            })).status"""
        )
        return status
