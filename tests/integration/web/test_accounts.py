"""The pages of domains, mailboxes, users, accounts and the queue, of a real server."""

from __future__ import annotations

import poplib
import re
import smtplib
import time
from collections.abc import Iterator
from urllib.parse import quote

import pyotp
import pytest
from markupsafe import escape

from tests.fakes.name_server import NameServer
from tests.fakes.process import ServerProcess
from tests.fakes.server import until
from tests.fakes.visitor import Visitor

HOSTILE = "<script>alert('x')</script>"
RULES = """
[[rule]]
name = "Pass on"
mailbox = "info@example.org"
condition = [{ field = "subject", op = "exists" }]
action = [{ do = "forward", to = ["boss@nowhere.example"] }]
"""
PAGES = (
    "/domains",
    "/domains/example.org",
    "/domains/example.org/remove",
    "/mailboxes",
    "/mailboxes/info@example.org",
    "/mailboxes/info@example.org/remove",
    "/mailboxes/aliases",
    "/mailboxes/route?address=info%40example.org",
    "/users",
    "/users/user/admin",
    "/users/audit",
    "/users/tokens",
    "/account",
    "/account/tokens",
    "/queue",
    "/queue?state=dead",
    "/queue/places",
)
# What a reader may see of them
SEEN = (
    "/domains",
    "/domains/example.org",
    "/domains/example.org/zone",
    "/mailboxes",
    "/mailboxes/info@example.org",
    "/mailboxes/aliases",
    "/account",
    "/account/tokens",
    "/queue",
    "/queue/places",
)
CHANGES: tuple[tuple[str, dict[str, str]], ...] = (
    ("/domains", {"name": "other.example"}),
    ("/domains/example.org/check", {}),
    ("/domains/example.org/catch-all", {"address": "info@example.org"}),
    ("/domains/example.org/rotate", {}),
    ("/domains/example.org/remove", {"sure": "example.org"}),
    ("/mailboxes", {"address": "new@example.org", "how": "none"}),
    ("/mailboxes/info@example.org/change", {"description": "mine"}),
    ("/mailboxes/info@example.org/password", {"how": "made"}),
    ("/mailboxes/info@example.org/grant", {"as": "@example.org"}),
    ("/mailboxes/info@example.org/revoke", {"as": "@example.org"}),
    ("/mailboxes/info@example.org/remove", {"sure": "info@example.org"}),
    ("/mailboxes/aliases", {"address": "a@example.org", "targets": "info@example.org"}),
    ("/mailboxes/aliases/remove", {"address": "abuse@example.org"}),
    ("/queue/change", {"do": "hold", "scope": "all"}),
)
OWNERS: tuple[tuple[str, dict[str, str]], ...] = (
    ("/users", {"name": "eve", "role": "owner"}),
    ("/users/user/admin/role", {"role": "reader"}),
    ("/users/user/admin/lock", {}),
    ("/users/user/admin/password", {}),
    ("/users/user/admin/factor", {}),
    ("/users/user/admin/end", {"session": "x"}),
    ("/users/user/admin/remove", {}),
    ("/users/tokens/remove", {"token": "1"}),
)
ADDRESS = "198.51.100.7"

_CODES = re.compile(r"\b[a-z2-9]{5}-[a-z2-9]{5}\b")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with NameServer("example.org. 60 IN MX 10 mx.example.org.") as dns:
        settings = f'[dns]\nservers = ["{dns.address}"]\n'
        made = ServerProcess(tmp_path_factory.mktemp("web"), settings, web=True)
        made.configure("server", f'public_addresses = ["{ADDRESS}"]')
        site = made.home / "site.toml"
        site.write_text(
            '[[domain]]\nname = "example.org"\n[[mailbox]]\naddress = "info@example.org"\n' + RULES
        )
        made.cli("apply", str(site))
        with made:
            yield made


@pytest.fixture(scope="module")
def owner(server: ServerProcess) -> Visitor:
    return Visitor.of(server)


def made_password(text: str) -> str:
    found = re.search(r'id="made">([^<]+)<', text)
    assert found is not None
    return found[1]


def a_user(server: ServerProcess, owner: Visitor, name: str, role: str) -> Visitor:
    """Return somebody of that role who has logged in."""
    answered = owner.post("/users", name=name, role=role)
    visitor = Visitor(server.web_port)
    assert visitor.log_in(name, made_password(answered.text)).status == 303
    visitor.get("/account")
    return visitor


