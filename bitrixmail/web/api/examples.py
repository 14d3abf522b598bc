"""Values that schemas take, to look at. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_DEEPEST = 6
_PLAIN = {"integer": 0, "number": 0.5, "boolean": False, "null": None}


def example_of(schema: Mapping[str, Any], components: Mapping[str, Any], depth: int = 0) -> Any:
    """Return a value that a schema takes; what refers to itself ends somewhere."""
    if depth > _DEEPEST:
        return {}
    if "$ref" in schema:
        named = components[schema["$ref"].rpartition("/")[2]]
        return example_of(named, components, depth + 1)
    if "anyOf" in schema:
        return example_of(schema["anyOf"][0], components, depth + 1)
    if "enum" in schema:
        return schema["enum"][0]
    return _of_type(schema, components, depth)


def _of_type(schema: Mapping[str, Any], components: Mapping[str, Any], depth: int) -> Any:
    kind = schema.get("type", "string")
    if kind == "object":
        properties = schema.get("properties", {})
        return {name: example_of(each, components, depth + 1) for name, each in properties.items()}
    if kind == "array":
        items: Mapping[str, Any] = schema.get("items") or {}
        return [example_of(items, components, depth + 1)]
    if isinstance(kind, str) and kind in _PLAIN:
        return _PLAIN[kind]
    return "2026-03-01T09:00:00Z" if schema.get("format") == "date-time" else "…"
