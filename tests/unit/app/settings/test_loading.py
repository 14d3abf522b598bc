from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest
import tomlkit

from bitrixmail.app.settings.loading import load_settings, tables_of
from bitrixmail.app.settings.tree import Settings
from bitrixmail.app.settings.values import duration_text, size_text
from bitrixmail.model.errors import InputError

CONFIGS = Path(__file__).parents[3] / "configs"


def load(
    file: Path | None = None, *overrides: str, environment: dict[str, str] | None = None
) -> Settings:
    return load_settings(file, environment, overrides, name_of_machine=lambda: "host.example.net")


@pytest.mark.parametrize("file", sorted(CONFIGS.glob("good/*.toml")), ids=lambda file: file.stem)
def test_a_good_file_is_taken_and_read_back_the_same(file: Path, tmp_path: Path) -> None:
    settings = load(file)
    copy = tmp_path / "copy.toml"
    copy.write_text(tomlkit.dumps(tables_of(settings)))
    assert load(copy) == settings


@pytest.mark.parametrize("file", sorted(CONFIGS.glob("bad/*.toml")), ids=lambda file: file.stem)
def test_a_bad_file_names_every_fault_with_its_remedy(file: Path) -> None:
    with pytest.raises(InputError) as raised:
        load(file)
    told = "".join(f"{fault}\n" for fault in raised.value.faults)
    expected = file.with_suffix(".expected").read_text().replace("{file}", str(file))
    assert sorted(told.splitlines()) == sorted(expected.splitlines())


def test_the_defaults_are_those_of_the_surface() -> None:
    settings = load()
    assert [str(found) for found in settings.listen.smtp] == ["tcp:20225"]
    assert [str(found) for found in settings.listen.submission] == ["tcp:2587"]
    assert [str(found) for found in settings.listen.pop3] == ["tcp:2110"]
    assert settings.server.hostname == "host.example.net"
    assert settings.data_dir == Path.cwd() / "var"
    assert settings.database.url == f"sqlite:///{Path.cwd()}/var/bitrixmail.sqlite"
    limits = settings.smtp.limits()
    assert limits.max_size_octets == 50 * 1024 * 1024
    assert limits.command_timeout_s == 300
    assert limits.exempt_networks == (ip_network("127.0.0.0/8"), ip_network("::1/128"))
    assert settings.access.limits().failed_logins_per_minute == 20
    assert settings.outbound.retry == (300, 900, 3600, 14400)


