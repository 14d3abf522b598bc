"""Prints the OpenAPI document: `python -m bitrixmail.web.api > docs/openapi.json`."""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from typing import Any

from bitrixmail.web.api.contents import Served, operations_of
from bitrixmail.web.api.openapi import document


class _Nobody:
    """Stands for use cases that are never called. Made to tell of operations, and for nothing."""

    def __getattr__(self, name: str) -> Any:
        return self


def whole_document() -> dict[str, Any]:
    """Return the document of all operations."""
    nobody: Any = _Nobody()
    served = Served(nobody, nobody, nobody, nobody, nobody, nobody, nobody, nobody)
    return document(operations_of(served), version("bitrixmail"))


def main() -> None:
    """Print it."""
    json.dump(whole_document(), sys.stdout, indent=1, ensure_ascii=False)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
