"""The OpenAPI document (3.1), made of the operations and their types."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Literal

from pydantic import TypeAdapter

from bitrixmail.model.user import Right
from bitrixmail.web.api.operation import JSON, Operation
from bitrixmail.web.api.problem import PROBLEM, Problem

_REF = "#/components/schemas/{model}"
_SPACE = re.compile(r"\s*\n\s*")
_Mode = Literal["validation", "serialization"]
_RIGHTS = {
    Right.SEE: "Look at everything",
    Right.HANDLE: "Mail: release, hold, retry, delete, train, answer tickets",
    Right.MANAGE: "Domains, mailboxes, rules, lists",
    Right.SEND: "Hand in mail to be sent",
    Right.GOVERN: "The server itself: users, tokens, settings",
}
_ABOUT = (
    "Everything that the pages and the command line do. Show a token in each call,"
    " `Authorization: Bearer bxm_…`; what it may do are its scopes. Lists come in pages: `next` of"
    " an answer is the `cursor` of the call that goes on. What goes wrong is told as problem+json"
    " (RFC 9457), with every fault, where it is, and its remedy."
)


def document(operations: Iterable[Operation], version: str) -> dict[str, Any]:
    """Return the document."""
    listed = tuple(operations)
    schemas, components = _schemas(listed)
    paths: dict[str, dict[str, Any]] = {}
    for operation in listed:
        path = paths.setdefault(operation.whole_path, {})
        path[operation.method.lower()] = _described(operation, schemas, components)
    scopes = ", ".join(f"`{right.value}`: {text}" for right, text in _RIGHTS.items())
    return {
        "openapi": "3.1.0",
        "info": {"title": "bitrixmail", "version": version, "description": _ABOUT},
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "tags": [{"name": tag} for tag in dict.fromkeys(each.tag for each in listed)],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": f"Scopes: {scopes}."}
            },
        },
    }


def _schemas(
    operations: Iterable[Operation],
) -> tuple[dict[tuple[str, str], Any], dict[str, Any]]:
    """Return the schema of each type by operation and use, and those that several refer to."""
    wanted: list[tuple[str, _Mode, TypeAdapter[Any]]] = [
        ("problem", "serialization", TypeAdapter(Problem))
    ]
    for operation in operations:
        name = operation.name
        if operation.answers is not None and operation.gives == JSON:
            wanted.append((f"{name} answer", "serialization", TypeAdapter(operation.answers)))
        if operation.body is not None and operation.reads == JSON:
            wanted.append((f"{name} body", "validation", TypeAdapter(operation.body)))
    found, definitions = TypeAdapter.json_schemas(wanted, ref_template=_REF)
    components = dict(definitions.get("$defs", {}))
    for schema in components.values():
        _tidy(schema)
    schemas: dict[tuple[str, str], Any] = {
        (name, mode): each for (name, mode), each in found.items()
    }
    for schema in schemas.values():
        _tidy(schema)
    return schemas, components


def _tidy(schema: Any) -> None:
    """Drop the titles that only say the name again, and the line ends of docstrings."""
    if isinstance(schema, list):
        for each in schema:
            _tidy(each)
    if not isinstance(schema, dict):
        return
    if isinstance(schema.get("title"), str):
        del schema["title"]
    if isinstance(schema.get("description"), str):
        schema["description"] = _SPACE.sub(" ", schema["description"])
    for each in schema.values():
        _tidy(each)


def _described(
    operation: Operation,
    schemas: Mapping[tuple[str, str], Any],
    components: dict[str, Any],
) -> dict[str, Any]:
    needs = operation.needs
    rights = [right.value for right in operation.rights]
    described: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": operation.summary,
        "security": [] if needs is None else [{"token": rights}],
        "parameters": [*_path(operation), *_query(operation, components), *_key(operation)],
        "responses": _responses(operation, schemas),
    }
    wanted = " and ".join(f"`{right}`" for right in rights)
    description = f"Needs the right {wanted}." if wanted else ""
    described["description"] = f"{operation.description}\n\n{description}".strip()
    if operation.reads_body:
        schema = schemas.get((f"{operation.name} body", "validation"))
        content = {} if schema is None else {"schema": schema}
        described["requestBody"] = {"required": True, "content": {operation.reads: content}}
    return described


def _path(operation: Operation) -> list[dict[str, Any]]:
    schema = {"type": "string", "minLength": 1, "maxLength": 300}
    return [
        {"name": name, "in": "path", "required": True, "schema": schema} for name in operation.names
    ]


def _query(operation: Operation, components: dict[str, Any]) -> list[dict[str, Any]]:
    """Describe each value of the query, by the schema of its type."""
    if operation.query is None:
        return []
    schema = TypeAdapter(operation.query).json_schema(ref_template=_REF)
    for name, each in schema.get("$defs", {}).items():
        _tidy(each)
        components.setdefault(name, each)
    required = schema.get("required", ())
    found = []
    for name, each in schema["properties"].items():
        _tidy(each)
        about = each.pop("description", "")
        parameter = {"name": name, "in": "query", "required": name in required, "schema": each}
        found.append({**parameter, "description": about} if about else parameter)
    return found


def _key(operation: Operation) -> list[dict[str, Any]]:
    if not operation.takes_keys:
        return []
    about = "The same call with the same key is done once."
    schema = {"type": "string", "maxLength": 200}
    return [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "schema": schema,
            "description": about,
        }
    ]


def _responses(operation: Operation, schemas: Mapping[tuple[str, str], Any]) -> dict[str, Any]:
    responses: dict[str, Any] = {str(_status(operation)): _success(operation, schemas)}
    problem = {PROBLEM: {"schema": schemas["problem", "serialization"]}}
    for status in _problems(operation):
        answer: dict[str, Any] = {"description": HTTPStatus(status).phrase, "content": problem}
        responses[str(status)] = answer
    return responses


def _status(operation: Operation) -> int:
    return 204 if operation.answers is None and operation.gives == JSON else operation.status


def _success(operation: Operation, schemas: Mapping[tuple[str, str], Any]) -> dict[str, Any]:
    status = _status(operation)
    answer: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    if status == 204:
        return answer
    if operation.gives != JSON:
        return {**answer, "content": {operation.gives: {}}}
    schema = schemas[f"{operation.name} answer", "serialization"]
    if operation.listed:
        about = "The `cursor` of the next page; null: this is the last."
        schema = {
            "type": "object",
            "required": ["items", "next"],
            "properties": {
                "items": {"type": "array", "items": schema},
                "next": {"type": ["string", "null"], "description": about},
            },
        }
        answer["headers"] = {"Link": {"schema": {"type": "string"}}}
    return {**answer, "content": {JSON: {"schema": schema}}}


def _problems(operation: Operation) -> tuple[int, ...]:
    statuses = {404, 422, 429, 503}
    if operation.needs is not None:
        statuses |= {401, 403}
    if operation.method != "GET":
        statuses |= {409, 413}
    if operation.reads_body:
        statuses |= {400, 413, 415}
    return tuple(sorted(statuses))