@pytest.mark.parametrize("path", PAGES)
def test_each_page_answers_in_both_languages(owner: Visitor, path: str) -> None:
    for language in ("en", "ru"):
        owner.cookies["language"] = language
        answered = owner.get(path)
        assert (answered.status, f'<html lang="{language}">' in answered.text) == (200, True)
        assert answered.text.count("<h1") == 1
        assert "<style" not in answered.text
        assert " style=" not in answered.text
        assert not re.search(r"<script(?! src=)", answered.text)
    owner.cookies["language"] = "en"


def test_a_reader_sees_and_changes_nothing(server: ServerProcess, owner: Visitor) -> None:
    reader = a_user(server, owner, "rita", "reader")
    for path in SEEN:
        answered = reader.get(path)
        assert answered.status == 200, path
        # What is offered is his own business alone
        forms = set(re.findall(r'<form[^>]*method="post" action="([^"]+)"', answered.text))
        others = [to for to in forms if not to.startswith(("/account", "/log", "/language"))]
        assert not others, path
    for path in ("/users", "/users/audit", "/users/tokens", "/users/user/admin"):
        assert reader.get(path).status == 403
    for path, form in (*CHANGES, *OWNERS):
        assert reader.post(path, **form).status == 403, path
    assert "info@example.org" in owner.get("/mailboxes").text


def test_an_admin_is_no_owner(server: ServerProcess, owner: Visitor) -> None:
    admin = a_user(server, owner, "adam", "admin")
    for path, form in OWNERS:
        assert admin.post(path, **form).status == 403, path
    answered = admin.post("/account/tokens", name="x", right="govern")
    assert (answered.status, "has less" in answered.text) == (400, True)
    assert admin.post("/mailboxes/info@example.org/change", active="1").status == 303


def test_another_sites_form_does_nothing(owner: Visitor) -> None:
    for path, _form in (*CHANGES, *OWNERS, ("/account/password", {})):
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": "http://evil.example",
        }
        token = f"csrf={owner.csrf}".encode()
        assert owner.ask("POST", path, token, headers).status == 403, path
    assert owner.get("/domains/example.org").status == 200


def test_a_domain_is_added_looked_at_and_removed(owner: Visitor) -> None:
    answered = owner.post("/domains", name="Пример.рф")
    assert answered.location == "/domains/xn--e1afmkfd.xn--p1ai"
    page = owner.get(answered.location).text
    assert "Now its records are needed" in page
    assert "not looked at yet" in page
    assert "<h1>пример.рф (xn--e1afmkfd.xn--p1ai)</h1>" in page
    zone = owner.get(f"{answered.location}/zone")
    assert "IN MX 10 mx.example.org." in zone.text
    assert zone.headers["content-disposition"].startswith("attachment")
    again = owner.post("/domains", name="example.org")
    assert (again.status, "is a domain already" in again.text) == (400, True)
    assert owner.post(f"{answered.location}/remove", sure="other").location.endswith("/remove")
    owner.post(f"{answered.location}/remove", sure="xn--e1afmkfd.xn--p1ai")
    assert owner.get(answered.location).status == 404


def test_records_are_green_or_red_once_looked_at(owner: Visitor) -> None:
    assert owner.post("/domains/example.org/check").status == 303
    page = owner.get("/domains/example.org").text
    assert "The DNS was asked." in page
    assert "Last looked at" in page
    rows = re.findall(r"<tr><td><span class=\"state (\w+)\">.*?</tr>", page, re.DOTALL)
    assert len(rows) == 6  # that of the mail host too
    assert f">{ADDRESS}</code>" in page
    assert f"mx.example.org. 3600 IN A {ADDRESS}" in page
    assert "has no address" in page
    assert "bad" in rows or "warn" in rows
    assert "has no SPF record" in page
    owner.cookies["language"] = "ru"
    page = owner.get("/domains/example.org").text
    assert "нет записи SPF" in page
    comments = re.findall(r"^; .*", page, re.MULTILINE)
    assert "отвечает:" in "".join(comments)
    assert not [each for each in comments if re.search(r"Mail of|lets others|says:", each)]
    owner.cookies["language"] = "en"


