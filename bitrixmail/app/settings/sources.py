"""Where the settings of this server come from, for those who change them or call its command."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bitrixmail.app.settings.loading import load_settings
from bitrixmail.app.settings.tree import Settings


@dataclass(frozen=True, slots=True)
class SettingSources:
    """A file, an environment and `section.key=value` texts; later ones win.

    Made of the options of who starts the server, or of a command.
    """

    file: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    overrides: Sequence[str] = ()

    def load(self, file: Path | None = None, *, beyond: bool = False) -> Settings:
        """Read them now, another file in place of the own one if it is given. InputError.

        `beyond`: and look at what they name.
        """
        given = file or self.file, self.environment, self.overrides
        if not beyond:
            return load_settings(*given)
        from bitrixmail.app.settings.preflight import preflight  # noqa: PLC0415 - few ask, and it is slow

        return load_settings(*given, beyond=preflight)

    def command(self) -> str:
        """Return how the command line is called with them from anywhere, by anybody."""
        words = [str(Path(sys.executable).parent / "bitrixmail")]
        words += [] if self.file is None else ["--config", str(self.file.absolute())]
        for each in self.overrides:
            path, _, value = each.partition("=")
            if path == "server.data_dir":
                words += ["--data-dir", str(Path(value).absolute())]
            else:
                words += ["--set", each]
        return shlex.join(words)