def test_later_sources_win(tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    file.write_text('[smtp]\nmax_size = "1MiB"\nmax_recipients = 1\nmax_errors = 1\n')
    environment = {
        "BITRIXMAIL_SMTP__MAX_RECIPIENTS": "2",
        "BITRIXMAIL_SMTP__MAX_ERRORS": "2",
        "BITRIXMAIL_CONFIG": "no setting",
    }
    smtp = load(file, "smtp.max_errors=3", environment=environment).smtp
    assert (smtp.max_size, smtp.max_recipients, smtp.max_errors) == (2**20, 2, 3)


@pytest.mark.parametrize("text", ["tcp:25,tcp:26", '["tcp:25", "tcp:26"]', " tcp:25 , tcp:26 "])
def test_a_list_from_a_text(text: str) -> None:
    settings = load(environment={"BITRIXMAIL_LISTEN__SMTP": text})
    assert [str(found) for found in settings.listen.smtp] == ["tcp:25", "tcp:26"]


def test_a_list_may_be_emptied() -> None:
    assert load(None, "listen.smtp=").listen.smtp == ()


def test_the_database_follows_the_data_directory() -> None:
    settings = load(None, "server.data_dir=/srv/mail")
    assert settings.database.url == "sqlite:////srv/mail/bitrixmail.sqlite"


def test_a_namespace_has_its_own_level() -> None:
    assert load(None, "log.levels.bitrixmail.smtp=debug").log.levels == {"bitrixmail.smtp": "debug"}
    assert load(None, "log.levels=mail=warn,x=error").log.levels == {"mail": "warn", "x": "error"}


def test_faults_of_all_sources_come_at_once() -> None:
    with pytest.raises(InputError) as raised:
        load(None, "nonsense", "smtp.max_size=x", environment={"BITRIXMAIL_TSL__KEY": "k"})
    assert [fault.where for fault in raised.value.faults] == [
        "--set nonsense",
        "smtp.max_size",
        "tsl",
    ]


@pytest.mark.parametrize(
    "setting",
    ["smtp.command_timeout=0", "smtp.data_timeout=0", "access.idle_timeout=0s",
     "access.login_timeout=0", "rules.time_limit=0", "smtp.max_command=0", "smtp.max_command=511"],
)  # fmt: skip
def test_what_would_close_a_door_to_all_is_a_fault(setting: str) -> None:
    with pytest.raises(InputError) as raised:
        load(None, setting)
    [fault] = raised.value.faults
    assert fault.where == setting.partition("=")[0]
    assert fault.remedy


def test_a_secret_in_a_database_url_is_not_repeated() -> None:
    with pytest.raises(InputError) as raised:
        load(None, "database.url=postgresql://user:secret@host/mail")
    assert "secret" not in str(raised.value)


def test_a_missing_file_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        load(tmp_path / "none.toml")


def test_doors_to_come_are_warned_of() -> None:
    told = load(None, "listen.imap=tcp:143", "listen.imaps=tcp:993").warnings()
    assert told == (
        "this version has no IMAP door: listen.imap is not opened",
        "this version has no IMAPS door: listen.imaps is not opened",
    )


def test_a_door_that_turns_everybody_away_is_warned_of() -> None:
    here = "listen.lmtp=tcp:2524:interface=127.0.0.1,unix:/run/x.sock,systemd:domain=UNIX:name=lmtp"
    assert load(None, here).warnings() == ()
    (told,) = load(None, "listen.lmtp=tcp:2524").warnings()
    assert told.startswith("listen.lmtp: tcp:2524 can be reached by other machines")


def test_a_name_without_a_dot_is_warned_of() -> None:
    assert "server.hostname" in load(None, "server.hostname=vm").warnings()[0]


@pytest.mark.parametrize(
    ("octets", "text"), [(0, "0"), (1023, "1023B"), (65536, "64KiB"), (3 * 2**30, "3GiB")]
)
def test_a_size_is_written_in_its_unit(octets: int, text: str) -> None:
    assert size_text(octets) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0"), (0.1, "100ms"), (90, "90s"), (300, "5m"), (86400, "1d")]
)
def test_a_duration_is_written_in_its_unit(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


def test_an_endpoint_given_twice_is_a_fault() -> None:
    with pytest.raises(InputError, match="stands there twice"):
        load(None, "listen.smtp=tcp:2525,tcp:2525")


def test_times_that_leave_none_are_a_warning() -> None:
    by_night = "outbound.schedule=0 22 * * * Europe/Moscow for 8h"
    window = 'outbound.window=[{senders = "@example.org", quiet = "21:00-09:00 Europe/Moscow"}]'
    assert load(None, by_night, "outbound.quiet=Sat-Sun").warnings() == ()
    (told,) = load(None, by_night, window).warnings()
    assert told.startswith("outbound.window[1] never opens, and mail that keeps to it waits")


def test_one_underscore_is_told_of() -> None:
    with pytest.raises(InputError, match="BITRIXMAIL_SMTP__MAX_SIZE"):
        load(environment={"BITRIXMAIL_SMTP_MAX_SIZE": "20MiB"})
    # Others have names of their own
    assert load(environment={"BITRIXMAIL_SENDER": "a@example.org"}).smtp == load().smtp


def test_a_program_that_is_not_there_is_told() -> None:
    settings = load(None, 'commands.a.argv=["/no/such"]', 'commands.b.argv=["/bin/true"]')
    assert [text for text in settings.warnings() if text.startswith("commands")] == [
        "commands.a: /no/such is not there, or may not be run"
    ]


def test_a_part_of_a_second_of_processor_time_is_a_bound() -> None:
    settings = load(None, 'commands.x.argv=["/bin/true"]', "commands.x.cpu=200ms")
    assert settings.commands["x"].allowed().cpu_s == 1
