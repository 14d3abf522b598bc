"""Routes over Klein: who asks, whether he may, what is answered. The one file that knows Klein.

Every answer carries a Content-Security-Policy under which no script of a message can run. What
changes something is a POST that shows the session's token and comes from a page of ours.
"""

# Twisted's and Klein's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, quote, unquote

from klein import Klein
from twisted.logger import Logger
from twisted.web.resource import IResource
from twisted.web.server import Request

from bitrixmail.accounts.signing_in import SigningIn
from bitrixmail.interfaces.threads import IThreads
from bitrixmail.link.peer import peer_of
from bitrixmail.model.errors import InputError, MailError, NotFoundError
from bitrixmail.model.user import Session
from bitrixmail.web.api.answering import Api
from bitrixmail.web.api.operation import BASE, Operation
from bitrixmail.web.http import calls
from bitrixmail.web.http.door import MOST_UNKNOWN
from bitrixmail.web.http.fields import address, field
from bitrixmail.web.http.forms import Uploaded, body_of, read_form, size_of, token_in
from bitrixmail.web.http.pieces import sent_piecewise
from bitrixmail.web.rendering import Rendering
from bitrixmail.web.visit import (
    HIDDEN,
    LANGUAGE,
    SESSION,
    STEPS,
    Cookie,
    Download,
    Page,
    Redirect,
    Reply,
    Route,
    Visit,
    language_of,
    zone_of,
)
from bitrixmail.web.words import _

_log = Logger()
ZONE, SAID = "zone", "said"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; font-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'"
)
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-DNS-Prefetch-Control": "off",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
# Of files that may be kept, and asked for again whether they have changed
_KEPT = {"Cache-Control": "no-cache", "Content-Security-Policy": _POLICY}
_SAFE = frozenset({"GET", "HEAD"})
_MOST_SAID = 500
# Stands before what is said of a failure; never in a quoted text
_FAILED = "!"
MOST_QUERY = 2000
# A form from here on is read in a thread
_AT_ONCE = 256 * 1024


