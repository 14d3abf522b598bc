"""All operations of the API: the one list of what it has."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bitrixmail.admin.office import Office
from bitrixmail.admin.sending import Sending
from bitrixmail.admin.upkeep import Upkeep
from bitrixmail.web.api.operation import Operation, Raw
from bitrixmail.web.api.operations.account import AccountOperations
from bitrixmail.web.api.operations.desk import DeskOperations
from bitrixmail.web.api.operations.directory import DirectoryOperations
from bitrixmail.web.api.operations.governing import GoverningOperations
from bitrixmail.web.api.operations.letters import LettersOperations
from bitrixmail.web.api.operations.lists import ListsOperations
from bitrixmail.web.api.operations.log import LogOperations
from bitrixmail.web.api.operations.mail import MailOperations
from bitrixmail.web.api.operations.queue import QueueOperations
from bitrixmail.web.api.operations.rule_editing import RuleEditingOperations
from bitrixmail.web.api.operations.rule_runs import RuleRunsOperations
from bitrixmail.web.api.operations.rules import RulesOperations
from bitrixmail.web.api.operations.running import RunningOperations
from bitrixmail.web.api.operations.search import SearchOperations
from bitrixmail.web.api.operations.sending import SendingOperations
from bitrixmail.web.api.operations.server import ServerOperations, ServerState
from bitrixmail.web.api.operations.settings import SettingsOperations
from bitrixmail.web.api.operations.zones import ZonesOperations
from bitrixmail.web.live.hub import Hub


@dataclass(frozen=True, slots=True)
class Served:
    """What the operations are handed. Made by compose once the room is wanted.

    `settings` returns those in force, masked; `look` tells how the server is; `exposed` returns the
    metrics, None: nothing is measured.
    `calls_per_minute`: how many one may make, 0: no limit.
    """

    office: Office
    upkeep: Upkeep
    sending: Sending
    settings: Callable[[], Mapping[str, Any]]
    look: Callable[[], Awaitable[ServerState]]
    hub: Hub
    exposed: Callable[[], Awaitable[Raw]] | None
    calls_per_minute: Callable[[], int]


def operations_of(served: Served) -> Iterator[Operation]:
    """Yield every operation. A new subject is a line here; see docs/api.md."""
    office = served.office
    yield from SendingOperations(served.sending).operations()
    yield from DirectoryOperations(office).operations()
    yield from ZonesOperations(office).operations()
    yield from MailOperations(office).operations()
    yield from LettersOperations(office).operations()
    yield from SearchOperations(office).operations()
    yield from QueueOperations(office).operations()
    yield from RulesOperations(office).operations()
    yield from RuleEditingOperations(office).operations()
    yield from RuleRunsOperations(office).operations()
    yield from DeskOperations(office).operations()
    yield from ListsOperations(office).operations()
    yield from GoverningOperations(office, served.settings).operations()
    yield from AccountOperations(office).operations()
    yield from SettingsOperations(served.upkeep).operations()
    yield from LogOperations(office).operations()
    yield from RunningOperations(served.upkeep).operations()
    yield from ServerOperations(served.look, served.hub, served.exposed).operations()
