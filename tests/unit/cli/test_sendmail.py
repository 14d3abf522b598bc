"""The drop-in for sendmail, installed by the command line."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

from bitrixmail.admin.sendmail import fsync_number
from tests.unit.cli.conftest import Shell


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (tmp_path / "sbin").mkdir()
    return tmp_path / "sbin" / "sendmail"


def test_it_is_written_with_everything_filled_in(shell: Shell, target: Path) -> None:
    pickup = shell.data_dir / "pickup"
    out = shell.out("sendmail", "install", "--to", str(target))
    assert f'    sendmail_path = "{target} -t -i"\n' in out
    assert sorted(path.name for path in target.parent.iterdir()) == [
        "bitrixmail-sendmail",
        "mailq",
        "newaliases",
        "sendmail",
    ]
    for program in (target, target.with_name("bitrixmail-sendmail")):
        assert b"@FOLDER@" not in program.read_bytes()
        subprocess.run([program, "a@example.org"], input=b"Hi", check=True)
    assert len(list(pickup.glob("m.*"))) == 2
    assert stat.S_IMODE(pickup.stat().st_mode) == 0o3733
    asked = subprocess.run(
        [target.with_name("newaliases")], capture_output=True, text=True, check=True
    )
    assert "Aliases are in force" in asked.stdout
    assert "abuse@example.org" in asked.stdout


def test_it_may_be_installed_again(shell: Shell, target: Path) -> None:
    for _ in range(2):
        shell.out("sendmail", "install", "--to", str(target))


@pytest.mark.parametrize("name", ["sendmail", "bitrixmail-sendmail"])
def test_what_is_anothers_stays(shell: Shell, target: Path, name: str) -> None:
    target.with_name(name).write_text("#!/bin/sh\n")
    (said,) = shell.fails(os.EX_CANTCREAT, "sendmail", "install", "--to", str(target))
    assert "is there already, and another's" in said
    assert [path.name for path in target.parent.iterdir()] == [name]
    assert target.with_name(name).read_text() == "#!/bin/sh\n"


def test_links_of_others_stay(shell: Shell, target: Path) -> None:
    target.with_name("mailq").write_text("")
    done = shell.run("sendmail", "install", "--to", str(target))
    assert (done.exit_code, "mailq is another's and stays" in done.stderr) == (0, True)
    assert not target.with_name("mailq").is_symlink()


def test_a_way_that_is_closed_is_told(shell: Shell, target: Path) -> None:
    if os.geteuid():
        pytest.skip("only root can try it for somebody else")
    shell.data_dir.chmod(0o700)
    (shell.data_dir / "pickup").mkdir()
    done = shell.run("sendmail", "install", "--to", str(target))
    assert "is closed to them" in done.stderr
    assert f"chmod 3733 {shell.data_dir}/pickup" in done.stderr


@pytest.mark.parametrize("machine", ["", "aarch64", "vax"])
def test_only_a_number_that_was_tried_is_used(machine: str) -> None:
    found = fsync_number(machine=machine)
    if machine == "vax" or (machine == "aarch64" and os.uname().machine == "x86_64"):
        assert found is None
    else:
        assert found


def test_without_perl_it_is_python(
    shell: Shell, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bitrixmail.admin.sendmail._FSYNC", {})
    done = shell.run("sendmail", "install", "--to", str(target))
    assert "no Perl that can sync" in done.stderr
    assert b"-IS\n" in target.read_bytes()[:100]
    subprocess.run([target, "a@example.org"], input=b"Hi", check=True)
    assert len(list((shell.data_dir / "pickup").glob("m.*"))) == 1
