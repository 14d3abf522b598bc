"""All pages and calls that there are, with nobody behind them: for documents, and for tests."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from bitrixmail.web.api.contents import Served, operations_of
from bitrixmail.web.api.openapi import document
from bitrixmail.web.api.operation import Operation
from bitrixmail.web.visit import Route


class _Nobody:
    """Stands for use cases that are never called."""

    def __getattr__(self, name: str) -> Any:
        return self


_NOBODY: Any = _Nobody()
_SERVED = Served(_NOBODY, _NOBODY, _NOBODY, _NOBODY, _NOBODY, _NOBODY, _NOBODY, _NOBODY)


def every_operation() -> tuple[Operation, ...]:
    """Return the operations of the API as the server has them; none can be called."""
    return tuple(operations_of(_SERVED))


def every_route() -> tuple[Route, ...]:
    """Return the routes of the pages as the server has them; their handlers can't be called."""
    from bitrixmail.web.site_map import Over, routes_of  # noqa: PLC0415 - slow, and not for the API

    over = Over(_SERVED, _NOBODY, _NOBODY, _NOBODY, "", _NOBODY)
    return tuple(routes_of(over, whole_document()))


def whole_document() -> dict[str, Any]:
    """Return the OpenAPI document of all operations."""
    return document(every_operation(), version("bitrixmail"))
