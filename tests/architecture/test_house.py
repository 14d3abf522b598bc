"""What holds for the whole: rooms, sizes, contracts, the one root, no stale example."""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from twisted.application.service import IService, IServiceCollection, MultiService
from twisted.internet import reactor

from bitrixmail.app.compose import compose
from bitrixmail.app.options import Options
from bitrixmail.app.settings.example import example
from bitrixmail.app.settings.loading import load_settings
from bitrixmail.app.tap import makeService

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "bitrixmail"
ROOMS = {
    "app",
    "cli",
    "web",
    "smtp",
    "access",
    "accounts",
    "pipeline",
    "store",
    "net",
    "outbound",
    "pickup",
    "inject",
    "admin",
    "bayes",
    "checks",
    "rules",
    "link",
    "mime",
    "wire",
    "interfaces",
    "model",
}
BANNED_NAMES = {"utils", "common", "helpers", "manager", "base", "info", "misc"}
RFC = re.compile(r"\bRFC (\d{3,5})\b")
SOURCES = sorted(
    found
    for folder in ("bitrixmail", "twisted/plugins", "tests", "bench", "etc")
    for found in (ROOT / folder).rglob("*.py")
)


def test_the_listing_has_known_rooms_only() -> None:
    found = {path.name for path in PACKAGE.iterdir() if path.is_dir()} - {"__pycache__"}
    assert found | {"web"} == ROOMS  # what may be deleted


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_short(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) < 400


def test_no_file_is_named_after_nothing() -> None:
    assert not [path for path in PACKAGE.rglob("*.py") if path.stem in BANNED_NAMES]


def test_nobody_but_its_wiring_knows_the_web() -> None:
    """Deleting the room, its wiring and the line PAGES must leave all else as it is."""
    own, wiring = PACKAGE / "web", PACKAGE / "app/pages/web_room.py"
    others = [path for path in PACKAGE.rglob("*.py") if own not in path.parents and path != wiring]
    assert len(others) > 300
    found = [
        (path.relative_to(ROOT), module)
        for path in others
        for module in _imported(path)
        if f"{module}.".startswith(("bitrixmail.web.", "bitrixmail.app.pages.web_room."))
    ]
    assert not found


def _imported(path: Path) -> Iterator[str]:
    """Yield the names of modules that a file imports."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_the_import_contracts_hold() -> None:
    program = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run(
        [program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout


def test_the_example_is_what_the_settings_say() -> None:
    committed = (ROOT / "etc/bitrixmail.toml").read_text("utf-8")
    remedy = "stale: python -m bitrixmail.app.settings.example > etc/bitrixmail.toml"
    assert committed == example(), remedy


def test_the_example_is_the_defaults() -> None:
    name = "mx.example.org"
    shown = load_settings(ROOT / "etc/bitrixmail.toml", name_of_machine=lambda: name)
    assert shown == load_settings(name_of_machine=lambda: name)


def test_each_rfc_that_is_cited_stands_in_the_table() -> None:
    rows = (ROOT / "docs/rfc-table.md").read_text("utf-8")
    table = set(re.findall(r"^\| (\d+) \|", rows, re.MULTILINE))
    cited = {
        number for path in PACKAGE.rglob("*.py") for number in RFC.findall(path.read_text("utf-8"))
    }
    assert not cited - table, sorted(cited - table, key=int)


Tree = tuple[str, tuple[object, ...]]


def tree(service: object) -> Tree:
    children = list(IServiceCollection(service)) if isinstance(service, MultiService) else []
    return f"{type(service).__name__} {IService(service).name}", tuple(map(tree, children))


def test_plugin_tac_and_compose_make_the_same_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {
        "BITRIXMAIL_SERVER__HOSTNAME": "mx.example.org",
        "BITRIXMAIL_SERVER__DATA_DIR": str(tmp_path / "var"),
        "BITRIXMAIL_LISTEN__SMTP": "tcp:25,unix:/run/x.sock",
        "BITRIXMAIL_LISTEN__POP3S": "tcp:995",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["twistd", "-n", "-y", "etc/bitrixmail.tac"])
    composed = tree(compose(load_settings(None, os.environ), reactor))
    options = Options()
    options.parseOptions([])
    plugin = makeService(options)
    plugin.start_ended(0)
    scope: dict[str, object] = {}
    exec((ROOT / "etc/bitrixmail.tac").read_text(), scope)
    (tac,) = list(IServiceCollection(scope["application"]))
    tac.start_ended(0)
    assert tree(plugin) == composed
    assert tree(tac) == composed
    assert len(composed[1]) >= 5
    assert not (tmp_path / "var").exists()  # nothing was opened
