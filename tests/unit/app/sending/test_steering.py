"""What the owner says of ways and times reaches the engine as he meant it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bitrixmail.app.sending.steering import name_servers, steering_of
from bitrixmail.app.sending.ways import rules_of
from bitrixmail.app.settings.loading import load_settings
from bitrixmail.app.settings.tree import DNS, Settings
from bitrixmail.model.destination import Level, RelayLogin, RelayRoute
from bitrixmail.model.dsn import Reason
from bitrixmail.model.errors import InputError
from bitrixmail.model.job import Priority
from bitrixmail.model.schedule import Tried
from bitrixmail.model.way import RouteRule
from bitrixmail.net.name_servers import system_trusts_ad
from bitrixmail.outbound.destination import Widths

FILE = Path(__file__).parents[3] / "configs" / "good" / "routes.toml"
PAGE = Path(__file__).parents[4] / "docs" / "sending.md"
NOON = datetime(2026, 5, 6, 12, tzinfo=UTC)  # a Wednesday


def loaded(tmp_path: Path, *overrides: str) -> Settings:
    secret = tmp_path / "password"
    secret.write_text("from the file\nwhat stands below does not count\n")
    given = (f"outbound.smarthost_password_file={secret}", "rules.timezone=UTC", *overrides)
    return load_settings(FILE, {}, given)


def test_the_routes_stand_in_their_order_and_the_smarthost_is_the_last(tmp_path: Path) -> None:
    news, partner, smarthost = rules_of(loaded(tmp_path))
    assert news == RouteRule(
        RelayRoute(
            "smtp.example.net",
            587,
            tls=Level.ENCRYPTED,
            login=RelayLogin("news", "secret"),
        ),
        "newsletter",
        ("news@example.org", "@shop.example.org", "<>"),
        ("*.example.com", "xn--e1afmkfd.xn--p1ai"),
        timedelta(days=1),
    )
    # everybody, by the MX records of a name, at the usual port
    assert partner == RouteRule(RelayRoute("partner.example", 0, lookup_mx=True), "partner")
    assert smarthost == RouteRule(
        RelayRoute(
            "2001:db8::1",
            465,
            tls=Level.VERIFIED,
            login=RelayLogin("you", "from the file"),
            implicit_tls=True,
        ),
        "smarthost",
    )


def test_who_only_asks_for_the_way_reads_no_secrets(tmp_path: Path) -> None:
    settings = load_settings(FILE, {}, ["outbound.smarthost_password_file=/nowhere/at/all"])
    assert [rule.route.login for rule in rules_of(settings, secrets=False)] == [None] * 3
    # what is demanded of TLS is the same
    assert [rule.route for rule in rules_of(settings, secrets=False)] == [
        replace(rule.route, login=None) for rule in rules_of(loaded(tmp_path))
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file or directory"),
        (b"\n", "no password in its first line"),
        (b"\xff\n", "is not UTF-8"),
    ],
)
@pytest.mark.parametrize("key", ["smarthost_password_file", "route[1].password_file"])
def test_a_password_that_can_not_be_read_is_told(
    tmp_path: Path, content: bytes | None, said: str, key: str
) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    given = [f"outbound.smarthost_password_file={file}"]
    if key.startswith("route"):
        table = f'{{name = "x", to = "smtp.example.net", user = "y", password_file = "{file}"}}'
        given = ["outbound.smarthost=", "outbound.window=[]", f"outbound.route=[{table}]"]
    with pytest.raises(InputError) as raised:
        steering_of(load_settings(FILE, {}, given))
    [fault] = raised.value.faults
    assert (fault.where, said in fault.what) == (f"outbound.{key}", True)


def test_what_is_how_much_is_that_of_the_route(tmp_path: Path) -> None:
    steering = steering_of(loaded(tmp_path, "outbound.connections_per_domain=7"))
    assert steering.bounds.of("route:newsletter") == Widths(first=2, most=2)
    assert steering.bounds.of("route:partner") == Widths(first=5, most=7)
    assert steering.bounds.of("example.com") == Widths(first=5, most=7)
    assert steering.rates == {"newsletter": 100}


def test_retries_are_those_of_the_route_and_of_the_reason(tmp_path: Path) -> None:
    steering = steering_of(loaded(tmp_path))
    assert list(steering.retries) == ["newsletter"]

    def wait(route: bool, reason: Reason) -> timedelta:
        policy = steering.retries["newsletter"] if route else steering.retry
        tried = Tried(NOON, NOON, NOON + timedelta(days=5), NOON, 1, reason)
        again = policy.next_try(tried)
        assert again is not None
        return again - NOON

    minute = timedelta(minutes=1)
    assert 5 * minute <= wait(False, Reason.SYSTEM) <= 6 * minute
    assert 10 * minute <= wait(True, Reason.SYSTEM) <= 12 * minute
    for route in (False, True):
        assert minute <= wait(route, Reason.GREYLISTED) <= 1.2 * minute
        assert 120 * minute <= wait(route, Reason.MAILBOX_FULL) <= 144 * minute
        # those that nobody has changed stay
        assert 30 * minute > wait(route, Reason.TIMEOUT) >= 10 * minute


def test_certain_mail_has_times_of_its_own(tmp_path: Path) -> None:
    schedules = steering_of(loaded(tmp_path)).schedules

    def opens(route: str, sender: str, priority: Priority, at: datetime) -> str:
        moment = schedules.of(route, sender, priority).next_open(at)
        return "never" if moment is None else f"{moment:%a %H:%M}"

    # in a hurry: always, also at the weekend
    saturday = NOON + timedelta(days=3)
    assert opens("", "a@example.org", Priority.URGENT, saturday) == "Sat 12:00"
    # by the schedule for all, with quiet hours of its own, and those alone
    assert opens("newsletter", "a@example.org", Priority.BULK, NOON) == "Wed 19:00"
    assert opens("newsletter", "a@example.org", Priority.BULK, saturday) == "Sat 19:00"
    # for all: 22:00 in Moscow, and never at the weekend (by the clock of the server)
    assert opens("newsletter", "a@else.example", Priority.BULK, NOON) == "Wed 19:00"
    assert opens("partner", "a@example.org", Priority.NORMAL, saturday) == "Mon 00:00"


def test_name_servers_are_believed_where_nobody_stands_between() -> None:
    def believed(*servers: str, validates: str = "auto") -> bool:
        return name_servers(DNS(servers=servers, validates=validates))[1]

    assert believed("127.0.0.1:5300", "[::1]:5300")
    assert not believed("127.0.0.1", "192.0.2.53")
    assert believed("192.0.2.53", validates="yes")
    assert not believed("127.0.0.1", validates="no")


def test_the_system_says_of_its_name_servers_whether_to_believe_them(tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text("nameserver 192.0.2.53\noptions edns0 trust-ad\n")
    assert system_trusts_ad(file)
    file.write_text("nameserver 192.0.2.53\n# options trust-ad\noptions edns0\n\n")
    assert not system_trusts_ad(file)
    assert not system_trusts_ad(tmp_path / "none")


def test_all_of_it_may_come_from_the_environment() -> None:
    environment = {
        "BITRIXMAIL_OUTBOUND__ROUTE": '[{name = "a", to = "a.example"}, {name = "b"}]',
        "BITRIXMAIL_OUTBOUND__WINDOW": '[{routes = "a", quiet = "Sat-Sun"}]',
        "BITRIXMAIL_OUTBOUND__TLS": "example.com=verified,*=encrypted",
        "BITRIXMAIL_OUTBOUND__RETRY_REASONS": '{ greylisted = ["1m", "2m"] }',
    }
    outbound = load_settings(None, environment).outbound
    assert [(route.name, route.to) for route in outbound.route] == [("a", "a.example"), ("b", "")]
    assert [(window.routes, window.quiet) for window in outbound.window] == [(("a",), ("Sat-Sun",))]
    assert outbound.tls_levels() == {"example.com": Level.VERIFIED, "*": Level.ENCRYPTED}
    assert outbound.retry_reasons == {"greylisted": (60.0, 120.0)}
    environment["BITRIXMAIL_OUTBOUND__RETRY_REASONS"] = "greylisted"
    with pytest.raises(InputError, match=r"outbound\.retry_reasons: 'greylisted' is not a table"):
        load_settings(None, environment)


@pytest.mark.parametrize("example", re.findall(r"```toml\n(.*?)```", PAGE.read_text(), re.DOTALL))
def test_the_examples_of_the_page_are_good(tmp_path: Path, example: str) -> None:
    file = tmp_path / "x.toml"
    file.write_text(example)
    settings = load_settings(file, {}, ["server.hostname=mx.example.org"])
    assert settings.warnings() == ()
    assert settings.outbound != load_settings().outbound


def test_times_that_are_the_same_have_the_same_mark_also_in_another_process(tmp_path: Path) -> None:
    """Or each start would ask again for all that waits for its time."""
    mark = steering_of(loaded(tmp_path)).mark
    assert mark == steering_of(loaded(tmp_path, "outbound.connections=3")).mark
    assert mark != steering_of(loaded(tmp_path, "outbound.quiet=Sun")).mark
    assert mark != steering_of(loaded(tmp_path, "rules.timezone=Europe/Moscow")).mark
    code = (
        "from tests.unit.app.sending.test_steering import *\n"
        f"print(steering_of(loaded(Path({str(tmp_path)!r}))).mark)"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    told = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert int(told.stdout) == mark
