"""Who asks: what he may, and where he is logged in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bitrixmail.admin.office import Office
from bitrixmail.model.user import Right, User
from bitrixmail.web.api.operation import Call, Operation
from bitrixmail.web.api.operations.governing import SessionShown, TokenShown, shown_token


@dataclass(frozen=True, slots=True)
class AccountShown:
    """The user whose token or session it is. `rights`: what may be done with it."""

    user: User
    rights: tuple[Right, ...]
    sessions: tuple[SessionShown, ...]
    tokens: tuple[TokenShown, ...]


class AccountOperations:
    """Made by the contents, lives as long as they."""

    def __init__(self, office: Office) -> None:
        self._users = office.users

    def operations(self) -> Iterator[Operation]:
        """Yield them."""
        yield Operation("GET", "/account", self.show, Right.SEE, AccountShown)

    async def show(self, call: Call) -> AccountShown:
        """Tell who asks, what may be done with the token, and what sessions and tokens there are.

        Password and second factor are changed on the page of the account alone: there the old
        password is asked for.
        """
        user = await self._users.find(call.caller.user)
        sessions = tuple(
            SessionShown(each.key, each.created, each.seen, each.address, each.agent)
            for each in await self._users.sessions(user.name)
        )
        tokens = tuple(map(shown_token, await self._users.tokens_of(user.name)))
        rights = tuple(sorted(call.caller.rights, key=lambda right: right.value))
        return AccountShown(user, rights, sessions, tokens)
