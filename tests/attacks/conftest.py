"""The command line over a data directory, as the tests of the commands have it."""

from __future__ import annotations

from tests.unit.cli.conftest import shell, template

__all__ = ["shell", "template"]
