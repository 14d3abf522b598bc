"""HTML of messages made harmless: a strict list of what may stay, shown in a frame of its own.

Three things keep a script out, each enough alone: what is not on the list is taken away here, the
policy of the frame's document allows nothing to run, and the frame has no origin.
"""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

import nh3

# What is left of a message's links: nothing that runs, nothing of ours
_SCHEMES = {"http", "https", "mailto", "tel", "cid", "data"}
_LINKED = re.compile(r"\s*(?:https?|mailto|tel):", re.IGNORECASE)
_REMOTE = re.compile(r"\s*https?:", re.IGNORECASE)
# A browser takes these out of an address before it looks at it (URL standard §4.4)
_TAKEN_OUT = re.compile(r"[\t\r\n]")
# What stands before the host is a name to log in with, and made to look like a host
_USER = re.compile(r"^(\s*https?:[/\\]*)[^/\\?#]*@", re.IGNORECASE)
_PICTURE = re.compile(r"\s*data:image/(?:png|jpe?g|gif|webp);base64,[a-z0-9+/=\s]*", re.IGNORECASE)
# In styles: what loads something, what old browsers run, and what hides either
_STYLE_TRICK = re.compile(
    r"url|expression|import|javascript|behaviou?r|binding|[\\@<&]|/\*", re.IGNORECASE
)
_STYLES = {
    "color", "background-color", "font", "font-family", "font-size", "font-style", "font-weight",
    "text-align", "text-decoration", "text-transform", "text-indent", "line-height",
    "letter-spacing", "white-space", "vertical-align", "width", "max-width", "min-width", "height",
    "padding", "padding-top", "padding-right", "padding-bottom", "padding-left", "margin",
    "margin-top", "margin-right", "margin-bottom", "margin-left", "border", "border-top",
    "border-right", "border-bottom", "border-left", "border-color", "border-style", "border-width",
    "border-collapse", "border-spacing", "border-radius", "list-style-type", "direction",
}  # fmt: skip
_BLOCKS = {
    "a", "abbr", "address", "article", "aside", "b", "bdi", "bdo", "big", "blockquote", "br",
    "caption", "center", "cite", "code", "col", "colgroup", "dd", "del", "details", "dfn", "div",
    "dl", "dt", "em", "figcaption", "figure", "font", "footer", "h1", "h2", "h3", "h4", "h5", "h6",
    "header", "hr", "i", "img", "ins", "kbd", "li", "main", "mark", "nav", "ol", "p", "pre", "q",
    "s", "samp", "section", "small", "span", "strike", "strong", "sub", "summary", "sup", "table",
    "tbody", "td", "tfoot", "th", "thead", "time", "tr", "tt", "u", "ul", "var", "wbr",
}  # fmt: skip
# These go with all that is in them; of others what is in them stays
_GONE = {
    "script", "style", "title", "head", "iframe", "object", "embed", "applet", "noscript",
    "template", "textarea", "select", "svg", "math", "xml", "frameset", "noembed", "noframes",
    "audio", "video", "canvas", "dialog", "form",
}  # fmt: skip
_SIZES = {"width", "height", "align", "valign", "bgcolor"}
_ATTRIBUTES = {
    "*": {"style", "dir", "lang", "title"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "table": {*_SIZES, "border", "cellpadding", "cellspacing"},
    "td": {*_SIZES, "colspan", "rowspan"},
    "th": {*_SIZES, "colspan", "rowspan", "scope"},
    "tr": {*_SIZES},
    "col": {"span", "width"},
    "ol": {"start", "type"},
    "font": {"color", "face", "size"},
}
# A picture within the message, and all of them together
_MOST_PICTURE = 2 * 1024 * 1024
_MOST_PICTURES = 8 * 1024 * 1024
_SHOWN_TYPES = {"image/png", "image/jpeg", "image/jpg", "image/gif", "image/webp"}
# Beyond these the time it takes grows with their square: of attributes of a tag, of depth, and of
# the pieces that references, or what looks like their beginning, cut a text into
_MOST_HTML = 1024 * 1024
_MOST_TAGS = 20_000
_MOST_REFERENCES = 30_000
_MOST_DEEP = 200
_MOST_ATTRIBUTES = 200
_COMMENT = re.compile(r"<!--(?:-?>|.*?(?:--!?>|\Z))", re.DOTALL)
_TAG = re.compile(r"<(/?)([a-zA-Z][^\t\n\f\r />]*+)")
# As the HTML standard reads them (§13.2.5); one whose quote is never closed goes to the end
_ATTRIBUTE = re.compile(
    r"[\t\n\f\r /]*+[^\t\n\f\r />][^\t\n\f\r />=]*+(?:[\t\n\f\r ]*+=[\t\n\f\r ]*+"
    r"""(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|[^\t\n\f\r >"'][^\t\n\f\r >]*+)?+)?+"""
)
# Opened anew in each paragraph until it is closed (HTML standard §13.2.4.3): so often at most
_MOST_REOPENED = 200_000
_REOPENED = {
    "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u",
}  # fmt: skip
# What has no end tag, and what is ended by the next of its kind
_NOT_DEEP = {
    "area", "base", "br", "col", "dd", "dt", "embed", "hr", "img", "input", "li", "link", "meta",
    "option", "p", "source", "td", "th", "tr", "wbr",
}  # fmt: skip
# Links open elsewhere, outside of the frame; nothing else may leave it
FRAME = "allow-popups allow-popups-to-escape-sandbox"
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:{remote}; form-action 'none';"
    f" base-uri 'none'; frame-ancestors 'self'; sandbox {FRAME}"
)
_DOCUMENT = (
    '<!doctype html><html><head><meta charset="utf-8"><meta name="referrer" content="no-referrer">'
    '<meta name="viewport" content="width=device-width"><style>body{{font:15px/1.5 sans-serif;'
    "color:#111;background:#fff;margin:1rem;overflow-wrap:anywhere}}img{{max-width:100%}}"
    "table{{max-width:100%}}pre{{white-space:pre-wrap}}</style><title>{title}</title></head>"
    "<body>{body}</body></html>"
)


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What may be shown. `remote` counts pictures that lie elsewhere, shown or not."""

    html: str
    remote: int


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that a message has with it."""

    type: str
    octets: bytes


