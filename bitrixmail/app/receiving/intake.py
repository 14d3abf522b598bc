"""What the pipeline lends to an import run by a command: ids, and sinks for its messages."""

from __future__ import annotations

from pathlib import Path
from random import Random

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from bitrixmail.admin.mail_import import Intake
from bitrixmail.app.machine.ownership import as_owner_of
from bitrixmail.interfaces.blobs import IBlobStore
from bitrixmail.model.message import Content
from bitrixmail.pipeline.content import ContentSink
from bitrixmail.pipeline.queue_id import QueueIds


class OwnersSink:
    """A sink that root writes to as the owner of the data, so that the server can read its file.

    Made for one message, ends with it. The files that are imported are read as who runs the
    command: nobody else need see them.
    """

    def __init__(self, sink: ContentSink, data_dir: Path) -> None:
        self._sink = sink
        self._data_dir = data_dir

    def write(self, data: bytes) -> Deferred[None] | None:
        """See Sink."""
        with as_owner_of(self._data_dir):
            return self._sink.write(data)

    async def finish(self) -> Content:
        """See Sink. The stores of a command wait for nothing, so neither does this."""
        with as_owner_of(self._data_dir):
            return await self._sink.finish()

    def abort(self) -> None:
        """See Sink."""
        with as_owner_of(self._data_dir):
            self._sink.abort()


def intake_of(blobs: IBlobStore, inline_octets: int, data_dir: Path, clock: IReactorTime) -> Intake:
    """Make what an import needs."""
    ids = QueueIds(clock, Random())  # noqa: S311 - names, no secrets

    def sink() -> OwnersSink:
        return OwnersSink(ContentSink(blobs, inline_octets), data_dir)

    return Intake(sink, ids.next)
