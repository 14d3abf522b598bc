"""A mailbox written out as files that other mail programs read."""

from __future__ import annotations

from dataclasses import dataclass, field

from bitrixmail.admin import typed
from bitrixmail.admin.accounts import no_such_mailbox
from bitrixmail.admin.mail_targets import Outgoing, Target
from bitrixmail.interfaces.directory import IDirectory
from bitrixmail.interfaces.store import IMessageStore
from bitrixmail.model.directory import Mailbox
from bitrixmail.model.errors import Fault, NotFoundError
from bitrixmail.model.message import Listed, Place

_GROUP = 50
_PIECE_OCTETS = 1024 * 1024


@dataclass(slots=True)
class ExportWork:
    """An export being carried out. Made by `begin`, ends with it. `done` counts messages."""

    mailbox: Mailbox
    target: Target
    places: list[tuple[str, Place]]
    done: int = 0
    gone: int = 0
    faults: list[Fault] = field(default_factory=list)


class MailExport:
    """The use case of exports. Made by who composes a face, lives as long as it."""

    def __init__(self, messages: IMessageStore, directory: IDirectory) -> None:
        self._messages = messages
        self._directory = directory

    async def check(self, address: str, folder: str | None) -> tuple[Mailbox, tuple[str, ...]]:
        """Return a mailbox and the names of its folders, or of the one asked for.

        Raises NotFoundError for no such mailbox or folder.
        """
        key = typed.address_key(address, "--mailbox")
        mailbox = await self._directory.mailbox(key)
        if mailbox is None:
            raise NotFoundError(no_such_mailbox(key))
        names = await self._messages.folders(mailbox.id)
        if folder is None:
            return mailbox, names
        name = typed.folder(folder, "--folder")
        if name not in names:
            remedy = f"its folders: {', '.join(names)}"
            raise NotFoundError(Fault(key, f"has no folder {name}", remedy))
        return mailbox, (name,)

    async def begin(self, mailbox: Mailbox, names: tuple[str, ...], target: Target) -> ExportWork:
        """Begin to write the folders of a mailbox, as they stand now."""
        places: list[tuple[str, Place]] = []
        for name in names:
            view = await self._messages.folder(mailbox.id, name)
            places += [(name, place) for place in view.places] if view is not None else []
        return ExportWork(mailbox, target, places)

    async def go_on(self, work: ExportWork) -> bool:
        """Write some more messages; False if there were none. Raises OSError, MailError."""
        group = work.places[work.done : work.done + _GROUP]
        for folder, place in group:
            try:
                await self._write(work, folder, place)
            except NotFoundError:
                work.gone += 1  # removed while the export ran
            work.done += 1
        return bool(group)

    async def _write(self, work: ExportWork, folder: str, place: Place) -> None:
        found = await self._listed(work.mailbox, folder, place)
        outgoing = Outgoing(
            place.queue_id,
            place.uid,
            folder,
            found.sender,
            found.received,
            place.flags,
            place.tags,
        )
        # One message is in memory at a time; its file is written only when all of it was read.
        pieces = [
            await self._messages.read(place.id, offset, _PIECE_OCTETS)
            for offset in range(0, place.size_octets, _PIECE_OCTETS)
        ]
        work.faults += work.target.write(outgoing, pieces)

    async def _listed(self, mailbox: Mailbox, folder: str, place: Place) -> Listed:
        for listed in await self._messages.find(place.queue_id):
            if (listed.mailbox, listed.folder, listed.uid) == (mailbox.address, folder, place.uid):
                return listed
        raise NotFoundError(Fault(place.queue_id, "is not there any more"))
