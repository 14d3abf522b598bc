"""Rules, tickets and lists on the pages of a real server."""

from __future__ import annotations

import re
import smtplib
import time
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest

from bitrixmail.admin.accounts import MailboxOptions
from bitrixmail.admin.office import Office
from bitrixmail.app.office import opened_office
from bitrixmail.app.settings.loading import load_settings
from bitrixmail.store.opening import done
from tests.fakes.process import ServerProcess
from tests.fakes.visitor import Answered, Visitor

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
RULE: dict[str, str | list[str]] = {
    "instead": "", "tab": "form", "name": HOSTILE, "on": ["receive", "manual"], "active": "yes",
    "order": "500", "description": HOSTILE, "c.kind": "all", "c.0.kind": "test",
    "c.0.field": "subject", "c.0.op": "contains", "c.0.value": "invoice\r\nсчёт",
    "a.0.do": "move", "a.0.argument": "Invoices",
}  # fmt: skip
DESK = """\
[[rule]]
name = "Desk"
mailbox = "help@example.org"
  [[rule.action]]
  do = "ticket"
"""
PAGES = (
    "/rules", "/rules/new", "/rules/versions", "/rules/difference", "/rules/findings",
    "/rules/import", "/rules/export", "/rules/templates", "/rules/templates/invoices", "/rules/try",
    "/rules/apply", "/tickets", "/tickets?state=all&words=x&assignee=y", "/lists", "/lists?words=a",
    "/lists/senders", "/lists/spam",
)  # fmt: skip
CHANGES = (
    "/rules/switch", "/rules/move", "/rules/remove", "/rules/group", "/rules/edit", "/rules/undo",
    "/rules/import", "/rules/templates/invoices", "/rules/apply", "/rules/apply/1",
    "/rules/runs/resume", "/rules/runs/undo", "/tickets/help@example.org/1/reply",
    "/tickets/help@example.org/1/note", "/tickets/help@example.org/1/state",
    "/tickets/help@example.org/1/assign", "/tickets/help@example.org/1/delete", "/lists/add",
    "/lists/lift", "/lists/senders/put", "/lists/senders/remove", "/lists/spam/thresholds",
    "/lists/spam/forget",
)  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    home = tmp_path_factory.mktemp("web-rules")
    with ServerProcess(home, web=True) as server:
        yield server


@pytest.fixture(scope="module")
def office(server: ServerProcess) -> Iterator[Office]:
    """Open the same stores as the command line does, with a few mailboxes and a desk."""
    with opened_office(load_settings(server.config, {}, [])) as office:
        done(office.accounts.add_domain("example.org"))
        for name in ("info", "help", "bob"):
            done(office.accounts.add_mailbox(f"{name}@example.org", None, MailboxOptions()))
        done(office.rules.import_text(DESK, "desk", keep=True, author="ann", comment=""))
        yield office


def folders(office: Office, mailbox: str) -> list[str]:
    """Name the folder of each message of a mailbox."""
    return [each.folder for each in done(office.messages.listing(mailbox, None, 100))]


@pytest.fixture(scope="module")
def owner(server: ServerProcess, office: Office) -> Visitor:
    return Visitor.of(server)


@pytest.fixture(scope="module")
def reader(server: ServerProcess, office: Office) -> Visitor:
    """Return the browser of somebody who may look and nothing else."""
    done(office.users.add("reader", "reader", "a word to remember"))
    visitor = Visitor(server.web_port)
    visitor.log_in("reader", "a word to remember")
    visitor.get("/rules")
    return visitor


def send(server: ServerProcess, sender: str, recipient: str, subject: str) -> None:
    with smtplib.SMTP("127.0.0.1", server.smtp_port) as client:
        client.sendmail(sender, [recipient], f"From: {sender}\nSubject: {subject}\n\nHello\n")


