"""A package of Python as an installer would leave it, for whoever has its directory in the path."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from twisted.python.failure import Failure

from bitrixmail.model.extension import GROUP


def install(folder: Path, name: str, code: str, entries: Mapping[str, str] | None = None) -> Path:
    """Install a module `name` with entry points of extensions; return the directory."""
    told = "".join(f"{key} = {value}\n" for key, value in (entries or {name: name}).items())
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (folder / f"{name}.py").write_text(code)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{told}")
    return folder


def pass_over_planted(logged: list[Failure]) -> None:
    """Strike out of what was logged what the code of a test raises on purpose."""
    words = ("planted", "does not say so", "no_such_module")
    logged[:] = [each for each in logged if not any(word in str(each.value) for word in words)]
