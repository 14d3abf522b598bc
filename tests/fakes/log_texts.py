"""The warnings and errors that the code writes into its log, read from its source."""

from __future__ import annotations

import ast
import re

from tests.fakes.fault_texts import ROOM

_GRAVE = frozenset({"warn", "error", "critical", "failure"})
_PLACE = re.compile(r"\{[^}]*\}")


def log_texts() -> dict[str, str]:
    """Return each text, {} for its values, and where it was first found."""
    found: dict[str, str] = {}
    for file in sorted(ROOM.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            told = node.args[0] if node.func.attr in _GRAVE and node.args else None
            if isinstance(told, ast.Constant) and isinstance(told.value, str):
                text = _PLACE.sub("{}", told.value)
                found.setdefault(text, f"{file.relative_to(ROOM)}:{node.lineno}")
    return found
