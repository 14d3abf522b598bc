"""Rules for common wishes, with places to be filled in: the files of `template_files`.

A file says in English and in Russian what it is for, which slots it has, and below them its rules,
written as everywhere, with `{slot}` where a value comes in. Its rule has a name in each language,
and so have the values that a Russian would not write in English.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from bitrixmail.model.errors import Fault, InputError, NotFoundError
from bitrixmail.model.text import printable
from bitrixmail.rules.syntax import dump_rules, rules_from_data
from bitrixmail.rules.words import choice

_RULE = "[[rule]]"
_NAME = re.compile(r'^name = ".*"$', re.MULTILINE)
_PLACE = re.compile(r"\{(\w+)\}")
# Where a value with commas is a list.
_LISTS = ("value", "lists")
_SCOPES = ("mailbox", "domain")


@dataclass(frozen=True, slots=True)
class Slot:
    """One value to be filled in; it must be, if `default` is None.

    `russian_default` stands for it in Russian; None: both are the same.
    """

    name: str
    english: str
    russian: str
    default: str | None = None
    russian_default: str | None = None

    def told(self, language: str) -> str:
        """Return what it is, in that language."""
        return self.russian if language == "ru" else self.english

    def default_in(self, language: str) -> str | None:
        """Return what stands there if nobody fills it in."""
        other = self.russian_default if language == "ru" else None
        return self.default if other is None else other


# Every template has these: whose mail it is for.
_WHOSE = (
    Slot("mailbox", "only for this mailbox", "только для этого ящика", ""),
    Slot("domain", "only for this domain", "только для этого домена", ""),
)


@dataclass(frozen=True, slots=True)
class Template:
    """One wish. Made from its file when first asked for, lives as long as the program.

    `russian_name` is that of its rule, `text` says the English one.
    """

    name: str
    english: str
    russian: str
    russian_name: str
    slots: tuple[Slot, ...]
    text: str

    def told(self, language: str) -> str:
        """Return what it is for, in that language."""
        return self.russian if language == "ru" else self.english

    def text_in(self, language: str) -> str:
        """Return the rule as it is written, by its name in that language."""
        if language != "ru":
            return self.text
        return _NAME.sub(lambda _: f'name = "{self.russian_name}"', self.text, count=1)

    def filled(self, values: Mapping[str, str], language: str = "en") -> str:
        """Return the rules as a file, with values filled in. Raises InputError with every fault.

        `language` is that of names and of what nobody has filled in.
        """
        where = f"template {self.name}"
        faults = [
            Fault(
                f"{where}: {printable(key, 60)}",
                *choice("key", key, [slot.name for slot in self.slots]),
            )
            for key in values
            if key not in {slot.name for slot in self.slots}
        ]
        given = {slot.name: values.get(slot.name, slot.default_in(language)) for slot in self.slots}
        for slot in self.slots:
            if not given[slot.name] and slot.default != "":
                remedy = f"{slot.name}=…: {slot.english}"
                faults.append(Fault(f"{where}: {slot.name}", "must be filled in", remedy))
        if given["mailbox"] and given["domain"]:
            faults.append(Fault(where, "has a mailbox and a domain", "leave one of them out"))
        if faults:
            raise InputError(*faults)
        texts = {name: value or "" for name, value in given.items()}
        data = {
            "rule": [_rule(rule, texts) for rule in tomllib.loads(self.text_in(language))["rule"]]
        }
        return dump_rules(rules_from_data(data, where))


def _rule(rule: dict[str, Any], texts: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {key: _filled(key, value, texts) for key, value in rule.items()}
    for scope in _SCOPES:
        if texts[scope]:
            # A template may be taken for several mailboxes, and each rule has a name of its own.
            found["name"] = f"{found['name']} ({texts[scope]})"
            found[scope] = texts[scope]
    return found


def _filled(key: str, value: Any, texts: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {inner: _filled(inner, each, texts) for inner, each in value.items()}
    if isinstance(value, list):
        return [_filled(key, each, texts) for each in value]
    if not isinstance(value, str):
        return value
    whole = texts.get(value.removeprefix("{").removesuffix("}")) if value[:1] == "{" else None
    if key in _LISTS and whole is not None:
        parts = [part.strip() for part in whole.split(",")]
        return [part for part in parts if part] or whole
    # In one go: braces within a person's words are words
    return _PLACE.sub(lambda place: texts.get(place[1], place[0]), value)


@lru_cache(maxsize=1)
def load_templates() -> tuple[Template, ...]:
    """Return all templates, by name."""
    folder = files("bitrixmail.rules") / "template_files"
    found = [each for each in folder.iterdir() if each.name.endswith(".toml")]
    templates = [_read(each.name.removesuffix(".toml"), each.read_text("utf-8")) for each in found]
    return tuple(sorted(templates, key=lambda template: template.name))


def _read(name: str, text: str) -> Template:
    data = tomllib.loads(text)
    slots = [
        Slot(
            slot,
            each["english"],
            each["russian"],
            each.get("default"),
            each.get("russian_default"),
        )
        for slot, each in data.get("slot", {}).items()
    ]
    rules = text[text.index(_RULE) :]
    told = (data["english"], data["russian"], data["russian_name"])
    return Template(name, *told, (*slots, *_WHOSE), rules)


def find_template(name: str) -> Template:
    """Return a template by its name. Raises NotFoundError."""
    found = load_templates()
    for template in found:
        if template.name == name:
            return template
    raise NotFoundError(
        Fault(f"template {name}", *choice("template", name, [each.name for each in found]))
    )
