"""`twistd` that notes when a password is hashed: a line of milliseconds in the file HASHES names.

Run as a file, with twistd's own arguments.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from twisted.scripts.twistd import run

_verify = PasswordHasher.verify


def verify(self: PasswordHasher, *args: Any, **named: Any) -> Any:
    with Path(os.environ["HASHES"]).open("a") as file:
        file.write(f"{time.monotonic() * 1000:.0f}\n")
    return _verify(self, *args, **named)


if __name__ == "__main__":
    PasswordHasher.verify = verify  # type: ignore[method-assign]
    sys.argv[0] = "twistd"
    run()  # type: ignore[no-untyped-call]  # Twisted's has no types