def test_a_mailbox_from_its_making_to_its_end(server: ServerProcess, owner: Visitor) -> None:
    assert "none since the start" in owner.get("/mailboxes/info@example.org").text
    short = owner.post("/mailboxes/info@example.org/password", how="typed", password="x")
    assert (short.status, "is shorter than 8 characters" in short.text) == (400, True)
    owner.post("/mailboxes/info@example.org/password", how="typed", password="correct horse")
    assert "none known" in owner.get("/mailboxes/info@example.org").text
    reader = poplib.POP3("127.0.0.1", server.pop3_port, timeout=10)
    reader.user("info@example.org")
    with pytest.raises(poplib.error_proto):
        reader.pass_("correct house")
    for page in ("/mailboxes", "/mailboxes/info@example.org"):
        assert "login refused, from 127.0.0.1" in owner.get(page).text
    reader.user("info@example.org")
    reader.pass_("correct horse")
    reader.quit()
    assert "none since the start" not in owner.get("/mailboxes/info@example.org").text
    answered = owner.post(
        "/mailboxes", address="new@example.org", how="made", quota="1GiB", description=HOSTILE
    )
    password = made_password(answered.text)
    path = "/mailboxes/new@example.org"
    for page in ("/mailboxes", path, f"/mailboxes?q={HOSTILE}", "/users/audit"):
        shown = owner.get(page).text
        assert HOSTILE not in shown
    assert str(escape(HOSTILE)) in owner.get(path).text
    assert password not in owner.get(path).text
    assert "1.0 GiB" in owner.get(path).text
    wrong = owner.post(f"{path}/change", quota="much", active="1")
    assert (wrong.status, "quota" in wrong.text) == (400, True)
    assert owner.post(f"{path}/password", how="none").status == 303
    assert "no password" in owner.get("/mailboxes?q=new@").text
    owner.post("/mailboxes/aliases", address="s@example.org", targets="new@example.org")
    kept = owner.post(f"{path}/remove", sure="new@example.org")
    assert (kept.status, "the alias s@example.org leads to it" in kept.text) == (400, True)
    assert 'href="/mailboxes"' in kept.text
    owner.post("/mailboxes/aliases/remove", address="s@example.org")
    assert owner.post(f"{path}/remove", sure="new@example.org").location == "/mailboxes"
    assert owner.get(path).status == 404


def test_a_password_is_changed_by_who_knows_it(server: ServerProcess, owner: Visitor) -> None:
    anna = a_user(server, owner, "anna", "operator")
    wrong = anna.post("/account/password", password="x", new="long enough", again="long enough")
    assert (wrong.status, "is wrong" in wrong.text) == (400, True)
    answered = owner.post("/users/user/anna/password")
    assert anna.get("/account").status == 303  # all sessions have ended
    password = made_password(answered.text)
    anna.log_in("anna", password)
    anna.get("/account")
    old = anna.cookies["bitrixmail"]
    form = {"password": password, "new": "correct horse", "again": "correct horse"}
    assert anna.post("/account/password", **form).location == "/account"
    assert anna.cookies["bitrixmail"] != old  # another session
    assert anna.get("/account").status == 200
    anna.cookies["bitrixmail"] = old
    assert anna.get("/account").status == 303


def test_a_second_factor(server: ServerProcess, owner: Visitor) -> None:
    answered = owner.post("/users", name="zoe", role="reader")
    password = made_password(answered.text)
    zoe = Visitor(server.web_port)
    zoe.log_in("zoe", password)
    zoe.get("/account")
    assert zoe.get("/account/second-factor.svg").status == 404
    assert zoe.post("/account/second-factor", password=password).status == 303
    page = zoe.get("/account/second-factor").text
    picture = zoe.get("/account/second-factor.svg")
    assert picture.headers["content-type"] == "image/svg+xml"
    assert "sandbox" in picture.headers["content-security-policy"]
    found = re.search(r'<code class="once">(\w+)<', page)
    assert found is not None
    assert zoe.post("/account/second-factor/on", code="000000").status == 400
    code = pyotp.TOTP(found[1]).now()
    on = zoe.post("/account/second-factor/on", code=code)
    recovery = _CODES.findall(on.text)
    assert (on.status, len(recovery)) == (200, 8)
    page = zoe.get("/account").text
    assert "Each login asks for a code" in page
    assert "8 recovery codes are left" in page
    assert recovery[0] not in page
    other = Visitor(server.web_port)
    assert other.log_in("zoe", password, recovery[0]).status == 303
    assert "7 recovery codes are left" in other.get("/account").text
    other = Visitor(server.web_port)
    assert other.log_in("zoe", password, recovery[0]).status == 403
    used = other.log_in("zoe", password, code)
    assert (used.status, "That code was used already" in used.text) == (403, True)
    assert "password or code" in zoe.post("/account/second-factor/off", password=password).text
    renew = {"password": password, "code": recovery[1]}
    renewed = _CODES.findall(zoe.post("/account/second-factor/recovery", **renew).text)
    assert len(renewed) == 8
    assert not set(renewed) & set(recovery)
    assert "user.recovery" in owner.get("/users/audit?who=zoe").text
    # The next one is taken a little early
    code = pyotp.TOTP(found[1]).at(int(time.time()) + 30)
    off = zoe.post("/account/second-factor/off", password=password, code=code)
    assert off.location == "/account"
    assert "Each login asks for a code" not in zoe.get("/account").text