class Site:
    """All pages behind their guards. Made by compose once the room is wanted."""

    def __init__(
        self,
        routes: Iterable[Route],
        signing_in: SigningIn,
        rendering: Rendering,
        threads: IThreads,
    ) -> None:
        self._signing_in = signing_in
        self._threads = threads
        self._rendering = rendering
        self._klein = Klein()
        # One path is one page; what has // in a name would be led elsewhere
        self._klein.url_map.merge_slashes = False
        for route in routes:
            self._add(route)
        failed: Any = self._failed
        self._klein.handle_errors(Exception)(failed)

    @property
    def resource(self) -> IResource:
        """What Twisted's web server serves."""
        return self._klein.resource()

    def mount(self, path: str, resource: IResource) -> None:
        """Serve a resource of Twisted's below a path."""

        def served(request: Request) -> IResource:
            for name, value in {**_HEADERS, **_KEPT}.items():
                request.setHeader(name, value)
            # Files are small, and a thousand pieces of one are not
            request.requestHeaders.removeHeader(b"range")
            return resource

        self._klein.route(path, branch=True)(served)

    def bind(self, api: Api) -> None:
        """Serve the API."""
        self._api = api
        for operation in api.operations:
            self._bind(operation)

    def _bind(self, operation: Operation) -> None:
        async def answer(request: Request, **parts: str) -> bytes:
            return await calls.answered(self._api, operation, request, parts, self._asked)

        opened = "<path:" if operation.slashes else "<"
        path = operation.whole_path.replace("{", opened).replace("}", ">")
        methods = [operation.method, "HEAD"] if operation.method == "GET" else [operation.method]
        self._klein.route(path, methods=methods, endpoint=f"api {operation.name}")(answer)

    async def _asked(self, request: Request) -> tuple[Visit, bool]:
        """Return a call as a visit, and whether it comes from a page of ours."""
        session = None
        if not field(request, "authorization"):
            session = await self._signing_in.session(_session_shown(request))
        visit = _visit(request, session)
        return visit, session is not None and _from_here(request, visit)

    def _add(self, route: Route) -> None:
        async def answer(request: Request, **parts: str) -> bytes:
            return await self._answer(route, request, parts)

        methods = [route.method, "HEAD"] if route.method == "GET" else [route.method]
        self._klein.route(route.path, methods=methods, endpoint=f"{route.method} {route.path}")(
            answer
        )

    async def _answer(self, route: Route, request: Request, parts: Mapping[str, str]) -> bytes:
        session = await self._signing_in.session(_session_shown(request))
        visit = _visit(request, session)
        if route.needs is not None and session is None:
            return self._send(request, visit, _to_login(request, visit))
        if route.method not in _SAFE and not _from_here(request, visit):
            reply: Reply = _refused(403, _("This form is out of date. Open its page anew."))
        elif route.needs is not None and not visit.may(route.needs):
            reply = _refused(403, _("Your role does not allow this."))
        elif size_of(request) > (MOST_UNKNOWN if session is None else route.most_octets):
            reply = _refused(413, _("This is larger than what is taken here."))
        else:
            reply = await calls.to_its_end(self._handled(route, request, visit, parts))
        body = self._send(request, visit, reply)
        if isinstance(reply, Download) and reply.pieces is not None and request.method != b"HEAD":
            return await calls.to_its_end(sent_piecewise(request, reply.pieces))
        return body

    async def _handled(
        self, route: Route, request: Request, visit: Visit, parts: Mapping[str, str]
    ) -> Reply:
        """Let a page answer; what a person or the disk did wrong is a page too."""
        try:
            if route.method not in _SAFE:
                given = await self._form(request)
                visit = replace(visit, form=given.fields, files=given.files)
            return await route.handler(visit, **parts)
        except InputError as error:
            status = 404 if isinstance(error, NotFoundError) else 400
            return Page(
                "problem.html", {"faults": error.faults, "status": status, "what": ""}, status
            )
        except MailError as error:
            _log.warn("{path}: {reason}", path=visit.path, reason=error.cause or str(error.reply))
            return _refused(503, _("The store does not answer now."))

    async def _form(self, request: Request) -> Uploaded:
        """Read a form: of somebody who may send it, and no larger than it may be."""
        # Whole before the first wait: it is closed under a client that goes
        octets, content_type = body_of(request), field(request, "content-type")
        if len(octets) <= _AT_ONCE:
            return read_form(content_type, octets)
        return await self._threads.run(read_form, content_type, octets)

    def _failed(self, request: Request, failure: Any) -> bytes:
        """Answer for what no handler has caught: an unknown path, or a bug."""
        error = failure.value
        status = getattr(error, "code", 500)
        visit = _visit(request, None)
        if visit.path.startswith(f"{BASE}/"):
            return calls.failed(request, failure)
        if status == 500:
            _log.failure("{path} failed", failure=failure, path=visit.path)
            return self._send(request, visit, _refused(500, _("This is a bug; the log says more.")))
        if status == 405:
            methods = sorted(getattr(error, "valid_methods", None) or ())
            request.setHeader("Allow", ", ".join(methods))
        what = _("There is no such page.") if status == 404 else _("That can't be done here.")
        return self._send(request, visit, _refused(status, what))

    def _send(self, request: Request, visit: Visit, reply: Reply) -> bytes:
        headers = {**_HEADERS, "Content-Security-Policy": _POLICY}
        cookies = () if isinstance(reply, Download) else reply.cookies
        body = b""
        if isinstance(reply, Page):
            status, body = reply.status, self._written(request, visit, reply)
            headers["Content-Type"] = "text/html; charset=utf-8"
            if request.getCookie(SAID.encode()) and not visit.htmx:
                cookies += (Cookie(SAID, "", 0),)
        elif isinstance(reply, Redirect):
            status = 204 if visit.htmx else 303
            headers["HX-Redirect" if visit.htmx else "Location"] = reply.to
            if reply.said:
                said = self._rendering.said(visit.language, reply.said, **reply.values)
                told = (_FAILED if reply.failed else "") + quote(said[:_MOST_SAID])
                cookies += (Cookie(SAID, told, 60),)
        else:
            status, body = reply.status, reply.octets
            headers["Content-Type"] = reply.content_type
            headers["Content-Security-Policy"] = reply.policy or "default-src 'none'; sandbox"
            if reply.name:
                name = quote(reply.name, safe="")
                headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{name}"
        request.setResponseCode(status)
        for name, value in headers.items():
            request.setHeader(name, value)
        for cookie in cookies:
            _set(request, visit, cookie)
        return b"" if request.method == b"HEAD" else body

    def _written(self, request: Request, visit: Visit, page: Page) -> bytes:
        told = "" if visit.htmx else _cookie(request, SAID)
        said = {
            "said": unquote(told.removeprefix(_FAILED))[:_MOST_SAID],
            "said_failed": told.startswith(_FAILED),
        }
        return self._rendering.page(visit, page.template, {**page.context, **said}).encode()