def until_true(look: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not look():
        assert time.monotonic() < end
        time.sleep(0.05)


def until(look: Callable[[], Answered], text: str) -> Answered:
    """Look until a page has a text."""
    end = time.monotonic() + 10
    while text not in (found := look()).text:
        assert time.monotonic() < end, found.text
        time.sleep(0.05)
    return found


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_answers(owner: Visitor, path: str, language: str) -> None:
    owner.cookies["language"] = language
    found = owner.get(path)
    owner.cookies["language"] = "en"
    assert found.status == 200
    if path == "/rules/export":
        assert found.headers["content-type"].startswith("application/toml")
    else:
        assert f'<html lang="{language}">' in found.text
        assert "<h1>" in found.text


def test_a_reader_may_look(reader: Visitor) -> None:
    for path in PAGES:
        found = reader.get(path)
        assert found.status == 200, path
        main = found.text.partition("<main")[2]
        offered = set(re.findall(r'method="post" action="([^"]+)"', main))
        assert offered <= {"/rules/try", "/rules/edit"}, path
        assert 'value="save"' not in main


def test_a_reader_changes_nothing(office: Office, reader: Visitor) -> None:
    before = version(office)
    for path in CHANGES:
        assert reader.post(path, **RULE, do="save", to="1", address="a@example.net").status == 403
    assert version(office) == before


def test_a_form_of_another_site_changes_nothing(owner: Visitor) -> None:
    for path in CHANGES:
        form = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": "http://evil.example",
        }
        assert owner.ask("POST", path, f"csrf={owner.csrf}".encode(), form).status == 403


def test_a_rule_is_written_tried_and_put(
    server: ServerProcess, office: Office, owner: Visitor
) -> None:
    message = "From: a@example.net\r\nSubject: An Invoice\r\n\r\nHello"
    trial = {"trial.mailbox": "info@example.org", "trial.text": message}
    tried = owner.post("/rules/edit", **RULE, **trial, do="try")
    assert "moved to Invoices" in tried.text
    assert order(office) == []
    wrong = owner.post("/rules/edit", **{**RULE, "c.0.op": "greater"}, do="save")
    assert wrong.status == 400
    assert "does not suit the field" in wrong.text
    assert owner.post("/rules/edit", **RULE, do="save").location == "/rules"
    assert owner.post("/rules/edit", **RULE, do="save").status == 400  # the name is taken
    for path in ("/rules", "/rules/versions", "/rules/difference", f"/rules/{quote(HOSTILE)}/edit"):
        found = owner.get(path)
        assert found.status == 200
        assert "<script>alert" not in found.text
        assert "<img" not in found.text
        assert "alert(1)" in found.text
    send(server, "a@example.net", "info@example.org", "invoice 17")
    assert folders(office, "info@example.org") == ["Invoices"]


def test_a_file_is_tried_and_a_stored_message_too(office: Office, owner: Visitor) -> None:
    eml = "From: a@example.net\r\nSubject: An Invoice\r\n\r\nHello"
    parts = {"csrf": owner.csrf, "trial.mailbox": "info@example.org", "trial.at": "2026-11-24"}
    body = "".join(
        f'--cut\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'
        for name, text in parts.items()
    )
    named = 'name="trial.file"; filename="a.eml"'
    body += f"--cut\r\nContent-Disposition: form-data; {named}\r\n\r\n{eml}\r\n--cut--\r\n"
    headers = {
        "Content-Type": "multipart/form-data; boundary=cut",
        "Origin": f"http://127.0.0.1:{owner.port}",
    }
    assert "moved to Invoices" in owner.ask("POST", "/rules/try", body.encode(), headers).text
    queue_id = done(office.messages.listing("info@example.org", None, 1))[0].queue_id
    stored = {"trial.mailbox": "info@example.org", "trial.id": queue_id}
    assert "moved to Invoices" in owner.post("/rules/try", **stored).text
    unknown = owner.post("/rules/try", **{**stored, "trial.id": "1K1BNT608GS197"})
    assert (unknown.status, "1K1BNT608GS197" in unknown.text) == (400, True)


