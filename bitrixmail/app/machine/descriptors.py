"""How many files and sockets the server may have open: as many as the system lets it take."""

from __future__ import annotations

import resource

# Beyond it the kernel's own bound may lie (fs.nr_open), and no server of this kind has so many.
_ENOUGH = 65_536


def take_descriptors() -> None:
    """Raise the soft limit, a shell's 1,024 mostly, to the hard one.

    The soft one is there for programs that use select(2), which this one does not.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _ENOUGH if hard == resource.RLIM_INFINITY else min(hard, _ENOUGH)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