def test_a_second_factor_of_somebody_whose_phone_is_lost(
    server: ServerProcess, owner: Visitor
) -> None:
    password = made_password(owner.post("/users", name="max", role="reader").text)
    user = Visitor(server.web_port)
    user.log_in("max", password)
    user.get("/account")
    user.post("/account/second-factor", password=password)
    found = re.search(r'<code class="once">(\w+)<', user.get("/account/second-factor").text)
    assert found is not None
    code = pyotp.TOTP(found[1]).now()
    assert user.post("/account/second-factor/on", code=code).status == 200
    owner.post("/users/user/max/factor")
    assert user.get("/account").status == 303  # all sessions have ended
    assert user.log_in("max", password).status == 303


def test_a_token_is_shown_once_and_removed(owner: Visitor) -> None:
    answered = owner.post("/account/tokens", name=HOSTILE, right=["see", "send"], lasting="30")
    text = made_password(answered.text)
    assert text.startswith("bxm_")
    for path in ("/account/tokens", "/users/tokens", "/users/user/admin"):
        page = owner.get(path).text
        assert text not in page
        assert HOSTILE not in page
    number = re.search(r'name="token" value="(\d+)"', owner.get("/account/tokens").text)
    assert number is not None
    assert owner.post("/account/tokens/remove", token=number[1]).status == 303
    assert "You have none yet" in owner.get("/account/tokens").text
    assert owner.post("/account/tokens/remove", token=number[1]).status == 404


def test_what_was_done_is_in_the_audit_log(owner: Visitor) -> None:
    owner.post("/domains/example.org/catch-all", address="info@example.org")
    page = owner.get("/users/audit?what=domain.catch&target=example").text
    assert page.count("<code>domain.catch_all</code>") == 1
    password = made_password(owner.post("/users", name="leaving", role="reader").text)
    leaving = Visitor(owner.port)
    leaving.log_in("leaving", password)
    leaving.get("/")
    leaving.post("/logout")
    page = owner.get("/users/audit?who=leaving&what=logout").text
    assert page.count("<code>logout</code>") == 1
    assert owner.get("/users/audit?who=nobody").text.count("<tr>") == 0
    assert owner.get("/users/audit?before=x").status == 200


def jobs_of(owner: Visitor, path: str = "/queue") -> list[str]:
    return re.findall(r'href="/queue/job/(\d+)"', owner.get(path).text)


def test_the_queue_is_seen_and_changed(server: ServerProcess, owner: Visitor) -> None:
    with smtplib.SMTP("127.0.0.1", server.smtp_port, timeout=10) as link:
        for number in range(3):
            text = f"Subject: {number}\r\n\r\nx\r\n"
            link.sendmail(f"b{number}@client.example", ["info@example.org"], text.encode())
    path = "/queue?domain=nowhere.example&state=any"
    dead = "/queue?domain=nowhere.example&state=dead"
    until(lambda: len(jobs_of(owner, dead)) == 3, "no job is given up")
    first, *rest = jobs_of(owner, path)
    page = owner.get(f"/queue/job/{first}").text
    for told in ("given up", "no such domain", "Last reply", "Look for a slip of the pen"):
        assert told in page
    letter = owner.get(f"/queue/job/{first}/export")
    assert "Subject: " in letter.text
    asked = owner.post("/queue/change", do="delete", job=first)
    assert (asked.status, "1 job would be deleted" in asked.text) == (200, True)
    assert len(jobs_of(owner, path)) == 3
    owner.post("/queue/change", do="delete", job=first, sure="1", state="any")
    assert "Deleted: 1." in owner.get("/queue").text
    assert jobs_of(owner, path) == rest
    # Nothing but what is shown: open jobs by default
    owner.post("/queue/change", do="delete", scope="all", sure="1")
    assert jobs_of(owner, path) == rest
    owner.post("/queue/change", do="retry", scope="all", state="dead", domain="nowhere.example")
    assert "Tried at once: 2." in owner.get("/queue").text
    assert owner.post("/queue/change", do="fly", job=rest[0]).status == 400
    assert "No job was ticked." in owner.get(owner.post("/queue/change", do="hold").location).text
    assert owner.get("/queue/job/99999").status == 404
    for odd in ("x", "0", "9" * 30, "-1", "²"):
        assert owner.get(f"/queue/job/{quote(odd)}").status == 404
        assert owner.get(f"/queue?after={quote(odd)}&state=x&older=x&kind=x").status == 200
    assert "queue.retry" in owner.get("/users/audit?what=queue").text
