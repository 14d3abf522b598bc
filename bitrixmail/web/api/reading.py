"""What comes in, held against the types of its operation: every fault at once, none passed over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bitrixmail.model.errors import Fault
from bitrixmail.web.api.operation import JSON, Operation
from bitrixmail.web.api.problem import ProblemError

_WRONG = "What was sent can't be used."
_REMEDIES = {
    "extra_forbidden": "leave it out: see /api/docs",
    "unexpected_keyword_argument": "leave it out: see /api/docs",
    "missing": "give one: see /api/docs",
}


class Reader:
    """Reads for one operation. Made with it, lives as long."""

    def __init__(self, operation: Operation) -> None:
        self._operation = operation
        self._query = _adapter(operation.query)
        self._body = _adapter(operation.body) if operation.reads == JSON else None
        self._several = _several(self._query)

    def query(self, given: Mapping[str, tuple[str, ...]]) -> Any:
        """Return the query as its type. Raises ProblemError."""
        values: dict[str, Any] = {}
        faults: list[Fault] = []
        for name, texts in given.items():
            if name in self._several:
                values[name] = texts
            elif len(texts) > 1:
                faults.append(Fault(f"query.{name}", "is given more than once", "give it once"))
            else:
                values[name] = texts[0]
        if self._query is None:
            faults += [
                Fault(f"query.{name}", "is not known here", "leave it out") for name in values
            ]
        if faults:
            raise ProblemError(422, _WRONG, faults)
        if self._query is None:
            return None
        try:
            return self._query.validate_python(values)
        except ValidationError as error:
            raise ProblemError(422, _WRONG, _faults(error, "query")) from None

    def body(self, octets: bytes, content_type: str) -> Any:
        """Return the body as its type. Raises ProblemError."""
        operation = self._operation
        if not operation.reads_body:
            if octets:
                raise ProblemError(422, "This takes no body.")
            return None
        kind = content_type.partition(";")[0].strip().lower()
        if kind != operation.reads:
            raise ProblemError(415, f"Send it as Content-Type: {operation.reads}.")
        if self._body is None:
            return octets
        try:
            return self._body.validate_json(octets, strict=True)
        except ValidationError as error:
            malformed = [each for each in error.errors() if each["type"] == "json_invalid"]
            if malformed:
                fault = Fault("body", str(malformed[0]["msg"]), "send JSON in UTF-8")
                raise ProblemError(400, "The body is no JSON.", [fault]) from None
            raise ProblemError(422, _WRONG, _faults(error, "body")) from None


def _adapter(wanted: Any) -> TypeAdapter[Any] | None:
    return None if wanted is None else TypeAdapter(wanted)


def _several(adapter: TypeAdapter[Any] | None) -> frozenset[str]:
    """Name those of a query that may be given several times."""
    if adapter is None:
        return frozenset()
    properties = adapter.json_schema().get("properties", {})
    return frozenset(name for name, each in properties.items() if each.get("type") == "array")


def _faults(error: ValidationError, where: str) -> list[Fault]:
    return [
        Fault(
            ".".join((where, *map(str, each["loc"]))), each["msg"], _REMEDIES.get(each["type"], "")
        )
        for each in error.errors(include_url=False, include_input=False)
    ]
