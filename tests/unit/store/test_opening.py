"""The first look at a database file: new, behind, ahead, damaged, out of reach."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from bitrixmail.model.destination import Level
from bitrixmail.model.directory import Domain
from bitrixmail.model.errors import InputError, SetupError
from bitrixmail.model.suppression import Suppressed
from bitrixmail.store.database import DatabaseFile, database_path
from bitrixmail.store.schema import SCHEMA, metadata
from bitrixmail.store.versions import _MIGRATIONS, make_folder, prepare
from tests.fakes.both_stores import opened_threaded
from tests.fakes.drafts import RECEIVED
from tests.fakes.stores import make_stores, result_of

DAY = timedelta(days=1)
# What the first migration made; later ones only add to it so far.
FIRST_TABLES = {
    "sequence", "generation", "domain", "mailbox", "alias", "alias_target", "folder", "message",
    "place", "tombstone", "unlinked_blob", "job", "event", "rule_set",
}  # fmt: skip


def test_making_stores_touches_nothing(tmp_path: Path) -> None:
    make_stores(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_was_stored_is_there_again(tmp_path: Path) -> None:
    with make_stores(tmp_path) as stores:
        result_of(stores.directory.add_domain(Domain("example.org")))
    with make_stores(tmp_path) as stores:
        assert [found.name for found in result_of(stores.directory.domains())] == ["example.org"]


def test_what_is_kept_for_a_time_is_forgotten(tmp_path: Path) -> None:
    lifted = Suppressed("bob@example.com", "unknown user", RECEIVED, RECEIVED + DAY)
    with make_stores(tmp_path) as stores:
        result_of(stores.suppressions.add(lifted))
        result_of(stores.destinations.remember_level("example.com", Level.ENCRYPTED, RECEIVED))
        result_of(stores.expire(RECEIVED + 7 * DAY))
        assert result_of(stores.suppressions.listing(9, "")) == (lifted,)
        result_of(stores.expire(RECEIVED + 9 * DAY))
        assert result_of(stores.suppressions.listing(9, "")) == ()
        assert result_of(stores.destinations.security("example.com")) is not None
        result_of(stores.expire(RECEIVED + 185 * DAY))
        assert result_of(stores.destinations.security("example.com")) is None


def test_migrations_lead_to_the_schema_of_the_program(tmp_path: Path) -> None:
    file = DatabaseFile(tmp_path / "mail.sqlite")
    prepare(file)
    with file.reading.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_heads() == [SCHEMA]


def test_a_database_of_the_first_schema_is_brought_up_to_date(tmp_path: Path) -> None:
    with make_stores(tmp_path) as stores:
        result_of(stores.directory.add_domain(Domain("example.org")))
    connection = sqlite3.connect(tmp_path / "mail.sqlite")
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master")]
    for table in set(metadata.tables) - FIRST_TABLES:
        assert table in tables
        connection.execute(f"DROP TABLE {table}")
    connection.execute(
        "DELETE FROM sequence WHERE name IN ('rule_run', 'dkim_key', 'ticket', 'ticket_message',"
        " 'admin_token', 'deed', 'search_entry')"
    )
    topics = ("jobs", "retries", "suppressions", "spam", "sender-lists")
    connection.executemany("DELETE FROM generation WHERE topic = ?", [(one,) for one in topics])
    connection.execute("UPDATE alembic_version SET version_num = '0001'")
    connection.commit()
    connection.close()
    with make_stores(tmp_path) as stores:
        assert [found.name for found in result_of(stores.directory.domains())] == ["example.org"]
    file = DatabaseFile(tmp_path / "mail.sqlite")
    with file.reading.connect() as opened:
        assert compare_metadata(MigrationContext.configure(opened), metadata) == []


def test_alembic_is_only_imported_when_the_schema_differs(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from bitrixmail.store.versions import prepare;"
        "from bitrixmail.store.database import DatabaseFile;"
        "prepare(DatabaseFile(Path(sys.argv[1]))); print('alembic' in sys.modules)"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", program, str(tmp_path / "mail.sqlite")],
            check=True,
            capture_output=True,
            text=True,
            timeout=20,
        ).stdout.strip()
        for _ in range(2)
    ]
    assert said == ["True", "False"]


def test_processes_starting_together_migrate_once(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from bitrixmail.store.versions import prepare;"
        "from bitrixmail.store.database import DatabaseFile;"
        "prepare(DatabaseFile(Path(sys.argv[1])))"
    )
    arguments = [sys.executable, "-c", program, str(tmp_path / "mail.sqlite")]
    running = [subprocess.Popen(arguments, stderr=subprocess.PIPE) for _ in range(4)]
    assert [process.communicate(timeout=20)[1] for process in running] == [b""] * 4
    assert [process.returncode for process in running] == [0] * 4


def test_a_migration_waits_for_another_processs(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    thread = threading.Thread(target=prepare, args=(DatabaseFile(tmp_path / "mail.sqlite"),))
    thread.start()
    thread.join(0.3)
    assert thread.is_alive()
    os.close(descriptor)
    thread.join(10)
    assert not thread.is_alive()
    with make_stores(tmp_path) as stores:
        assert result_of(stores.directory.domains()) == ()


def test_uidvalidity_is_the_time_so_that_a_restored_copy_has_another(tmp_path: Path) -> None:
    with make_stores(tmp_path) as stores:
        result_of(stores.directory.add_domain(Domain("example.org")))
        postmaster = result_of(stores.directory.mailbox("postmaster@example.org"))
        assert postmaster is not None
        inbox = result_of(stores.messages.folder(postmaster.id, "INBOX"))
        assert inbox is not None
        assert inbox.uidvalidity == 1_800_000_000


def problem(folder: Path) -> SetupError:
    stores = make_stores(folder)
    with pytest.raises(SetupError) as caught:
        stores.open_now()
    assert "\n" not in caught.value.problem
    assert caught.value.remedies
    return caught.value


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "mail.sqlite").write_bytes(b"this is no database at all" * 1000)
    error = problem(tmp_path)
    assert error.exit_code == os.EX_DATAERR
    assert str(tmp_path / "mail.sqlite") in error.problem


def test_a_damaged_database(tmp_path: Path) -> None:
    with make_stores(tmp_path):
        pass
    path = tmp_path / "mail.sqlite"
    octets = path.read_bytes()
    path.write_bytes(octets[:100] + b"\xff" * (len(octets) - 100))
    assert problem(tmp_path).exit_code == os.EX_DATAERR


def test_a_database_of_another_program(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "mail.sqlite")
    connection.execute("CREATE TABLE songs (name TEXT)")
    connection.close()
    error = problem(tmp_path)
    assert error.exit_code == os.EX_DATAERR
    assert "another program" in error.problem


def test_a_newer_schema_asks_for_an_upgrade(tmp_path: Path) -> None:
    with make_stores(tmp_path):
        pass
    connection = sqlite3.connect(tmp_path / "mail.sqlite")
    connection.execute("UPDATE alembic_version SET version_num = '0999'")
    connection.commit()
    connection.close()
    error = problem(tmp_path)
    assert error.exit_code == os.EX_DATAERR
    assert "newer version" in error.problem
    assert "install that version" in error.remedies[0]


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    missing = problem(tmp_path / "missing" / "below")
    assert missing.exit_code == os.EX_CANTCREAT
    assert str(tmp_path / "missing") in missing.problem
    (tmp_path / "data").write_text("a file where the folder should be")
    assert problem(tmp_path).exit_code == os.EX_CANTCREAT


@pytest.fixture
def unprivileged() -> Iterator[None]:
    """Give up root for the time of a test: nothing is forbidden to root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def shared(open_home: Path) -> Path:
    """Make a folder that everybody can reach and nobody but its owner can write."""
    with make_stores(open_home):
        pass
    for path in (open_home / "data", open_home / "data" / "blobs"):
        path.chmod(0o755)
    open_home.chmod(0o555)
    return open_home


