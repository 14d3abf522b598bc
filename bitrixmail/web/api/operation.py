"""An operation of the API: what it is asked with, what it answers, who may. Knows no HTTP library.

From these values the routes, the checks of what comes in, and the OpenAPI document are made.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, ParamSpec, Protocol, TypeVar

from pydantic import ConfigDict, Field

from bitrixmail.admin.messages import Pieces
from bitrixmail.model.user import Right

BASE = "/api/v1"
JSON = "application/json"
MOST_LISTED = 1000
P = ParamSpec("P")
T = TypeVar("T")
# What comes in is exact: a misspelt key is a fault and not silence
EXACT = ConfigDict(extra="forbid")
Text = Annotated[str, Field(max_length=1000)]
Long = Annotated[str, Field(max_length=256 * 1024)]


class Recording(Protocol):
    """Writes a line of the audit log in the name of who asks."""

    async def __call__(self, what: str, target: str = "", detail: str = "") -> None:
        """Write it."""


class Apart(Protocol):
    """Calls a function, in a thread if that is better."""

    async def __call__(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call it."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. `name` is what the audit log tells; `rights` are those of the token or session."""

    user: str
    name: str
    rights: frozenset[Right]
    peer: str


@dataclass(frozen=True, slots=True)
class Call:
    """One call of an operation. Made for each, ends with its answer.

    `parts` are those of the path by name; `query` and `body` are of the types the operation names,
    the body of one that reads octets is bytes. `key`: the Idempotency-Key, or empty. `still` tells
    later whether who asks still may; `last_event`: the last one that he got, where he listens.
    `digest` is that of query and body, of calls that a key may name; else empty. `apart` calls a
    function for it, in a thread where the body is large.
    """

    caller: Caller
    parts: Mapping[str, str]
    query: Any
    body: Any
    key: str
    record: Recording
    still: Callable[[], Awaitable[bool]]
    apart: Apart
    last_event: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Raw:
    """Octets in place of JSON; `pieces` in place of them, of what may be long."""

    octets: bytes
    content_type: str
    pieces: Pieces | None = None


@dataclass(frozen=True, slots=True)
class Sliced:
    """A page that the use case has cut by itself. `next` is where the next begins; None: last."""

    items: tuple[Any, ...]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Paged:
    """The query of every list."""

    __pydantic_config__: ClassVar[ConfigDict] = EXACT

    limit: Annotated[int, Field(ge=1, le=MOST_LISTED, description="How many at most.")] = 100
    cursor: Annotated[
        str, Field(max_length=500, description="Where to go on: `next` of the page before.")
    ] = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """See the module. `path` is below `base`, a part of it in braces: "/domains/{name}".

    `needs` None: nobody has to say who he is. `answers` is the type of the answer, None for none
    (204); of a list (`listed`) that of one item. `key` returns by what a list is ordered and goes
    on, as text; a handler that returns `Sliced` needs none. `body` is the type of the body, with
    `reads` a content type whose octets are taken as they are. `gives`: a content type other than
    JSON. `most_octets` bounds the body. `keeps_keys`: the use case itself knows an Idempotency-Key
    again, and for longer. `slashes`: what the parts of the path name may have some. `also`: a right
    that it needs besides.
    """

    method: str
    path: str
    handler: Callable[[Call], Awaitable[Any]]
    needs: Right | None
    answers: Any = None
    query: Any = None
    body: Any = None
    status: int = 200
    listed: bool = False
    key: Callable[[Any], str] | None = None
    reads: str = JSON
    gives: str = JSON
    most_octets: int = 1024 * 1024
    base: str = BASE
    keeps_keys: bool = False
    slashes: bool = False
    also: Right | None = None

    @property
    def rights(self) -> tuple[Right, ...]:
        """All that it needs."""
        return tuple(each for each in (self.needs, self.also) if each is not None)

    @property
    def takes_keys(self) -> bool:
        """Whether it is done once by an Idempotency-Key: it changes something, and answers JSON."""
        return self.method == "POST" and self.needs is not Right.SEE and self.gives == JSON

    @property
    def name(self) -> str:
        """How it is called in the document: the name of its handler, with that of its group."""
        return f"{self.tag}_{self.handler.__name__}"

    @property
    def whole_path(self) -> str:
        """Where it is served."""
        return self.base + self.path

    @property
    def tag(self) -> str:
        """Its group: the first part of the path."""
        return self.path.split("/")[1]

    @property
    def summary(self) -> str:
        """What it does, in one line: the first of its handler's docstring."""
        return (self.handler.__doc__ or "").strip().partition("\n")[0]

    @property
    def description(self) -> str:
        """The rest of its handler's docstring."""
        rest = (self.handler.__doc__ or "").strip().partition("\n")[2]
        return "\n".join(line.strip() for line in rest.strip().splitlines())

    @property
    def reads_body(self) -> bool:
        """Whether it is sent something."""
        return self.body is not None

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the parts of its path."""
        return tuple(part[1:-1] for part in self.path.split("/") if part.startswith("{"))