def test_the_form_grows_without_scripts(owner: Visitor) -> None:
    grown = owner.post("/rules/edit", **RULE, do="group:c")
    assert grown.status == 200
    assert 'name="c.1.0.value"' in grown.text
    text = owner.post("/rules/edit", **RULE, do="text").text
    assert "[[rule.condition]]" in text
    back = owner.post(
        "/rules/edit", instead="", tab="text", do="form",
        text='[[rule]]\nname = "N"\n[[rule.action]]\ndo = "reply"\ntext = "Hi"',
    )  # fmt: skip
    assert 'name="a.0.s.once_per"' in back.text
    assert "Support &lt;a@example.org&gt;" in back.text
    broken = owner.post("/rules/edit", instead="", tab="text", do="form", text="[[rule")
    assert broken.status == 400
    assert "is not TOML" in broken.text


def test_two_do_not_undo_each_other(office: Office, owner: Visitor) -> None:
    form = {**RULE, "name": "twice", "description": ""}
    assert owner.post("/rules/edit", **form, do="save").location == "/rules"
    seen = re.search(r'name="seen" value="(\w+)"', owner.get("/rules/twice/edit").text)
    assert seen is not None
    mine = {**form, "instead": "twice", "seen": seen.group(1), "a.0.argument": "Mine"}
    his = {**mine, "a.0.argument": "His"}
    assert owner.post("/rules/edit", **his, do="save").location == "/rules"
    before = version(office)
    refused = owner.post("/rules/edit", **mine, do="save")
    assert refused.status == 409
    assert "His" in refused.text
    assert 'value="Mine"' in refused.text
    assert version(office) == before
    seen = re.search(r'name="seen" value="(\w+)"', refused.text)
    assert seen is not None
    mine["seen"] = seen.group(1)
    assert owner.post("/rules/edit", **mine, do="try").status == 400
    assert owner.post("/rules/edit", **mine, do="save").location == "/rules"
    assert version(office) == before + 1
    assert owner.post("/rules/remove", name="twice").status == 303


def test_a_rule_too_large_for_a_form_is_edited_as_text(office: Office, owner: Visitor) -> None:
    conditions = "".join(
        f'[[rule.condition]]\nfield = "subject"\nop = "contains"\nvalue = "{n}"\n'
        for n in range(300)
    )
    text = f'[[rule]]\nname = "large"\nmatch = "any"\n{conditions}[[rule.action]]\ndo = "stop"\n'
    form = {"instead": "", "tab": "text", "text": text}
    shown = owner.post("/rules/edit", **form, do="form")
    assert "too many conditions for a form" in shown.text
    assert owner.post("/rules/edit", **form, do="save").location == "/rules"
    assert 'name="text"' in owner.get("/rules/large/edit").text
    assert owner.post("/rules/remove", name="large").status == 303
    assert "large" not in order(office)


def test_rules_are_moved_switched_and_undone(office: Office, owner: Visitor) -> None:
    text = "".join(f'[[rule]]\nname = "r{n}"\n[[rule.action]]\ndo = "stop"\n' for n in range(3))
    looked = owner.post("/rules/import", text=text, keep="yes", do="look")
    assert "Added (3)" in looked.text
    assert owner.post("/rules/import", text=text, keep="yes", do="put").status == 303
    before = order(office)
    owner.post("/rules/move", name="r2", place="1")
    assert order(office) == ["r2", *(name for name in before if name != "r2")]
    owner.post("/rules/switch", name="r0", to="off")
    owner.post("/rules/remove", name="r1")
    assert "r1" not in order(office)
    owner.post("/rules/undo", to=str(version(office) - 1))
    assert "r1" in order(office)
    for name in ("r0", "r1", "r2"):
        owner.post("/rules/remove", name=name)
    assert order(office) == [name for name in before if name[0] != "r"]


def order(office: Office) -> list[str]:
    return [each.rule.name for each in done(office.rule_editing.listing()) if not each.whose]


def version(office: Office) -> int:
    found: int = done(office.rules.current()).version
    return found


