"""The command line as a shell sees it, over the real stores in a folder of the test's."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
from click.testing import CliRunner, Result
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock

from bitrixmail.app.console import Composition
from bitrixmail.cli.root import root
from bitrixmail.store.opening import inline_stores
from tests.fakes.letters import deliver


@dataclass(frozen=True)
class Shell:
    """Runs commands on a data directory. Made by a test."""

    home: Path

    @property
    def data_dir(self) -> Path:
        return self.home / "var"

    def run(self, *words: str, stdin: str | bytes = "") -> Result:
        """Run a command, whatever comes of it; a bug of ours fails the test."""
        arguments = ["--config", str(self.home / "bitrixmail.toml"), *words]
        done = CliRunner().invoke(root, arguments, input=stdin, obj=Composition({}))
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def out(self, *words: str, stdin: str | bytes = "") -> str:
        """Run a command that succeeds; return its data."""
        done = self.run(*words, stdin=stdin)
        assert done.exit_code == 0, (done.stdout, done.stderr)
        return done.stdout

    def said(self, *words: str, stdin: str | bytes = "") -> str:
        """Run a command that succeeds and prints no data; return what it said."""
        done = self.run(*words, stdin=stdin)
        assert (done.exit_code, done.stdout) == (0, ""), done.stderr
        return done.stderr

    def json(self, *words: str) -> Any:
        return json.loads(self.out(*words, "--json"))

    def fails(self, code: int, *words: str, stdin: str | bytes = "") -> list[str]:
        """Run a command that fails with a code; return the lines of what it said."""
        done = self.run(*words, stdin=stdin)
        assert (done.exit_code, done.stdout) == (code, ""), (done.stdout, done.stderr)
        return done.stderr.splitlines()

    def deliver(
        self, octets: bytes, *recipients: str, sender: str = "buyer@example.net", hour: int = 0
    ) -> str:
        """Bring a message in; return its id."""
        url = f"sqlite:///{self.data_dir}/bitrixmail.sqlite"
        with inline_stores(url, self.data_dir, cast("IReactorTime", Clock())) as stores:
            return deliver(stores, octets, *recipients, sender=sender, hour=hour)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with a domain and two mailboxes: made once, copied for each test."""
    home = tmp_path_factory.mktemp("template")
    write_config(home)
    shell = Shell(home)
    shell.said("domain", "add", "example.org")
    shell.said("mailbox", "add", "info@example.org")
    shell.said("mailbox", "add", "shop@example.org", "--plus-folders")
    return home


@pytest.fixture
def shell(template: Path, tmp_path: Path) -> Shell:
    home = tmp_path / "home"
    shutil.copytree(template, home)
    write_config(home)
    return Shell(home)


def write_config(home: Path) -> None:
    (home / "bitrixmail.toml").write_text(
        f'[server]\nhostname = "mx.example.org"\ndata_dir = "{home}/var"\n'
    )
