"""The buttons of a rule's form: what each does with the form. Pure."""

from __future__ import annotations

from bitrixmail.rules.conditions import MAX_DEPTH
from bitrixmail.web.rule_form.form import GROUPS, Deed, Form, Part

_MOST_PARTS = 200


def step(form: Form, button: str) -> None:
    """Change a form as its button says; what can't be done changes nothing.

    Buttons are `test:c.0`, `group:c.0` (add within), `drop:c.0.1`, `deed:`, `drop:a.1`, `up:a.1`.
    """
    what, _, path = button.partition(":")
    if what == "deed" and len(form.deeds) < _MOST_PARTS:
        form.deeds.append(Deed())
    elif path.startswith("a."):
        _deed_step(form, what, _number(path.removeprefix("a.")))
    elif what in ("test", "group"):
        _add(form, what, path)
    elif what == "drop":
        parent, place = _found(form, path.rpartition(".")[0]), _number(path.rpartition(".")[2])
        if parent is not None and 0 <= place < len(parent.parts):
            del parent.parts[place]


def _deed_step(form: Form, what: str, place: int) -> None:
    if not 0 <= place < len(form.deeds):
        return
    if what == "drop":
        del form.deeds[place]
    elif what == "up" and place:
        form.deeds.insert(place - 1, form.deeds.pop(place))


def _add(form: Form, what: str, path: str) -> None:
    part = _found(form, path)
    if part is None or part.kind not in GROUPS or len(part.parts) >= _MOST_PARTS:
        return
    if what == "test":
        part.parts.append(Part())
    elif path.count(".") < MAX_DEPTH - 1:
        part.parts.append(Part("any", [Part()]))


def _found(form: Form, path: str) -> Part | None:
    """Return the part of a path; None if there is none."""
    first, *rest = path.split(".")
    part = form.root if first == "c" else None
    for each in rest:
        place = _number(each)
        if part is None or not 0 <= place < len(part.parts):
            return None
        part = part.parts[place]
    return part


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else -1
