"""What can be fuzzed: each target by its name, made when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

# Each module has a function of the target's name that makes it.
_MODULES = {
    "framing": "wire_targets",
    "grammar": "wire_targets",
    "proxy": "proxy_targets",
    "lines": "wire_targets",
    "smtp": "session_targets",
    "pop3": "session_targets",
    "headers": "header_targets",
    "addresses": "header_targets",
    "parameters": "header_targets",
    "body": "body_targets",
    "html": "body_targets",
    "transfer": "body_targets",
    "mbox": "file_targets",
    "dump": "file_targets",
    "rules": "toml_targets",
    "templates": "toml_targets",
    "settings": "toml_targets",
    "site": "toml_targets",
    "washed": "page_targets",
    "forms": "page_targets",
    "search": "page_targets",
}
# There may be no pages; a find of theirs is left alone then
ALL = frozenset(_MODULES)
NAMES = tuple(
    name
    for name, module in _MODULES.items()
    if module != "page_targets" or find_spec("bitrixmail.web") is not None
)


@dataclass(frozen=True)
class Target:
    """One reader and what is to be thrown at it.

    `run` reads one input: it raises where a promise is broken, AssertionError or what the code
    under test raised, and returns what the reader did, roughly: an input that makes it do something
    new is worth keeping. `words` are what its language is made of.
    """

    name: str
    run: Callable[[bytes], Hashable]
    seeds: tuple[bytes, ...]
    words: tuple[bytes, ...]
    max_octets: int = 400


def make_target(name: str) -> Target:
    """Make a target. Raises LookupError if there is none of that name."""
    module = import_module(f"tests.fuzz.{_MODULES[name]}")
    made = getattr(module, name)()
    if not isinstance(made, Target):
        raise TypeError(name)
    return made


def size_class(number: int) -> int:
    """Tell numbers apart as coarsely as a fuzzer should: 0, 1, 2-3, 4-7 and so on."""
    return number.bit_length()
