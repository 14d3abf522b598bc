"""The settings of extensions: which are in force, and what each is told. See `settings`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, ConfigDict

from bitrixmail.app.settings.values import FORBID, Count, Patience, Texts, as_table, doc
from bitrixmail.model.errors import Fault
from bitrixmail.model.text import printable

_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")


@dataclass(frozen=True, slots=True)
class Extensions:
    """Python of your own, or others', in this server: docs/extending.md.

    An extension that fails too often is switched off until SIGHUP, and its owner is told.
    """

    __pydantic_config__: ClassVar[ConfigDict] = FORBID

    enabled: Annotated[
        Texts, doc("Those in force, by name: installed packages may bring any number.")
    ] = ()
    condition_time: Annotated[
        Patience, doc("How long a condition may take; then its rule is passed over.")
    ] = 1.0
    action_time: Annotated[
        Patience, doc("How long an action may take; then it is tried again later.")
    ] = 60.0
    faults: Annotated[
        Count, doc("So many errors within `faults_within` switch an extension off; 0: none do.")
    ] = 5
    faults_within: Annotated[Patience, doc("See above.")] = 600.0
    settings: Annotated[
        dict[str, Any],
        BeforeValidator(as_table),
        doc('What each is told, as its own docs say: { shop = { url = "https://…" } }.'),
    ] = field(default_factory=dict)

    def wrong(self) -> Iterator[Fault]:
        """Find what is wrong with names, and with settings that nobody is told."""
        for name in self.enabled:
            if not _NAME.fullmatch(name):
                shown = printable(name, 60)
                yield Fault(
                    "extensions.enabled", f'"{shown}" is no name', "letters, digits, - and _"
                )
        for name, table in self.settings.items():
            where = f"extensions.settings.{printable(name, 60)}"
            if not isinstance(table, dict):
                yield Fault(where, "is not a table", f"write it as [{where}]")
