"""The settings and the doctor on the pages of a real server."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from html import unescape

import pytest

from bitrixmail.app.office import opened_office
from bitrixmail.app.settings.loading import load_settings
from tests.fakes.process import ServerProcess
from tests.fakes.server import until
from tests.fakes.stores import result_of
from tests.fakes.visitor import Visitor

SECRET = "hush-hush"
_MORE = f"""
# How much one may send
[smtp]
max_size = "20MiB"  # as agreed with the owner
[outbound]
smarthost = "smtp.example.com:587"
smarthost_user = "shop"
smarthost_password = "{SECRET}"
[[outbound.route]]
name = "news"
domains = ["*"]
to = "mail.example.com:587"
user = "news"
password = "{SECRET}"
[dns]
servers = ["127.0.0.1:1"]
"""


class Locked(ServerProcess):
    """A server that is also told some settings by its environment and its command line."""

    def launch(self) -> None:
        os.environ["BITRIXMAIL_ACCESS__MAX_ERRORS"] = "7"
        try:
            super().launch()
        finally:
            del os.environ["BITRIXMAIL_ACCESS__MAX_ERRORS"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    server = Locked(tmp_path_factory.mktemp("web"), _MORE, web=True)
    server.configure("doctor", "outgoing = []")
    server.config.chmod(0o640)
    with server:
        yield server


@pytest.fixture(scope="module")
def owner(server: ServerProcess) -> Visitor:
    return Visitor.of(server)


def shown(visitor: Visitor, section: str) -> str:
    answered = visitor.get(f"/settings?section={section}")
    assert answered.status == 200
    return unescape(answered.text)


def test_every_setting_is_there_with_what_it_is(server: ServerProcess, owner: Visitor) -> None:
    sections = re.findall(r'"/settings\?section=(\w+)"', owner.get("/settings").text)
    assert len(sections) == 19
    for section in sections:
        assert "name=" in shown(owner, section)
    page = shown(owner, "smtp")
    assert 'value="20MiB"' in page
    assert "The largest message." in page
    assert "takes effect at once" in page
    assert "needs a restart" in shown(owner, "server")


def test_a_change_is_in_force_and_the_file_stays_as_it_was(
    server: ServerProcess, owner: Visitor
) -> None:
    before = server.config.read_text()
    form = {"section": "smtp", "smtp.max_size": "21MiB", "smtp.max_recipients": "1000"}
    assert owner.post("/settings", **form).status == 303
    assert "in force" in shown(owner, "smtp")
    assert server.config.read_text() == before.replace('"20MiB"', '"21MiB"')
    assert stat.S_IMODE(server.config.stat().st_mode) == 0o640
    assert "changed: smtp.max_size" in server.log.read_text()
    history = unescape(owner.get("/settings/history").text)
    assert '"20MiB"' in history
    at = re.search(r'name="at" value="([^"]+)"', history)
    assert at is not None
    undone = owner.post("/settings/undo", at=at.group(1), setting="smtp.max_size")
    assert undone.location == "/settings?section=smtp"
    assert server.config.read_text() == before
    owner.post("/settings", section="smtp", reset="smtp.max_size")
    assert "max_size" not in server.config.read_text()
    assert "# How much one may send" in server.config.read_text()
    assert 'value="50MiB"' in shown(owner, "smtp")


def test_all_faults_are_told_at_once_beside_their_fields(
    server: ServerProcess, owner: Visitor
) -> None:
    before = server.config.read_text()
    form = {
        "smtp.max_size": "much",
        "smtp.max_errors": "-1",
        "smtp.exempt_networks": "192.0.2.0/24\r\nnowhere",
    }
    answered = owner.post("/settings", section="smtp", **form)
    page = unescape(answered.text)
    assert answered.status == 400
    assert page.count('role="alert"') == 3
    assert "is not a size" in page
    assert 'value="much"' in page
    assert server.config.read_text() == before
    assert not list(server.home.glob(".*.new"))


def given(page: str) -> dict[str, str | list[str]]:
    """Return what a browser would send of a page of settings that has fields of one line."""
    fields = re.findall(r'<input id="[^"]*" name="([^"]+)" value="([^"]*)"', page)
    seen = re.findall(r'name="seen" value="([^"]+)"', page)
    return {"section": "smtp", "seen": seen, **dict(fields)}


def test_two_owners_do_not_undo_each_other(server: ServerProcess, owner: Visitor) -> None:
    other = Visitor(server.web_port, cookies=dict(owner.cookies))
    mine, his = given(shown(owner, "smtp")), given(shown(other, "smtp"))
    assert other.post("/settings", **his | {"smtp.max_size": "33MiB"}).status == 303
    assert owner.post("/settings", **mine | {"smtp.max_recipients": "77"}).status == 303
    page = shown(owner, "smtp")
    assert 'value="33MiB"' in page
    assert 'value="77"' in page
    # Both have changed one and the same: he is told, and what he typed is not lost
    typed = {"smtp.max_size": "44MiB", "smtp.max_errors": "5"}
    answered = owner.post("/settings", **mine | typed)
    page = unescape(answered.text)
    assert answered.status == 409
    assert page.count('role="alert"') == 1
    assert 'it is now "33MiB"' in page
    assert 'value="44MiB"' in page
    assert 'max_size = "33MiB"' in server.config.read_text()
    # The page that came has what was only shown as it is now, so that a second save decides
    assert owner.post("/settings", **given(page)).status == 303
    text = server.config.read_text()
    assert 'max_size = "44MiB"' in text
    assert "max_recipients = 77" in text
    assert "max_errors = 5" in text
    for path in ("smtp.max_size", "smtp.max_recipients", "smtp.max_errors"):
        owner.post("/settings", section="smtp", reset=path)


def test_two_do_not_undo_each_other_on_a_mailbox(owner: Visitor) -> None:
    owner.post("/domains", name="example.org")
    owner.post("/mailboxes", address="two@example.org", how="none")
    path = "/mailboxes/two@example.org"
    names = {"description", "quota", "retention", "active", "plus_folders"}

    def of(page: str) -> dict[str, str]:
        """Return the fields of the form as a browser would send them."""
        found = dict(
            re.findall(r'name="(was\.\w+|\w+)" value="([^"]*)"(?: maxlength="500")?>', page)
        )
        boxes = re.findall(r'name="(\w+)" value="1" checked', page)
        texts = {key: text for key, text in found.items() if key.removeprefix("was.") in names}
        return texts | dict.fromkeys(boxes, "1")

    form = of(owner.get(path).text)
    assert owner.post(f"{path}/change", **form | {"quota": "1GiB"}).status == 303
    assert owner.post(f"{path}/change", **form | {"retention": "30d"}).status == 303
    assert of(owner.get(path).text)["quota"] == "1GiB"
    refused = owner.post(f"{path}/change", **form | {"quota": "2GiB", "description": "His"})
    assert refused.status == 409
    assert "it is now &#34;1GiB&#34;" in refused.text
    again = of(refused.text)
    assert (again["quota"], again["description"], again["retention"]) == ("2GiB", "His", "30d")
    assert of(owner.get(path).text)["quota"] == "1GiB"
    assert owner.post(f"{path}/change", **again).status == 303
    now = of(owner.get(path).text)
    assert (now["quota"], now["description"], now["retention"]) == ("2GiB", "His", "30d")
    assert owner.post(f"{path}/remove", sure="two@example.org").status == 303


def test_what_needs_a_restart_says_so(server: ServerProcess, owner: Visitor) -> None:
    owner.post("/settings", section="rules", **{"rules.time_limit": "200ms"})
    assert "next start" in shown(owner, "rules")
    assert "rules.time_limit" in owner.get("/server").text
    owner.post("/settings", section="rules", reset="rules.time_limit")
    assert "rules.time_limit" not in owner.get("/server").text


def test_no_secret_is_shown_and_none_is_lost(server: ServerProcess, owner: Visitor) -> None:
    page = shown(owner, "outbound")
    assert SECRET not in page
    assert "(hidden)" in page
    route = re.search(r'name="outbound.route"[^>]*>\n(.*?)</textarea>', page, re.DOTALL)
    assert route is not None
    changed = route.group(1).replace("mail.example.com", "other.example.com")
    owner.post(
        "/settings",
        section="outbound",
        **{"outbound.route": changed, "outbound.smarthost_password": ""},
    )
    text = server.config.read_text()
    assert text.count(SECRET) == 2
    assert "other.example.com" in text
    owner.post("/settings", section="outbound", **{"outbound.smarthost_password": "another one"})
    assert server.config.read_text().count("another one") == 1
    history = owner.get("/settings/history").text
    assert "another one" not in history
    assert SECRET not in history


def test_what_the_environment_sets_is_locked(server: ServerProcess, owner: Visitor) -> None:
    page = shown(owner, "access")
    assert "BITRIXMAIL_ACCESS__MAX_ERRORS" in page
    answered = owner.post("/settings", section="access", reset="access.max_errors")
    assert answered.status == 400
    assert "is set by" in unescape(answered.text)


def test_a_file_that_somebody_broke_is_told(server: ServerProcess, owner: Visitor) -> None:
    good = server.config.read_text()
    server.config.write_text(good + "[nonsense]\n")
    try:
        assert "there is no such section" in owner.get("/settings").text
    finally:
        server.config.write_text(good)


def test_hostile_text_stays_text(server: ServerProcess, owner: Visitor) -> None:
    answered = owner.post("/settings", section="smtp", **{"smtp.max_size": '"><script>x</script>'})
    assert answered.status == 400
    assert "<script>x" not in answered.text


def test_the_doctor_looks_and_tells_in_both_languages(
    server: ServerProcess, owner: Visitor
) -> None:
    assert owner.post("/doctor/run").location == "/doctor"
    until(lambda: "every 1s" not in owner.get("/doctor").text, "the look has no end", 20)
    page = owner.get("/doctor").text
    assert page.index("do not answer") < page.index("there is none of your own")
    assert "cat /etc/resolv.conf" in page
    cookies = "; ".join(f"{name}={value}" for name, value in owner.cookies.items())
    russian = owner.get("/doctor", Cookie=f"{cookies}; language=ru").text
    assert "DNS-серверы" in russian
    assert "Что делать" in russian


def test_an_admin_is_refused_the_settings(server: ServerProcess) -> None:
    password = "a password of the test"
    with opened_office(load_settings(server.config)) as office:
        result_of(office.users.add("helper", "admin", password))
    helper = Visitor(server.web_port)
    helper.log_in("helper", password)
    assert helper.get("/settings").status == 403
    assert helper.get("/doctor").status == 200
    assert helper.post("/settings", section="smtp", reset="smtp.max_size").status == 403
    assert "/settings" not in helper.get("/server").text.partition("<main")[2]
