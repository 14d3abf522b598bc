"""What a page is handed, and what it answers with: nothing of HTTP's library is seen here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta, timezone, tzinfo
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from bitrixmail.admin.messages import Pieces
from bitrixmail.model.user import Right, Session

LANGUAGES = ("en", "ru")
# Cookies that pages set
SESSION, LANGUAGE, STEPS = "bitrixmail", "language", "steps"
HIDDEN = "hidden"
MOST_FORM = 2 * 1024 * 1024
MOST_FILE = 64 * 1024 * 1024
_UTC = timezone(timedelta())


@dataclass(frozen=True, slots=True)
class Visit:
    """One request. Made by `web.http.routes` for each, ends with its answer.

    `query` and `form` hold the decoded values of each name, in their order; `files` what was
    uploaded, as file name and octets. `session` is None only on pages that nobody needs to log in
    for. `htmx`: only a part of a page is wanted. `came_from` is the page of ours before.
    `steps_hidden`: he wants no next steps on the dashboard.
    """

    method: str
    path: str
    query: Mapping[str, tuple[str, ...]]
    form: Mapping[str, tuple[str, ...]]
    files: Mapping[str, tuple[str, bytes]]
    peer: str
    agent: str
    secure: bool
    htmx: bool
    language: str = "en"
    zone: tzinfo = _UTC
    came_from: str = "/"
    session: Session | None = None
    host: str = ""
    steps_hidden: bool = False

    def asked(self, name: str, default: str = "") -> str:
        """Return the first value of a name in the query."""
        return next(iter(self.query.get(name, ())), default)

    def given(self, name: str, default: str = "") -> str:
        """Return the first value of a field of the form, without space around it."""
        return next(iter(self.form.get(name, ())), default).strip()

    def all_given(self, name: str) -> tuple[str, ...]:
        """Return all values of a field of the form."""
        return tuple(self.form.get(name, ()))

    @property
    def here(self) -> str:
        """The page that is looked at with its query; of an answer to a form the one it is on."""
        if self.method not in {"GET", "HEAD"}:
            return self.came_from
        asked = [(name, value) for name, values in self.query.items() for value in values]
        return f"{self.path}?{urlencode(asked)}" if asked else self.path

    @property
    def user(self) -> str:
        """The name of who is logged in; empty for nobody."""
        return "" if self.session is None else self.session.user.name

    def may(self, right: Right) -> bool:
        """Tell whether who is logged in may do that."""
        return self.session is not None and right in self.session.user.role.rights

    def can(self, right: str) -> bool:
        """Tell the same of a right by its name, for templates."""
        return self.may(Right(right))


@dataclass(frozen=True, slots=True)
class Page:
    """A page made of a template. `status` is that of HTTP."""

    template: str
    context: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200
    cookies: tuple[Cookie, ...] = ()


@dataclass(frozen=True, slots=True)
class Redirect:
    """Go on there (303). `said` is told on the page that follows, with `values` in it.

    `failed`: it tells that something did not work.
    """

    to: str
    said: str = ""
    cookies: tuple[Cookie, ...] = ()
    values: Mapping[str, object] = field(default_factory=dict)
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Download:
    """Octets to keep or show. `name` is offered as file name; empty: shown in place.

    `policy` stands in place of the pages' own Content-Security-Policy; `pieces` in that of octets.
    """

    octets: bytes
    content_type: str
    name: str = ""
    status: int = 200
    policy: str = ""
    pieces: Pieces | None = None


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie to set; with no value: to forget. Never readable by scripts unless `open`."""

    name: str
    value: str
    max_age_s: int
    open: bool = False


Reply = Page | Redirect | Download
Handler = Callable[..., Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Route:
    """A page, or something done. `path` is Klein's: "/queue/<name>" hands `name` to the handler.

    `needs` None: everybody may come. Everything but GET is guarded against other sites' forms, and
    takes a form of `most_octets` at most.
    """

    method: str
    path: str
    handler: Handler
    needs: Right | None = Right.SEE
    most_octets: int = MOST_FORM


def language_of(accepted: str) -> str:
    """Return our language that an Accept-Language field likes most (RFC 9110 §12.5.4)."""
    liked: list[tuple[float, str]] = []
    for part in accepted.split(",")[:20]:
        tag, _, parameter = part.partition(";")
        try:
            weight = float(parameter.strip().removeprefix("q=") or 1)
        except ValueError:
            weight = 0.0
        primary = tag.strip().lower().partition("-")[0]
        if primary in LANGUAGES and weight > 0:
            liked.append((weight, primary))
    return max(liked, default=(0.0, "en"), key=lambda pair: pair[0])[1]


def zone_of(name: str) -> tzinfo:
    """Return the viewer's time zone as his browser names it; UTC for one that is unknown."""
    if not name or len(name) > 64 or not all(part.isidentifier() for part in _parts(name)):
        return _UTC
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # an unknown one is a KeyError
        return _UTC


def _parts(name: str) -> Iterable[str]:
    return (part.replace("-", "_").replace("+", "_") for part in name.split("/"))