def _visit(request: Request, session: Session | None) -> Visit:
    """Return a request as a visit. Its form is left unread until it is known who sends it."""
    chosen = _cookie(request, LANGUAGE)
    language = chosen if chosen in {"en", "ru"} else language_of(field(request, "accept-language"))
    return Visit(
        method=request.method.decode("ascii", "replace"),
        path=request.path.decode("ascii", "replace"),
        query=_query(request),
        form={},
        files={},
        peer=peer_of(request.getClientAddress())[0],
        agent=field(request, "user-agent"),
        secure=request.isSecure(),
        htmx=field(request, "hx-request") == "true",
        language=language,
        zone=zone_of(_cookie(request, ZONE).replace("%2F", "/")),
        came_from=_page_before(request),
        session=session,
        host=field(request, "host"),
        steps_hidden=_cookie(request, STEPS) == HIDDEN,
    )


def _page_before(request: Request) -> str:
    """Return the path of the page of ours that led here; the first one if it is none of ours."""
    before = address(field(request, "referer"))
    if before.netloc != field(request, "host") or before.path.startswith("//"):
        return "/"
    return (before.path or "/") + (f"?{before.query}" if before.query else "")


def _query(request: Request) -> dict[str, tuple[str, ...]]:
    text = request.uri.partition(b"?")[2].decode("ascii", "replace")
    try:
        found = parse_qs(text, keep_blank_values=True, max_num_fields=MOST_QUERY)
    except ValueError:  # more than anybody means
        return {}
    return {name: tuple(values) for name, values in found.items()}


def _cookie(request: Request, name: str) -> str:
    octets: bytes = request.getCookie(name.encode()) or b""
    return octets.decode("ascii", "replace")[:2000]


def _session_shown(request: Request) -> str:
    """Return what names the session; nothing if several do, since another site may set cookies.

    Whoever has a page at a name beside or below ours can have a browser send a session of his own,
    before or behind the right one.
    """
    name = _session_name(request)
    pairs = [
        pair.strip().partition(b"=")
        for line in request.requestHeaders.getRawHeaders(b"cookie", ())
        for pair in line.split(b";")
    ]
    several = len({value for each, _is, value in pairs if each.strip() == name.encode()}) > 1
    return "" if several else _cookie(request, name)


def _session_name(request: Request) -> str:
    """Return what the cookie of a session is called: ports of a host share all cookies."""
    port = field(request, "host").rpartition(":")[2]
    return f"{SESSION}-{port}" if port.isascii() and port.isdigit() else SESSION


def _set(request: Request, visit: Visit, cookie: Cookie) -> None:
    request.addCookie(
        _session_name(request) if cookie.name == SESSION else cookie.name,
        cookie.value,
        path="/",
        max_age=str(cookie.max_age_s),
        httpOnly=not cookie.open,
        secure=visit.secure,
        sameSite="lax",
    )


def _to_login(request: Request, visit: Visit) -> Reply:
    wanted = request.uri.decode("ascii", "replace")
    back = quote(wanted) if visit.method == "GET" and wanted != "/" else ""
    return Redirect("/login" + (f"?to={back}" if back else ""))


def _refused(status: int, what: str) -> Page:
    return Page("problem.html", {"faults": (), "status": status, "what": what}, status)


def _from_here(request: Request, visit: Visit) -> bool:
    """Tell whether a form is one of ours: from a page of this site, with the session's token.

    A login has no session yet; there the origin has to do.
    """
    site = field(request, "sec-fetch-site")
    origin = field(request, "origin")
    if site and site not in {"same-origin", "none"}:
        return False
    if origin and address(origin).netloc != field(request, "host"):
        return False
    if visit.session is None:
        return bool(site or origin)
    shown = field(request, "x-csrf-token") or token_in(request)
    return secrets.compare_digest(shown.encode(), visit.session.csrf.encode())