def test_rules_are_applied_and_taken_back(
    server: ServerProcess, office: Office, owner: Visitor
) -> None:
    send(server, "a@example.net", "bob@example.org", "old news")
    fields = {**RULE, "name": "News", "c.0.value": "old news", "a.0.argument": "News"}
    assert owner.post("/rules/edit", **fields, do="save").status == 303
    looking = owner.post("/rules/apply", rule="News", mailbox="bob@example.org").location
    looked = until(lambda: owner.get(looking), "looked at,")
    assert "1 messages looked at, 1 would change" in looked.text
    applying = owner.post(looking).location
    until(lambda: owner.get(applying), "Run 1 is done: 1 messages changed")
    assert folders(office, "bob@example.org") == ["News"]
    undoing = owner.post("/rules/runs/undo", run="1").location
    until(lambda: owner.get(undoing), "Run 1 is taken back: 1 messages put back")
    assert folders(office, "bob@example.org") == ["INBOX"]
    assert owner.post(looking).status == 400  # once only
    assert owner.post("/rules/apply", mailbox="nobody@example.org").status == 400


def test_a_ticket_is_answered(server: ServerProcess, office: Office, owner: Visitor) -> None:
    send(server, "bob@example.org", "help@example.org", HOSTILE)
    listed = until(lambda: owner.get("/tickets"), "/tickets/help@example.org/1")
    path = "/tickets/help@example.org/1"
    shown = owner.get(path)
    for found in (listed, shown):
        assert "<script>alert" not in found.text
    assert owner.post(f"{path}/reply", text=" ").status == 400
    assert owner.post(f"{path}/reply", text="It is <b>mended</b>.", close="yes").location == path
    assert owner.post(f"{path}/note", text="He will call.").location == path
    assert owner.post(f"{path}/assign", to="me").location == path
    shown = owner.get(path)
    assert "It is &lt;b&gt;mended&lt;/b&gt;." in shown.text
    assert "He will call." in shown.text
    until_true(lambda: len(folders(office, "bob@example.org")) == 2)
    assert "No ticket is open" in owner.get("/tickets").text
    assert path in owner.get("/tickets?state=closed&assignee=admin&words=SCRIPT").text
    assert owner.post(f"{path}/delete").location == "/tickets"
    assert owner.get(path).status == 404


def test_an_operator_stops_mail_to_an_address(server: ServerProcess, office: Office) -> None:
    done(office.users.add("op", "operator", "a word to remember"))
    operator = Visitor(server.web_port)
    operator.log_in("op", "a word to remember")
    assert 'action="/lists/add"' in operator.get("/lists").text
    assert operator.post("/lists/add", address="gone@example.com").status == 303
    assert operator.post("/lists/lift", address="gone@example.com").status == 303
    assert operator.post("/lists/senders/put", address="a@example.com").status == 403


def test_addresses_and_senders_are_listed(office: Office, owner: Visitor) -> None:
    assert owner.post("/lists/add", address="no address").status == 400
    owner.post("/lists/add", address="gone@example.net", note=HOSTILE, days="7")
    shown = owner.get("/lists?words=gone@example.net")
    assert "gone@example.net" in shown.text
    assert "<script>alert" not in shown.text
    assert [each.address for each in done(office.suppressions.listing())] == ["gone@example.net"]
    owner.post("/lists/lift", address="gone@example.net")
    assert done(office.suppressions.listing()) == ()
    owner.post("/lists/senders/put", address="@shop.example", whose="info@example.org", do="allow")
    assert [each.address for each in done(office.senders.listing(None))] == ["@shop.example"]
    owner.post("/lists/senders/remove", address="@shop.example", whose="info@example.org")
    assert done(office.senders.listing(None)) == ()
    assert owner.post("/lists/spam/thresholds", whose="", move="high").status == 400
    owner.post("/lists/spam/thresholds", whose="", move="90", tag="80,5")
    told = done(office.thresholds.listing())
    assert [(each.do, each.score) for each in told] == [("move", 90), ("tag", 80.5)]


def test_what_was_done_is_recorded(office: Office, owner: Visitor) -> None:
    deeds = done(office.users.deeds(1000))
    known = {deed.what for deed in deeds if deed.who == "admin"}
    assert known >= {
        "rule.new", "rule.move", "rule.off", "rule.remove", "rules.import", "rules.undo",
        "rules.apply", "rules.takeback", "ticket.reply", "ticket.note", "ticket.assign",
        "ticket.delete", "suppression.add", "suppression.remove", "sender.allow", "sender.remove",
        "spam.threshold",
    }  # fmt: skip