def test_a_database_that_may_not_be_written(shared: Path, unprivileged: None) -> None:
    error = problem(shared)
    assert error.exit_code == os.EX_NOPERM
    assert "chown" in error.remedies[0]


@pytest.mark.parametrize("place", ["mail.sqlite", "data/blobs"])
def test_what_another_user_made_in_a_folder_of_ours(
    shared: Path, unprivileged: None, place: str
) -> None:
    if os.getuid() != 0:
        pytest.skip("gives files to another user: needs root")
    os.seteuid(0)
    for path in (shared, *shared.rglob("*")):
        os.chown(path, 65534, 65534)
    os.chown(shared / place, 0, 0)
    shared.chmod(0o755)
    os.seteuid(65534)
    error = problem(shared)
    assert error.problem == f"{shared / place} cannot be written by user 65534"
    assert error.remedies == (
        f"make all of it this user's: chown -R 65534 {(shared / place).parent}",
    )
    assert error.exit_code == os.EX_NOPERM


def test_a_folder_that_may_not_be_written(shared: Path, unprivileged: None) -> None:
    with pytest.raises(SetupError, match="new cannot be made") as caught:
        make_folder(shared / "new")
    assert caught.value.exit_code == os.EX_NOPERM


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://localhost/mail",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:x?mode=ro",
        "sqlite+aiosqlite:///x",
        "nonsense",
        "",
    ],
)
def test_other_urls_are_refused_by_name(url: str) -> None:
    with pytest.raises(InputError, match=r"database\.url"):
        database_path(url)


def test_a_relative_url_is_taken_from_the_current_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert database_path("sqlite:///var/x.sqlite") == tmp_path / "var" / "x.sqlite"
    assert database_path("sqlite:////srv/x.sqlite") == Path("/srv/x.sqlite")


async def test_a_server_that_cannot_open_leaves_no_thread(tmp_path: Path) -> None:
    (tmp_path / "mail.sqlite").write_bytes(b"this is no database at all" * 1000)
    before = threading.active_count()
    with pytest.raises(SetupError):
        async with opened_threaded(tmp_path):
            pass
    assert threading.active_count() == before
