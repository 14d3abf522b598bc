"""Prints the OpenAPI document: `python -m bitrixmail.web.api > docs/openapi.json`."""

from __future__ import annotations

import json
import sys

from bitrixmail.web.inventory import whole_document


def main() -> None:
    """Print it."""
    json.dump(whole_document(), sys.stdout, indent=1, ensure_ascii=False)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
