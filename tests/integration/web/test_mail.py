"""The pages of messages, quarantine and log, on a real server."""

from __future__ import annotations

import http.client
import io
import re
import smtplib
import time
import zipfile
from collections.abc import Iterator
from html import unescape
from urllib.parse import quote, urlencode

import pytest

from bitrixmail.admin.accounts import MailboxOptions
from bitrixmail.app.office import opened_office
from bitrixmail.app.settings.loading import load_settings
from bitrixmail.store.opening import done
from tests.corpus.injections import CALL, injections
from tests.fakes.process import ServerProcess
from tests.fakes.visitor import Visitor

INFO = "info@example.org"
TABS = ("text", "html", "headers", "source", "parts", "spam", "trace")
PASSWORD = "a long password"
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

[[rule]]
name = "By hand"
on = ["manual"]
  [[rule.condition]]
  field = "subject"
  op = "contains"
  value = ["sort me"]
  [[rule.action]]
  do = "move"
  folder = "Sorted"
"""
HTML = (
    "Subject: Rich\r\nFrom: Ann <ann@example.net>\r\nTo: info@example.org\r\n"
    'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
    "--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    '<p>Hello<script>alert(1)</script> <img src="https://pics.example/a.png">'
    '<img src="cid:x@y"> <a href="https://example.org/">link</a></p>\r\n'
    "--b\r\nContent-Type: image/png\r\nContent-ID: <x@y>\r\n"
    "Content-Transfer-Encoding: base64\r\n\r\nUE5H\r\n"
    "--b\r\nContent-Type: text/html\r\n"
    'Content-Disposition: attachment; filename="../<b>.html"\r\n\r\n<script>x</script>\r\n--b--\r\n'
)


def send(server: ServerProcess, *messages: bytes) -> None:
    with smtplib.SMTP("127.0.0.1", server.smtp_port, timeout=20) as client:
        for octets in messages:
            client.sendmail("ann@example.net", [INFO], octets)


def letter(subject: str) -> bytes:
    return f"Subject: {subject}\r\nFrom: Ann <ann@example.net>\r\n\r\nhello\r\n".encode()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    server = ServerProcess(tmp_path_factory.mktemp("web-mail"), web=True)
    with opened_office(load_settings(server.config)) as office:
        done(office.accounts.add_domain("example.org"))
        done(office.accounts.add_mailbox(INFO, None, MailboxOptions()))
        done(office.rules.import_text(RULES, "rules", keep=False, author="me", comment=""))
        done(office.users.add("boss", "owner", PASSWORD))
        done(office.users.add("reader", "reader", PASSWORD))
    with server:
        send(
            server,
            letter("plain <b>one</b>"),
            letter("sort me"),
            letter("hold me 1"),
            letter("hold me 2"),
            HTML.encode(),
            *[each.octets for each in list(injections())[::12]],
        )
        yield server


@pytest.fixture(scope="module")
def owner(server: ServerProcess) -> Visitor:
    visitor = Visitor(server.web_port)
    visitor.log_in("boss", PASSWORD)
    visitor.get("/")
    return visitor


def found(owner: Visitor, query: str) -> list[tuple[str, str, str]]:
    """Return (place, address, subject) of what a search shows."""
    text = owner.get(f"/messages?q={quote(query)}").text
    rows = re.findall(
        r'name="place" value="(\d+)".*?<a href="(/messages/[^"]+)">(.*?)</a>', text, re.DOTALL
    )
    return [(place, unescape(at), unescape(subject)) for place, at, subject in rows]


def test_what_came_is_there_at_once_and_found(owner: Visitor) -> None:
    assert [subject for _, _, subject in found(owner, "plain")] == ["plain <b>one</b>"]
    assert len(found(owner, "")) >= 5
    assert [row[2] for row in found(owner, "has:attachment Rich")] == ["Rich"]
    assert found(owner, "nothing like that") == []
    assert "Nothing was found." in owner.get("/messages?q=nothinglikethat").text


def test_a_mistake_is_told_with_its_place(owner: Visitor) -> None:
    answered = owner.get("/messages?q=ok+form%3Aann")
    assert answered.status == 400
    assert "ok <mark>form:</mark>ann" in answered.text
    assert "There is no such field." in answered.text
    assert "Did you mean &#34;from&#34;?" in answered.text
    owner.cookies["language"] = "ru"
    assert "Такого поля нет." in owner.get("/messages?q=form%3Aann").text
    owner.cookies["language"] = "en"


@pytest.mark.parametrize("path", ["/messages", "/quarantine", "/log"])
def test_the_pages_are_in_both_languages(owner: Visitor, path: str) -> None:
    titles = {}
    for language in ("en", "ru"):
        owner.cookies["language"] = language
        answered = owner.get(path)
        assert answered.status == 200
        titles[language] = re.findall(r"<h1>(.*?)</h1>", answered.text)
    owner.cookies["language"] = "en"
    assert titles["en"] != titles["ru"]


def test_each_side_of_a_message(owner: Visitor) -> None:
    ((_, at, _),) = found(owner, "Rich")
    path = at.partition("?")[0]
    for tab in ("text", "html", "headers", "source", "parts", "spam", "trace"):
        answered = owner.get(f"{path}?tab={tab}")
        assert answered.status == 200, tab
        assert "<script>alert" not in answered.text
    assert "1 remote picture is not loaded" in owner.get(f"{path}?tab=html").text
    frame = owner.get(f"{path}/html")
    assert "default-src 'none'" in frame.headers["content-security-policy"]
    assert "sandbox" in frame.headers["content-security-policy"]
    assert "allow-scripts" not in frame.headers["content-security-policy"]
    assert "alert" not in frame.text
    assert "pics.example" not in frame.text
    assert "data:image/png;base64,UE5H" in frame.text
    shown = owner.get(f"{path}/html?images=1")
    assert "https://pics.example/a.png" in shown.text
    assert "img-src data: https: http:" in shown.headers["content-security-policy"]


def test_a_file_is_never_shown_in_place(server: ServerProcess, owner: Visitor) -> None:
    ((_, at, _),) = found(owner, "Rich")
    path = at.partition("?")[0]
    inside = {tab: f"{path}/files/1" in owner.get(f"{path}?tab={tab}").text for tab in TABS}
    assert [tab for tab, files in inside.items() if files] == ["text", "html"]
    answered = owner.get(f"{path}/files/1")
    assert answered.headers["content-disposition"] == "attachment; filename*=UTF-8''%3Cb%3E.html"
    assert answered.headers["content-type"] == "application/octet-stream"
    assert answered.text == "<script>x</script>"
    for wrong in ("9", "-1", "x", "1" * 30):
        assert owner.get(f"{path}/files/{wrong}").status == 404
    eml = owner.get(f"{path}/eml")
    assert eml.headers["content-type"] == "message/rfc822"
    assert "Subject: Rich" in eml.text
    with opened_office(load_settings(server.config)) as office:
        deeds = [(each.what, each.target, each.detail) for each in done(office.users.deeds(2))]
    queue_id = path.rpartition("/")[2]
    assert deeds == [("message.download", queue_id, ""), ("message.file", queue_id, "<b>.html")]
    assert owner.get("/messages/none").status == 404


def test_hostile_texts_stay_escaped(owner: Visitor) -> None:
    rows = found(owner, "from:mallory")
    assert len(rows) >= 8
    for path in ("/messages?q=from:mallory", *(f"{at}&tab=headers" for _, at, _ in rows)):
        text = owner.get(path).text
        assert f"<script>{CALL}" not in text
        assert not re.search(r"<(img|svg)[^>]+on\w+=", text)
    for _, at, _ in rows:
        assert f"<script>{CALL}" not in owner.get(f"{at.partition('?')[0]}/html").text


def test_ticked_messages_are_handled(server: ServerProcess, owner: Visitor) -> None:
    ((place, at, _),) = found(owner, "plain")
    path = at.partition("?")[0]
    to = "/messages?q=plain"
    assert owner.post("/messages/act", act="read", place=place, to=to).location == to
    assert len(found(owner, "plain is:read")) == 1
    owner.post("/messages/act", act="flag", place=place)
    owner.post("/messages/act", act="move", place=place, folder="Дела")
    assert len(found(owner, "folder:дела is:flagged")) == 1
    owner.post("/messages/act", act="spam", place=place)
    assert len(found(owner, "folder:Spam plain")) == 1
    owner.post("/messages/act", act="ham", place=place)
    assert len(found(owner, "folder:INBOX plain")) == 1
    owner.post("/messages/act", act="delete", place=place)
    assert len(found(owner, "folder:Trash plain")) == 1
    told = owner.get(f"{path}?tab=trace").text
    assert "by boss" in told
    owner.post("/messages/act", act="delete", place=place, asked="1")
    assert found(owner, "plain") == []
    assert "Nothing was ticked" in said(owner, owner.post("/messages/act", act="read").location)
    with opened_office(load_settings(server.config)) as office:
        deeds = done(office.users.deeds(3))
    queue_id = path.removeprefix("/messages/")
    recorded = [(each.who, each.what, each.target) for each in deeds]
    assert recorded[:2] == [("boss", "messages.delete", queue_id)] * 2
    gone = owner.get(path)
    assert (gone.status, "No mailbox keeps this message" in gone.text) == (200, True)


def said(owner: Visitor, path: str) -> str:
    shown = re.search(r'role="status">(.*?)</p>', owner.get(path).text)
    return shown.group(1) if shown else ""


def test_rules_are_applied_to_what_is_found(owner: Visitor) -> None:
    assert owner.post("/messages/act", act="rules", all="1", q="sort").status == 303
    assert len(found(owner, "folder:Sorted")) == 1
    assert "run 1" in owner.get(found(owner, "folder:Sorted")[0][1] + "&tab=trace").text


def test_messages_are_sent_on_and_downloaded(owner: Visitor) -> None:
    ((place, at, _),) = found(owner, "Rich")
    assert owner.post("/messages/send", place=place, address="nobody").status == 400
    assert owner.post("/messages/send", place=place, address="bob@example.com").status == 303
    until = time.monotonic() + 10
    while "forward , rule &#34;by hand&#34;: 250" not in owner.get(f"{at}&tab=trace").text:
        assert time.monotonic() < until
        time.sleep(0.05)
    with zipfile.ZipFile(io.BytesIO(downloaded(owner, place))) as archive:
        (name,) = archive.namelist()
        assert b"Subject: Rich" in archive.read(name)


def downloaded(owner: Visitor, place: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", owner.port, timeout=20)
    cookies = "; ".join(f"{name}={value}" for name, value in owner.cookies.items())
    headers = {
        "Cookie": cookies,
        "Content-Type": "application/x-www-form-urlencoded",
        "Origin": f"http://127.0.0.1:{owner.port}",
    }
    body = urlencode({"csrf": owner.csrf, "place": place})
    connection.request("POST", "/messages/download", body, headers)
    response = connection.getresponse()
    assert response.getheader("content-type") == "application/zip"
    octets = response.read()
    connection.close()
    return octets


def test_searches_are_kept(server: ServerProcess, owner: Visitor) -> None:
    owner.post("/messages/views", name="<i>mine</i>", q="is:unread from:ann")
    text = owner.get("/messages").text
    assert "&lt;i&gt;mine&lt;/i&gt;" in text
    assert "/messages?q=is%3Aunread%20from%3Aann" in text
    owner.post("/messages/views/drop", name="<i>mine</i>")
    assert "mine" not in owner.get("/messages").text
    with opened_office(load_settings(server.config)) as office:
        deeds = [(each.what, each.target, each.detail) for each in done(office.users.deeds(2))]
    kept = ("view.keep", "<i>mine</i>", "is:unread from:ann")
    assert deeds == [("view.drop", "<i>mine</i>", ""), kept]


def test_neighbours_lead_through_a_search(owner: Visitor) -> None:
    rows = found(owner, "from:mallory")
    text = owner.get(rows[1][1]).text
    older = re.search(r'href="([^"]+)" rel="next"', text)
    newer = re.search(r'href="([^"]+)" rel="prev"', text)
    assert older is not None
    assert newer is not None
    assert unescape(older.group(1)).startswith(rows[2][1].partition("?")[0])
    assert unescape(newer.group(1)).startswith(rows[0][1].partition("?")[0])


def test_the_quarantine_lets_go_and_removes(owner: Visitor) -> None:
    held = re.findall(
        r'name="held" value="(\w+ [^"]+)"', owner.get(f"/quarantine?mailbox={INFO}").text
    )
    assert len(held) == 2
    assert owner.post("/quarantine/release", held=held[0], learn="1").status == 303
    assert owner.post("/quarantine/delete", held=held[1], asked="1").status == 303
    assert "Nothing is held back." in owner.get("/quarantine").text
    assert owner.get(f"/messages/{held[0].split()[0]}").text.count("INBOX") >= 1
    assert owner.post("/quarantine/delete", held=held[1]).status == 404


def test_the_log_tells_and_is_searched(owner: Visitor) -> None:
    assert "filed" in owner.get("/log").text
    ((_, at, _),) = found(owner, "Rich")
    queue_id = at.partition("?")[0].removeprefix("/messages/")
    for query in (f"what={queue_id}", "what=info%40example.org&kind=filed", "what=octets"):
        assert queue_id in owner.get(f"/log?{query}").text, query
    assert queue_id not in owner.get("/log?kind=moved").text
    assert "Nothing of that kind" in owner.get("/log?before=2020-01-01").text
    assert owner.get("/log?before=soon").status == 400


def test_a_reader_may_look_and_change_nothing(server: ServerProcess, owner: Visitor) -> None:
    reader = Visitor(server.web_port)
    reader.log_in("reader", PASSWORD)
    for path in ("/messages", "/quarantine", "/log"):
        assert reader.get(path).status == 200
    assert 'value="delete"' not in reader.get("/messages").text
    for path in ("/messages/act", "/messages/send", "/quarantine/release", "/quarantine/delete"):
        assert reader.post(path, place="1", held="x").status == 403
    forged = owner.ask(
        "POST", "/messages/act", b"act=delete&place=1", {"Origin": "http://x.example"}
    )
    assert forged.status == 403
