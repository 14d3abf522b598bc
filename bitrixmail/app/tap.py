"""What twistd calls: options to service, and every fault of the settings before anything starts."""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from bitrixmail.app.compose import compose
from bitrixmail.app.machine.failure import Terminal, told
from bitrixmail.app.options import Options
from bitrixmail.app.services import Server
from bitrixmail.app.settings.tree import Settings
from bitrixmail.app.watching.logs import lines_to, log_observer, log_stream, twistd_flags
from bitrixmail.model.errors import InputError, SetupError
from bitrixmail.net.tls import ServerTLS

__all__ = ["Options", "makeService", "tac_service"]


def makeService(options: Options) -> Server:
    """Make the server as the options say. Ends the process with 78 if the settings have faults."""
    # twistd runs us as its sub-command: its own options are those of the parent.
    return _service(options, options.parent or {})


def tac_service() -> Server:
    """Make the server for a .tac file: options from the environment (BITRIXMAIL_CONFIG)."""
    options = Options()
    options.parseOptions([])
    return _service(options, twistd_flags(sys.argv[1:]))


def _service(options: Options, flags: Mapping[str, object]) -> Server:
    from twisted.internet import reactor  # noqa: PLC0415 - twistd has chosen it by now

    try:
        if options["check-config"]:
            _checked(options.settings(beyond=True))
        settings = options.settings()
        server = compose(settings, reactor, options.settings, options.sources())
        stream = log_stream(flags)
    except (InputError, SetupError) as error:
        sys.stderr.write(told(error))
        code = error.exit_code if isinstance(error, SetupError) else os.EX_CONFIG
        raise SystemExit(code) from None
    if stream is not None:
        server.observer = log_observer(stream, settings.log, server.levels)
        if server.parts.receivers is not None:
            server.parts.receivers.lines = lines_to(stream)
    server.logs_to_file = bool(flags.get("logfile") or not flags.get("nodaemon"))
    terminal = Terminal(waits=not flags.get("nodaemon"))
    server.complain = terminal.complain
    server.start_begun = terminal.begun
    server.start_ended = terminal.ended
    return server


def _checked(settings: Settings) -> None:
    """Say that the settings are good, and end the process.

    Raises SetupError for a certificate.
    """
    if settings.tls.certificate:
        now = datetime.now(UTC)  # noqa: TID251 - there is no reactor, and no server
        ServerTLS().load(Path(settings.tls.certificate), Path(settings.tls.key), now)
    for warning in settings.warnings():
        sys.stderr.write(f"bitrixmail: {warning}\n")
    sys.stdout.write("the settings are good\n")
    raise SystemExit(os.EX_OK)
