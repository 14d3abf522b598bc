"""The replies that the code makes, read from its source: lines with their codes, {} for values."""

from __future__ import annotations

import ast

from tests.fakes.fault_texts import ROOM, formats

# What programs that read mail are told stands in no log
_LEFT_OUT = ("access/",)
_FIELDS = 3


def reply_texts() -> dict[str, str]:
    """Return each line, and where it was first found."""
    found: dict[str, str] = {}
    for file in sorted(ROOM.rglob("*.py")):
        name = str(file.relative_to(ROOM))
        for node in ast.walk(ast.parse(file.read_text())):
            if name.startswith(_LEFT_OUT) or not isinstance(node, ast.Call):
                continue
            if getattr(node.func, "id", "") != "Reply" or len(node.args) != _FIELDS:
                continue
            # A code may be that of another reply, or come from elsewhere
            codes = [
                str(each.value) if isinstance(each, ast.Constant) else "{}"
                for each in node.args[:2]
            ]
            for text in formats(node.args[2]):
                line = " ".join(part for part in (*codes, text) if part)
                if any(char.isalpha() for char in text.replace("{}", "")):
                    found.setdefault(line, f"{name}:{node.lineno}")
    return found
