"""What pages say of what was done with messages is what happened, and they ask before it."""

from __future__ import annotations

import re
import smtplib
from collections.abc import Iterator
from html import unescape
from urllib.parse import quote

import pytest

from bitrixmail.admin.accounts import MailboxOptions
from bitrixmail.app.office import opened_office
from bitrixmail.app.settings.loading import load_settings
from bitrixmail.store.opening import done
from tests.fakes.process import ServerProcess
from tests.fakes.visitor import Answered, Visitor

INFO = "info@example.org"
RULES = """
[[rule]]
name = "Hold"
on = ["receive"]
  [[rule.condition]]
  field = "subject"
  op = "contains"
  value = ["hold me"]
  [[rule.action]]
  do = "quarantine"
"""
LETTERS = ["one red", "two red", "three red", "one blue", "two blue", *["hold me"] * 3]
PICTURES = (
    "Subject: pictures\r\nFrom: Ann <ann@example.net>\r\nMIME-Version: 1.0\r\n"
    'Content-Type: multipart/related; boundary="b"\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n'
    '<p>Hello <img src="cid:shown@y"></p>\r\n'
    "--b\r\nContent-Type: image/png\r\nContent-ID: <shown@y>\r\n"
    "Content-Transfer-Encoding: base64\r\n\r\nUE5H\r\n"
    '--b\r\nContent-Type: image/gif; name="mine.gif"\r\nContent-ID: <other@y>\r\n'
    "Content-Transfer-Encoding: base64\r\n\r\nR0lG\r\n--b--\r\n"
)


@pytest.fixture(scope="module")
def owner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    server = ServerProcess(tmp_path_factory.mktemp("told"), web=True)
    with opened_office(load_settings(server.config)) as office:
        done(office.accounts.add_domain("example.org"))
        done(office.accounts.add_mailbox(INFO, None, MailboxOptions()))
        done(office.rules.import_text(RULES, "rules", keep=False, author="me", comment=""))
        done(office.users.add("boss", "owner", "a long password"))
    with server:
        with smtplib.SMTP("127.0.0.1", server.smtp_port, timeout=20) as client:
            for subject in LETTERS:
                client.sendmail("ann@example.net", [INFO], f"Subject: {subject}\r\n\r\nhello\r\n")
            client.sendmail("ann@example.net", [INFO], PICTURES)
        visitor = Visitor(server.web_port)
        visitor.log_in("boss", "a long password")
        visitor.get("/")
        yield visitor


def places(owner: Visitor, query: str) -> list[str]:
    return re.findall(r'name="place" value="(\d+)"', owner.get(f"/messages?q={quote(query)}").text)


def told(owner: Visitor, answered: Answered) -> str:
    """Return what the page that follows says of what was done."""
    assert answered.status == 303, answered.text
    shown = re.search(r'class="said" role="status">(.*?)</p>', owner.get(answered.location).text)
    return unescape(shown[1]) if shown else ""


def agreed(owner: Visitor, page: Answered) -> Answered:
    """Send the form of a page that asks, as it stands there."""
    form = page.text.partition("<main")[2]
    action = re.search(r'<form method="post" action="([^"]+)"', form)
    assert action is not None
    fields: dict[str, str | list[str]] = {}
    for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form):
        before = fields.get(name, [])
        fields[name] = [*before, unescape(value)]
    return owner.post(action[1], **fields)


def test_lessons_tell_what_was_learned_and_what_was_moved(owner: Visitor) -> None:
    def act(act: str, query: str) -> str:
        return told(owner, owner.post("/messages/act", act=act, place=places(owner, query)))

    assert act("ham", "blue") == "Learned as no spam: 2."
    assert act("spam", "blue") == "Learned as spam: 2; moved to Spam: 2."
    assert act("spam", "blue") == "Learned as spam: 2."
    assert act("ham", "blue") == "Learned as no spam: 2; moved to INBOX: 2."
    assert act("spam", "folder:Quarantine") == "Learned as spam: 3; left in quarantine: 3."
    assert len(places(owner, "folder:Quarantine")) == 3
    owner.cookies["language"] = "ru"
    said = act("spam", "blue")
    owner.cookies["language"] = "en"
    assert said == "Запомнено как спам: 2; перемещено в Spam: 2."


def test_marks_and_moves_tell_how_many(owner: Visitor) -> None:
    red = places(owner, "red")
    for act, said in (("read", "Marked as read: 3."), ("flag", "Flagged: 3.")):
        assert told(owner, owner.post("/messages/act", act=act, place=red)) == said
    moved = owner.post("/messages/act", act="move", folder="Red", place=red[:2])
    assert told(owner, moved) == "Moved: 2."


def test_what_is_deleted_is_asked_for_and_counted(owner: Visitor) -> None:
    page = owner.post("/messages/act", act="delete", all="1", q="red")
    assert "<h1>Move 3 messages to Trash?</h1>" in page.text
    assert len(places(owner, "red -folder:Trash")) == 3
    assert told(owner, agreed(owner, page)) == "Moved to Trash: 3."
    assert len(places(owner, "folder:Trash")) == 3
    mixed = [*places(owner, "folder:Trash"), *places(owner, "one blue")]
    page = owner.post("/messages/act", act="delete", place=mixed)
    assert "Move 4 messages to Trash?" in page.text
    assert "3 of them lie there already" in page.text
    owner.cookies["language"] = "ru"
    page = owner.post("/messages/act", act="delete", place=mixed[:3])
    owner.cookies["language"] = "en"
    assert "<h1>Удалить навсегда 3 письма?</h1>" in page.text
    assert told(owner, agreed(owner, page)) == "Deleted for good: 3."
    assert places(owner, "folder:Trash") == []
    assert told(owner, owner.post("/messages/act", act="delete", place=mixed[3:])) == (
        "Moved to Trash: 1."
    )


def test_the_quarantine_asks_before_anything_is_gone(owner: Visitor) -> None:
    held = re.findall(r'name="held" value="(\w+ [^"]+)"', owner.get("/quarantine").text)
    page = owner.post("/quarantine/delete", held=held[:2])
    assert "<h1>Delete 2 messages for good?</h1>" in page.text
    assert owner.get("/quarantine").text.count('name="held"') == 3
    assert told(owner, agreed(owner, page)) == "Removed for good: 2."
    assert told(owner, owner.post("/quarantine/release", held=held[2])) == "Let go: 1."


def test_a_message_has_when_it_came_and_only_the_sides_that_it_has(owner: Visitor) -> None:
    def page(query: str, tab: str = "") -> str:
        shown = owner.get(f"/messages?q={quote(query)}").text
        at = re.search(r'<a href="(/messages/\w+)\?', shown)
        assert at is not None
        return owner.get(f"{at[1]}?tab={tab}").text

    plain, rich = page("two blue", "html"), page("pictures")
    assert re.search(r"<dt>Received</dt><dd>\d+ \w+ \d{4}", plain)  # it has no field Date
    assert ">HTML</a>" not in plain
    assert "hello" in plain
    assert ">HTML</a>" in rich
    files = rich.partition("<h2>Files</h2>")[2].partition("</ul>")[0]
    assert re.findall(r'/files/(\d)" download>(.*?)</a>', files) == [("1", "mine.gif")]