def policy(*, images: bool) -> str:
    """Return the Content-Security-Policy of a frame's document; `images`: from elsewhere too."""
    return _POLICY.format(remote=" https: http:" if images else "")


def document(cleaned: Cleaned, title: str) -> bytes:
    """Return the document of a frame."""
    return _DOCUMENT.format(title=escape(title), body=cleaned.html).encode("utf-8", "replace")


def entangled(html: str) -> bool:
    """Tell whether HTML is too much to be made harmless within a moment: one look, with an end."""
    if len(html) > _MOST_HTML or html.count("<") > _MOST_TAGS:
        return True
    if html.count("&") > _MOST_REFERENCES:
        return True
    return _attributes_abound(html) or _deep(html)


def _attributes_abound(html: str) -> bool:
    """Look behind all that may begin a tag, also in quotes: whatever a browser takes it for."""
    left = 4 * len(html)
    for tag in _TAG.finditer(html):
        at, count = tag.end(), 0
        while (found := _ATTRIBUTE.match(html, at)) is not None:
            at, count = found.end(), count + 1
            if count > _MOST_ATTRIBUTES:
                return True
        left -= at - tag.start()
        if left < 0:  # quotes within quotes within quotes
            return True
    return False


def _deep(html: str) -> bool:
    """Look how much is open at once: within one another, and over all that follows."""
    deep, reopened, opened = 0, 0, Counter[str]()
    for tag in _TAG.finditer(_COMMENT.sub("", html)):
        name = tag.group(2).lower()
        reopened += sum(map(opened.__getitem__, _REOPENED)) if not tag.group(1) else 0
        if name in _NOT_DEEP:
            continue
        if not tag.group(1):
            opened[name] += 1
            deep += 1
        elif opened[name]:
            opened[name] -= 1
            deep -= 1
        if deep > _MOST_DEEP:
            return True
    return reopened > _MOST_REOPENED


def clean(html: str, pictures: Mapping[str, Picture], *, images: bool) -> Cleaned:
    """Make HTML harmless. `pictures` by their Content-ID; `images`: those elsewhere stay.

    Takes some milliseconds for a long page: call it in a thread, and not for what is entangled.
    """
    washer = _Washer(pictures, images=images)
    cleaned = nh3.clean(
        html,
        tags=_BLOCKS,
        clean_content_tags=_GONE,
        attributes=_ATTRIBUTES,
        attribute_filter=washer.attribute,
        strip_comments=True,
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
        url_schemes=_SCHEMES,
        url_relative="deny",
        filter_style_properties=_STYLES,
    )
    return Cleaned(cleaned, washer.remote)


class _Washer:
    """Looks at each attribute that may stay. Made for one page, ends with it."""

    def __init__(self, pictures: Mapping[str, Picture], *, images: bool) -> None:
        self._pictures = pictures
        self._images = images
        self._left = _MOST_PICTURES
        self.remote = 0

    def attribute(self, tag: str, name: str, value: str) -> str | None:
        """Return what stands there; None: nothing."""
        if name == "style":
            return None if _STYLE_TRICK.search(value) else value
        if name in {"href", "src"}:
            value = _TAKEN_OUT.sub("", value)
        if tag == "a" and name == "href":
            return _USER.sub(r"\1", value) if _LINKED.match(value) else None
        if tag == "img" and name == "src":
            return self._source(value)
        return value

    def _source(self, value: str) -> str | None:
        if value[:4].lower() == "cid:":
            return self._within(value[4:])
        if _REMOTE.match(value):
            self.remote += 1
            return value if self._images else None
        return value if _PICTURE.fullmatch(value) else None

    def _within(self, content_id: str) -> str | None:
        """Put a picture of the message into the page: the frame may load nothing of ours."""
        picture = self._pictures.get(content_id)
        if picture is None or picture.type not in _SHOWN_TYPES:
            return None
        if len(picture.octets) > min(_MOST_PICTURE, self._left):
            return None
        self._left -= len(picture.octets)
        return f"data:{picture.type};base64,{base64.b64encode(picture.octets).decode()}"
