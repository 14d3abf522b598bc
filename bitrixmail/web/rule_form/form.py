"""A rule as the fields of a form, and back: through the plain values of its file. Pure.

A condition is named by its path: `c.0.2` is the third within the first. Groups are `all`, `any` and
`none`; the last is a `not`. Actions are `a.0`, `a.1`. What a rule must be is not looked at here:
what comes back is read as a file is, see rules.reader.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bitrixmail.rules.actions import KINDS
from bitrixmail.rules.conditions import MAX_DEPTH
from bitrixmail.rules.outside import Setting, Shape
from bitrixmail.web.rule_form.lines import lines_of, one_text, table_lines, table_of, texts_of

Fields = Mapping[str, tuple[str, ...]]
GROUPS = ("all", "any", "none")
OCCASIONS = ("receive", "manual", "schedule")
# Fields that have more behind a colon
PREFIXES = ("header:", "python:")
_SCALARS = ("name", "group", "schedule")
_MOST = 500
YES = "yes"


@dataclass
class Part:
    """One condition of a form, or a group of them. Made from fields or data, ends with the page."""

    kind: str = "test"
    parts: list[Part] = field(default_factory=list)
    field: str = "subject"
    of: str = ""
    op: str = "contains"
    value: str = ""
    exact: bool = False
    lists: str = ""


@dataclass
class Deed:
    """One action of a form. `settings` are by name, as they are written in its fields."""

    do: str = "move"
    argument: str = ""
    settings: dict[str, str] = field(default_factory=dict)


@dataclass
class Form:
    """A rule as it stands in a form. `whose` is a mailbox, a domain, or empty for all."""

    name: str = ""
    description: str = ""
    group: str = ""
    order: str = "500"
    on: tuple[str, ...] = ("receive", "manual")
    schedule: str = ""
    stop: bool = False
    active: bool = True
    whose: str = ""
    root: Part = field(default_factory=lambda: Part("all"))
    deeds: list[Deed] = field(default_factory=list)


def empty_form() -> Form:
    """Return the form of a new rule."""
    return Form(root=Part("all", [Part()]), deeds=[Deed()])


# --- from fields, and to them


def form_of(fields: Fields) -> Form:
    """Read what was sent; of what is missing there is none."""

    def first(name: str) -> str:
        return next(iter(fields.get(name, ())), "")

    return Form(
        **{key: first(key).strip() for key in (*_SCALARS, "order", "whose")},
        description=one_text(first("description")),
        on=tuple(each for each in OCCASIONS if each in fields.get("on", ())),
        stop=first("stop") == YES,
        active=first("active") == YES,
        root=_part_of(first, "c", fields, 0),
        deeds=[_deed_of(first, f"a.{place}", fields) for place in _places(fields, "a", ".do")],
    )


def _places(fields: Fields, path: str, mark: str) -> list[int]:
    """Return the numbers of those below a path, in their order."""
    found = set()
    for name in fields:
        rest = name.removeprefix(f"{path}.").removesuffix(mark)
        if name == f"{path}.{rest}{mark}" and rest.isascii() and rest.isdigit() and len(rest) < 5:
            found.add(int(rest))
    return sorted(found)[:_MOST]


def _part_of(first: Any, path: str, fields: Fields, depth: int) -> Part:
    kind = first(f"{path}.kind")
    if kind not in GROUPS:
        return Part(
            "test",
            field=first(f"{path}.field"),
            of=first(f"{path}.of").strip(),
            op=first(f"{path}.op"),
            value=first(f"{path}.value"),
            exact=first(f"{path}.exact") == YES,
            lists=first(f"{path}.lists"),
        )
    below = _places(fields, path, ".kind") if depth <= MAX_DEPTH else []
    return Part(kind, [_part_of(first, f"{path}.{each}", fields, depth + 1) for each in below])


def _deed_of(first: Any, path: str, fields: Fields) -> Deed:
    start = f"{path}.s."
    settings = {name.removeprefix(start): first(name) for name in fields if name.startswith(start)}
    return Deed(first(f"{path}.do"), first(f"{path}.argument"), settings)


def fields_of(form: Form) -> dict[str, tuple[str, ...]]:
    """Write a form as a browser would send it."""
    found: dict[str, tuple[str, ...]] = {
        key: (getattr(form, key),) for key in (*_SCALARS, "order", "whose", "description")
    }
    found["on"] = form.on
    found["stop"] = (YES,) if form.stop else ()
    found["active"] = (YES,) if form.active else ()
    _put_part(form.root, "c", found)
    for place, deed in enumerate(form.deeds):
        found[f"a.{place}.do"] = (deed.do,)
        found[f"a.{place}.argument"] = (deed.argument,)
        for name, text in deed.settings.items():
            found[f"a.{place}.s.{name}"] = (text,)
    return found


def _put_part(part: Part, path: str, found: dict[str, tuple[str, ...]]) -> None:
    found[f"{path}.kind"] = (part.kind,)
    if part.kind in GROUPS:
        for place, each in enumerate(part.parts):
            _put_part(each, f"{path}.{place}", found)
        return
    for key in ("field", "of", "op", "value", "lists"):
        found[f"{path}.{key}"] = (getattr(part, key),)
    found[f"{path}.exact"] = (YES,) if part.exact else ()


# --- to the values of a file, and from them


def data_of(form: Form) -> dict[str, Any]:
    """Return the rule as plain values, shaped as in a file; what is empty is left out."""
    data: dict[str, Any] = {"name": form.name}
    data |= {key: getattr(form, key) for key in ("description", "group") if getattr(form, key)}
    if form.order and form.order != "500":
        data["order"] = _number(form.order)
    data |= {key: value for key, value in (("stop", form.stop),) if value}
    if not form.active:
        data["active"] = False
    if form.schedule:
        data["schedule"] = form.schedule
    if form.whose:
        data["mailbox" if "@" in form.whose else "domain"] = form.whose
    if set(form.on) != {"receive", "manual"}:
        data["on"] = sorted(form.on)
    if form.root.kind == "any":
        data["match"] = "any"
    parts = [form.root] if form.root.kind == "none" else form.root.parts
    if parts:
        data["condition"] = [_condition(part) for part in parts]
    if form.deeds:
        data["action"] = [_action(deed) for deed in form.deeds]
    return data


def _number(text: str) -> Any:
    """Return a number if it is one, else the text, of which the reader tells what is wrong."""
    plain = text.strip().removeprefix("-")
    if plain.isascii() and plain.isdigit() and len(plain) < 20:
        return int(text)
    return text


def _condition(part: Part) -> dict[str, Any]:
    if part.kind == "none":
        if len(part.parts) == 1:
            return {"not": _condition(part.parts[0])}
        return {"not": {"match": "any", "condition": [_condition(each) for each in part.parts]}}
    if part.kind in GROUPS:
        return {"match": part.kind, "condition": [_condition(each) for each in part.parts]}
    name = f"{part.field}{part.of}" if part.field in PREFIXES else part.field
    data: dict[str, Any] = {"field": name, "op": part.op}
    values, lists = texts_of(part.value), texts_of(part.lists)
    if values and part.op != "exists":
        data["value"] = values[0] if len(values) == 1 else values
    if part.exact:
        data["exact"] = True
    if lists:
        data["lists"] = lists
    return data


def _action(deed: Deed) -> dict[str, Any]:
    data: dict[str, Any] = {"do": deed.do}
    kind = KINDS.get(deed.do)
    if kind is None:
        return data
    if kind.key and deed.argument.strip():
        data[kind.key] = deed.argument.strip()
    for name, setting in kind.settings.items():
        text = deed.settings.get(name, "")
        if text.strip():
            data[name] = _value(setting, text)
    return data


def _value(setting: Setting, text: str) -> Any:
    if setting.shape is Shape.SWITCH:
        return {"true": True, "false": False}.get(text.strip(), text)
    if setting.shape is Shape.NUMBER:
        return _number(text)
    if setting.shape is Shape.TEXTS:
        return texts_of(text)
    if setting.shape is Shape.TABLE:
        return table_of(text)
    return one_text(text) if setting.shape is Shape.TEXT else text.strip()


def form_from(data: Mapping[str, Any]) -> Form:
    """Return the form of a rule, given as `rule_to_data` does or as a person wrote it."""
    on = data.get("on", ["receive", "manual"])
    parts = [_part(each) for each in _tables(data.get("condition"))]
    return Form(
        **{key: str(data.get(key, "")) for key in ("name", "description", *_SCALARS[1:])},
        order=str(data.get("order", 500)),
        on=tuple(each for each in OCCASIONS if isinstance(on, list) and each in on),
        stop=data.get("stop") is True,
        active=data.get("active") is not False,
        whose=str(data.get("mailbox") or data.get("domain") or ""),
        root=Part("any" if data.get("match") == "any" else "all", parts),
        deeds=[_deed(each) for each in _tables(data.get("action"))],
    )


def _tables(given: Any) -> list[Mapping[str, Any]]:
    found = given if isinstance(given, list) else []
    return [each for each in found if isinstance(each, Mapping)]


def _part(data: Mapping[str, Any]) -> Part:
    inner = data.get("not")
    if isinstance(inner, Mapping):
        within = _part(inner)
        # Of what has a name of its own the page says "none of these" at once
        several = within.kind == "any" and len(within.parts) != 1
        return Part("none", within.parts if several else [within])
    if "condition" in data or "match" in data:
        kind = "any" if data.get("match") == "any" else "all"
        return Part(kind, [_part(each) for each in _tables(data.get("condition"))])
    name, of = str(data.get("field", "")), ""
    for prefix in PREFIXES:
        if name.startswith(prefix):
            name, of = prefix, name.removeprefix(prefix)
    return Part(
        "test",
        field=name,
        of=of,
        op=str(data.get("op", "")),
        value=lines_of(_texts(data.get("value"))),
        exact=data.get("exact") is True,
        lists=lines_of(_texts(data.get("lists"))),
    )


def _texts(given: Any) -> Iterable[str]:
    if given is None:
        return []
    return map(str, given) if isinstance(given, list) else [str(given)]


def _deed(data: Mapping[str, Any]) -> Deed:
    do = str(data.get("do", ""))
    kind = KINDS.get(do)
    if kind is None:
        return Deed(do)
    settings = {
        name: _text(setting, data[name]) for name, setting in kind.settings.items() if name in data
    }
    return Deed(do, ", ".join(_texts(data.get(kind.key))) if kind.key else "", settings)


def _text(setting: Setting, value: Any) -> str:
    if setting.shape is Shape.SWITCH:
        return str(value).lower()
    if setting.shape is Shape.TEXTS:
        return lines_of(_texts(value))
    if setting.shape is Shape.TABLE and isinstance(value, Mapping):
        return table_lines({str(name): str(text) for name, text in value.items()})
    return str(value)
