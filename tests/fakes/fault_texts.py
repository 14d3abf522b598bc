"""The texts of faults that the code can raise, read from its source: formats with {} for values."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOM = Path(__file__).parents[2] / "bitrixmail"
_ROOMS = ("accounts", "admin", "app", "mime", "model", "rules", "store", "web")
# What the command line alone, or the API, has to tell; and texts in Russian
_LEFT_OUT = (
    "admin/bitrix_", "admin/mail_", "admin/old_counters", "admin/site", "admin/spam_sources",
    "admin/spam_training", "admin/sendmail", "admin/quickstart", "admin/findings", "admin/probes",
    "admin/settings_words", "admin/russian", "web/api", "mime/mbox",
    "store/migrations", "rules/russian", "rules/english", "admin/sending.py", "admin/dmarc_look",
    "admin/dns_check", "admin/host_look", "admin/spf", "web/pages/api",
)  # fmt: skip
_NOT_OF_PAGES = frozenset({"preflight.py", "doctor.py"})
_TELLING = frozenset(
    {"Fault", "Complaint", "fault", "nearest", "wrong", "_wrong", "_fault", "ValueError"}
)
_TOLD = frozenset({"what", "remedy", "problem"})


def fault_texts() -> dict[str, str]:
    """Return each text, and where it was first found."""
    found: dict[str, str] = {}
    for room in _ROOMS:
        for file in sorted((ROOM / room).rglob("*.py")):
            name = str(file.relative_to(ROOM))
            if not name.startswith(_LEFT_OUT) and file.name not in _NOT_OF_PAGES:
                for line, text in _texts(ast.parse(file.read_text())):
                    found.setdefault(text, f"{name}:{line}")
    return {text: at for text, at in found.items() if _is_sentence(text)}


def _texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) in _TELLING:
            told = [*node.args, *(each.value for each in node.keywords)]
            if _name(node.func) != "ValueError" and len(told) > 1:
                told = told[1:] if _name(node.func) != "wrong" else told
            for value in told:
                yield from ((node.lineno, text) for text in formats(value))
        elif isinstance(node, ast.Assign):
            yield from ((node.lineno, text) for text in _assigned(node.targets[0], node.value))
        elif isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
            for value in node.value.elts:
                yield from ((node.lineno, text) for text in formats(value))


def _assigned(target: ast.expr, value: ast.expr) -> Iterator[str]:
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for each, its in zip(target.elts, value.elts, strict=True):
            yield from _assigned(each, its)
    elif isinstance(target, ast.Name) and target.id.lstrip("_") in _TOLD:
        yield from formats(value)


def formats(value: ast.expr) -> Iterator[str]:
    """Yield what an expression may be as a text: {} for each value."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value
    elif isinstance(value, ast.JoinedStr):
        yield "".join(
            str(part.value) if isinstance(part, ast.Constant) else "{}" for part in value.values
        )
    elif isinstance(value, ast.IfExp):
        yield from formats(value.body)
        yield from formats(value.orelse)
    elif isinstance(value, ast.BoolOp):
        for each in value.values:
            yield from formats(each)


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _is_sentence(text: str) -> bool:
    """Tell whether there is something to translate: a word of it, and no Russian."""
    words = text.replace("{}", " ")
    letters = [char for char in words if char.isalpha()]
    return (
        len(letters) > 1
        and all(char.isascii() for char in letters)
        and any(char.islower() for char in letters)
        and " " in text
    )
