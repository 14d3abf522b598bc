"""Settings as a person sees them, and their file changed in place."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from bitrixmail.admin.settings_words.names_russian import NAMES
from bitrixmail.admin.settings_words.russian import WORDS, section_in_russian
from bitrixmail.app.settings.book import SettingsBook
from bitrixmail.app.settings.file import change_file, remedies_for
from bitrixmail.app.settings.forms import masked, unmasked, value_of
from bitrixmail.app.settings.sources import SettingSources
from bitrixmail.model.errors import ChangedMeanwhileError, Fault, InputError
from bitrixmail.model.settings_book import HIDDEN, Book, Kind, Setting, Source, mark_of
from bitrixmail.tasks import InlineThreads
from tests.fakes.stores import result_of

FILE = """\
# Ours
[server]
hostname = "mx.example.org"  # the name

[smtp]
max_size = "20MiB"
[[outbound.route]]
name = "news"
domains = ["*"]
to = "mail.example.com:587"
user = "news"
password = "hush"
[commands.invoice]
argv = ["/bin/true"]
"""

ROUTE = """\
[[route]]
name = "news"
domains = ["*"]
to = "mail.example.com:587"
user = "news"
password = "hush hush"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "bitrixmail.toml"
    file.write_text(FILE)
    return file


def sources(file: Path, **environment: str) -> SettingSources:
    return SettingSources(file, environment, (f"server.data_dir={file.parent}/var",))


def book(file: Path, **environment: str) -> SettingsBook:
    return SettingsBook(sources(file, **environment), InlineThreads())


def found(read: Book, path: str) -> Setting:
    section = path.partition(".")[0]
    [settings] = [each.settings for each in read.sections if each.name == section]
    return next(each for each in settings if each.path == path)


def test_each_has_its_kind_and_where_it_comes_from(file: Path) -> None:
    read = result_of(book(file, BITRIXMAIL_LOG__LEVEL="debug").read())
    kinds = {
        "smtp.max_size": Kind.SIZE,
        "smtp.max_command": Kind.SIZE,
        "dns.timeout": Kind.DURATION,
        "smtp.max_errors": Kind.NUMBER,
        "spam.threshold": Kind.NUMBER,
        "doctor.daily": Kind.FLAG,
        "dns.validates": Kind.CHOICE,
        "log.level": Kind.CHOICE,
        "log.format": Kind.CHOICE,
        "log.levels": Kind.TOML,
        "listen.smtp": Kind.LINES,
        "outbound.retry": Kind.LINES,
        "outbound.route": Kind.TOML,
        "outbound.tls": Kind.TOML,
        "pickup.senders": Kind.TOML,
        "commands": Kind.TOML,
        "server.hostname": Kind.TEXT,
    }
    assert {path: found(read, path).kind for path in kinds} == kinds
    assert found(read, "log.format").choices == ("text", "json")
    assert found(read, "smtp.max_size").source is Source.FILE
    assert found(read, "smtp.max_errors").source is Source.DEFAULT
    assert found(read, "commands").source is Source.FILE
    level, data_dir = found(read, "log.level"), found(read, "server.data_dir")
    assert (level.source, level.by, level.locked) == (
        Source.ENVIRONMENT,
        "BITRIXMAIL_LOG__LEVEL",
        True,
    )
    assert (data_dir.source, data_dir.locked) == (Source.OPTION, True)
    assert "hush" not in repr(read)
    assert read.writable


def test_what_was_not_changed_is_not_written(file: Path) -> None:
    ours = book(file)
    read = result_of(ours.read())
    texts: dict[str, str | None] = {
        setting.path: setting.value
        for section in read.sections
        for setting in section.settings
        if not setting.locked
    }
    assert result_of(ours.write(texts, {})) == ()
    assert file.read_text() == FILE


