"""Examples at the end of each command's help."""

from __future__ import annotations


def examples(*lines: str) -> str:
    """Return an epilog that shows command lines as they are."""
    # \b keeps click from filling the lines that follow.
    return "\n".join(
        ["\b", "Examples:" if len(lines) > 1 else "Example:", *map("  {}".format, lines)]
    )
