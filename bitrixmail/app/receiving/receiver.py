"""A process that receives mail beside the server's own, which starts it: `-m …receiver NUMBER`.

Imports nothing heavy before the kernel knows that it ends with the server: it holds the server's
sockets from the first moment, but sees that the server is gone only once it runs.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from importlib import import_module

_PR_SET_PDEATHSIG = 1


def die_with_parent(number: int) -> None:
    """Let the kernel send a signal when the process that started this one ends; 0: none."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, number)


def main() -> None:
    """Run until told to end. The second argument is the server's process."""
    die_with_parent(signal.SIGKILL)
    if os.getppid() != int(sys.argv[2]):  # it was faster
        return
    import_module("bitrixmail.app.receiving.receiver_life").run(lambda: die_with_parent(0))


if __name__ == "__main__":
    main()