def test_what_a_form_only_showed_does_not_undo_another_change(file: Path) -> None:
    ours = book(file)
    read = result_of(ours.read())
    stale = {path: found(read, path).value for path in ("smtp.max_size", "smtp.max_errors")}
    seen = {path: mark_of(text) for path, text in stale.items()}
    result_of(ours.write({**stale, "smtp.max_size": "33MiB"}, seen))
    [change] = result_of(ours.write({**stale, "smtp.max_errors": "7"}, seen))
    assert (change.path, change.after) == ("smtp.max_errors", "7")
    assert found(result_of(ours.read()), "smtp.max_size").value == "33MiB"


def test_what_two_have_changed_is_told_and_then_decided(file: Path) -> None:
    ours = book(file)
    read = result_of(ours.read())
    seen = {path: found(read, path).mark for path in ("smtp.max_size", "smtp.max_errors")}
    result_of(ours.write({"smtp.max_size": "33MiB"}, seen))
    before = file.read_text()
    for text in ("44MiB", None):
        with pytest.raises(ChangedMeanwhileError) as told:
            result_of(ours.write({"smtp.max_size": text, "smtp.max_errors": "9"}, seen))
        [fault] = told.value.faults
        assert fault.where == "smtp.max_size"
        assert "33MiB" in fault.what
    assert file.read_text() == before
    assert result_of(ours.write({"smtp.max_size": " 33MiB\r\n"}, seen)) == ()
    seen["smtp.max_size"] = mark_of("33MiB")
    assert len(result_of(ours.write({"smtp.max_size": "44MiB"}, seen))) == 1


def test_secrets_in_tables_stay(file: Path) -> None:
    ours = book(file)
    shown = found(result_of(ours.read()), "outbound.route").value
    assert HIDDEN in shown
    [change] = result_of(ours.write({"outbound.route": shown.replace("mail.", "other.")}, {}))
    assert 'password = "hush"' in file.read_text()
    assert "hush" not in change.before + change.after
    result_of(ours.put_back("outbound.route", change.before))
    assert sources(file).load() == sources_of(FILE, file).load()


def sources_of(text: str, file: Path) -> SettingSources:
    before = file.with_name("before.toml")
    before.write_text(text)
    return sources(before)


def test_all_faults_and_nothing_written(file: Path) -> None:
    texts = {
        "smtp.max_size": "much",
        "dns.timeout": "0",
        "outbound.tls": "x = ",
        "server.data_dir": "elsewhere",
        "no.such": "1",
    }
    with pytest.raises(InputError) as told:
        result_of(book(file).write(texts, {}))
    assert {fault.where for fault in told.value.faults} == {
        "smtp.max_size",
        "dns.timeout",
        "outbound.tls",
        "server.data_dir",
        "no.such",
    }
    with pytest.raises(InputError) as told:
        result_of(book(file).write({"no.such": "1"}, {}))
    assert [fault.where for fault in told.value.faults] == ["no.such"]
    with pytest.raises(InputError) as told:
        result_of(book(file).write({"smtp.max_size": "much", "dns.timeout": "0"}, {}))
    assert {fault.where for fault in told.value.faults} == {"smtp.max_size", "dns.timeout"}
    assert file.read_text() == FILE
    assert list(file.parent.iterdir()) == [file]


def test_a_certificate_that_will_not_do_is_not_written(file: Path) -> None:
    texts = {"tls.certificate": "/none/cert.pem", "tls.key": "/none/key.pem"}
    with pytest.raises(InputError) as told:
        result_of(book(file).write(texts, {}))
    assert told.value.faults[0].where == "tls.certificate"
    assert file.read_text() == FILE


def test_the_default_takes_the_key_out(file: Path) -> None:
    ours = book(file)
    [change] = result_of(ours.write({"smtp.max_size": None, "smtp.max_errors": None}, {}))
    assert (change.path, change.before, change.after) == ("smtp.max_size", '"20MiB"', "")
    assert "max_size" not in file.read_text()
    [change] = result_of(ours.put_back(change.path, change.before))
    assert json.loads(change.after) == "20MiB"
    assert sources(file).load().smtp.max_size == 20 * 2**20
    result_of(ours.write({"commands": ""}, {}))
    assert "invoice" not in file.read_text()


