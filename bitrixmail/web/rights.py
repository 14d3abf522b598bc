"""Who may what, as a table made of the routes: `python -m bitrixmail.web.rights`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from bitrixmail.model.user import Right, Role
from bitrixmail.web.inventory import every_operation, every_route

_YES, _NO = "x", ""
_HEAD = """\
# Who may what

Made of the code by `python -m bitrixmail.web.rights > docs/web/rights.md`;
`tests/integration/web/test_rights.py` asks a running server for every line and column of it.
Whoever may not is refused before it is looked whether what he names exists.

"""
_PAGES = """
## Pages

By the cookie of a session, never by a token. *Nobody* is led to the login; a POST wants the
session's token in the form too.

"""
_CALLS = """
## The API

By a token (the last five columns: one that has this right and no other), or by the cookie of a
session, and then whatever is no GET wants `X-CSRF-Token`.

"""


def table() -> str:
    """Return it."""
    roles = [role.value for role in Role]
    rights = [right.value for right in Right]
    routes = [
        (f"`{each.method} {each.path}`", () if each.needs is None else (each.needs,))
        for each in every_route()
    ]
    calls = [(f"`{each.method} {each.whole_path}`", each.rights) for each in every_operation()]
    lines = [
        *_table(["right", *roles], ([right.value, *_roles((right,))] for right in Right)),
        *_PAGES.splitlines(),
        *_table(["page", "nobody", *roles], ([name, *_who(needs)] for name, needs in routes)),
        *_CALLS.splitlines(),
        *_table(
            ["call", "nobody", *roles, *rights],
            ([name, *_who(needs), *_tokens(needs)] for name, needs in calls),
        ),
    ]
    return _HEAD + "\n".join(lines) + "\n"


def _table(head: list[str], rows: Iterable[list[str]]) -> Iterator[str]:
    for row in (head, ["---"] * len(head), *rows):
        yield "| " + " | ".join(row) + " |"


def _who(needs: tuple[Right, ...]) -> list[str]:
    return [_NO if needs else _YES, *_roles(needs)]


def _roles(needs: tuple[Right, ...]) -> list[str]:
    return [_YES if role.rights.issuperset(needs) else _NO for role in Role]


def _tokens(needs: tuple[Right, ...]) -> list[str]:
    return [_YES if {right}.issuperset(needs) else _NO for right in Right]


if __name__ == "__main__":
    sys.stdout.write(table())