@pytest.mark.parametrize(
    ("before", "path", "text", "after"),
    [
        (0o644, "smtp.max_size", "25MiB", 0o644),
        (0o644, "outbound.smarthost_password", "hush", 0o600),
        (0o640, "outbound.smarthost_password", "hush", 0o640),
        (0o644, "outbound.route", ROUTE, 0o600),
    ],
)
def test_a_secret_is_not_for_all_to_read(
    file: Path, before: int, path: str, text: str, after: int
) -> None:
    file.chmod(before)
    done = {"outbound.smarthost": "mail.example.com:587", "outbound.smarthost_user": "u"}
    result_of(book(file).write({**(done if "smarthost" in path else {}), path: text}, {}))
    assert stat.S_IMODE(file.stat().st_mode) == after


def test_mode_and_link_stay_and_a_check_that_fails_leaves_nothing(file: Path) -> None:
    file.chmod(0o640)
    link = file.with_name("link.toml")
    link.symlink_to(file)
    change_file(link, {"smtp.max_errors": 3}, lambda _fresh: None)
    assert link.is_symlink()
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert file.read_text() == FILE.replace('"20MiB"\n', '"20MiB"\nmax_errors = 3\n')

    def refuse(fresh: Path) -> None:
        assert "max_errors = 4" in fresh.read_text()
        raise InputError(Fault("smtp.max_errors", "no"))

    with pytest.raises(InputError):
        change_file(file, {"smtp.max_errors": 4}, refuse)
    assert sorted(file.parent.iterdir()) == [file, link]


def test_a_file_that_may_not_be_written_is_told_with_the_command(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert remedies_for(file) == ()
    monkeypatch.setattr(os, "access", lambda *_: False)
    chown, unit = remedies_for(file)
    assert chown.startswith("chown ")
    assert str(file) in chown
    assert f"ReadWritePaths={file.parent}" in unit


def test_texts_of_forms() -> None:
    assert value_of(Kind.LINES, "listen.smtp", "tcp:25\r\n\r\n tcp:26 ") == ["tcp:25", "tcp:26"]
    assert value_of(Kind.NUMBER, "smtp.max_errors", "12") == 12
    assert value_of(Kind.NUMBER, "smtp.max_errors", "a") == "a"
    assert value_of(Kind.FLAG, "doctor.daily", "false") is False
    assert value_of(Kind.TOML, "outbound.route", '[[route]]\nname = "a"') == [{"name": "a"}]
    assert value_of(Kind.TOML, "outbound.tls", '"*" = "verified"') == {"*": "verified"}


def test_secrets_are_masked_by_the_names_of_their_keys() -> None:
    tables = {"secrets": {"crm": ["a", "b"]}, "shop": {"token": "x", "url": "y"}}
    shown = masked(tables)
    assert shown == {"secrets": {"crm": HIDDEN}, "shop": {"token": HIDDEN, "url": "y"}}
    assert unmasked(shown, tables) == tables
    swapped = [{"name": "b", "password": HIDDEN}, {"name": "a", "password": HIDDEN}]
    before = [{"name": "a", "password": "1"}, {"name": "b", "password": "2"}]
    assert unmasked(swapped, before) == [before[1], before[0]]


def test_every_setting_is_explained_in_russian(file: Path) -> None:
    read = result_of(book(file).read())
    paths = {setting.path for section in read.sections for setting in section.settings}
    assert set(WORDS) == set(NAMES) == paths | {section.name for section in read.sections}
    for section in map(section_in_russian, read.sections):
        assert all(setting.help == WORDS[setting.path] for setting in section.settings)


def test_what_a_killed_process_has_left_is_no_obstacle_and_goes(file: Path) -> None:
    # A process in a container has the same id after each start
    left = [file.with_name(f".{file.name}.{name}.new") for name in (os.getpid(), "0123abcd" * 2)]
    others = [file.with_name(f".{name}.new") for name in (file.name, f"{file.name}.mine", "1")]
    for each in (*left, *others):
        each.write_text("left")
    result_of(book(file).write({"smtp.max_size": "25MiB"}, {}))
    assert "25MiB" in file.read_text()
    assert sorted(file.parent.iterdir()) == sorted([file, *others])
