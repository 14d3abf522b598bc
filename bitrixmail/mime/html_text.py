"""What people see of an HTML page, as text, and where its links lead.

A scanner of its own: the standard library's `html.parser` takes time in the square of hostile
input in the versions we run on, and raises on some. Here each octet is passed once: whatever does
not end (a tag, a comment, a script) reaches to the end of the page.
"""

from __future__ import annotations

import re
from html import unescape

_MARKUP = re.compile(r"<(?=[a-zA-Z/!?])")
_END_TAG_NAME = re.compile(r"</[a-zA-Z]")
_VALUE = r"""\s*+=\s*+(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|[^\s>"'][^\s>]*+)?+"""
_TAG = re.compile(
    rf"<(/?+)([a-zA-Z][^\s/>]*+)((?:[\s/]++|[^\s/>][^\s/>=]*+(?:{_VALUE})?+)*+)>", re.ASCII
)
_ATTRIBUTE = re.compile(rf"([^\s/>][^\s/>=]*+)({_VALUE})?+", re.ASCII)
_COMMENT_END = re.compile(r"--!?+>")
_RAW_END = {
    name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE)
    for name in ("script", "style", "title", "iframe", "xmp", "noembed", "noframes")
}
_BREAKS_TEXT = """
address article aside blockquote body br center dd details dialog div dl dt fieldset figcaption
figure footer form h1 h2 h3 h4 h5 h6 head header hr html legend li main menu nav ol optgroup
option p pre section select summary table tbody textarea tfoot thead tr ul
"""
_BREAKS = frozenset(_BREAKS_TEXT.split())
_VOID_TEXT = "area base br col embed frame hr img input link meta param source track wbr"
_VOID = frozenset(_VOID_TEXT.split())
# Elements whose end tag may be left out, and what ends them instead.
_ROWS = frozenset(("tr", "tbody", "tfoot", "thead"))
_ENDED_BY = {
    "p": _BREAKS, "li": {"li"}, "dd": {"dd", "dt"}, "dt": {"dd", "dt"},
    "option": {"option", "optgroup"}, "optgroup": {"optgroup"},
    "td": _ROWS | {"td", "th"}, "th": _ROWS | {"td", "th"}, "tr": _ROWS,
    "tbody": _ROWS - {"tr"}, "tfoot": _ROWS - {"tr"}, "thead": _ROWS - {"tr"},
}  # fmt: skip
_NOT_SEEN = frozenset(("template", "datalist"))
_LINKS = {
    "a": "href", "area": "href", "base": "href", "link": "href", "img": "src", "form": "action",
    "iframe": "src", "input": "src", "button": "formaction", "body": "background",
    "table": "background", "td": "background",
}  # fmt: skip
_NO_TARGET = ("cid:", "data:", "mid:", "#")
_STYLE_HIDES = re.compile(r"(?:display\s*+:\s*+none|visibility\s*+:\s*+hidden)")
_MAX_TARGET = 2048
_MAX_TARGETS = 2000
_NOT_IN_TARGET = re.compile(r"[\x00-\x20]+")
# Numeric references: `html.unescape` turns the digits into a number, of whatever length.
_ZEROS = re.compile(r"(&#[xX]?+)0+(?=[0-9a-fA-F])")
_LONG_NUMBER = re.compile(r"&#[xX]?+[0-9a-fA-F]{9,}+;?+")
# Stands for a line end until white space has been joined; no page holds it then.
_BREAK = "\x00"


def html_text(page: str) -> str:
    """Return the visible text of a page, then the targets of its links, a line each.

    Block elements make line ends, other white space is joined. Words are never broken by a tag
    within them, nor by a link's target: that is why these come behind the text. Scripts, styles,
    comments and what `hidden` or `display: none` hides are left out; `alt` stands for an image.
    """
    scanner = _Scanner(page.replace(_BREAK, ""))
    scanner.scan()
    lines = [" ".join(line.split()) for line in "".join(scanner.pieces).split(_BREAK)]
    lines += scanner.targets
    return "\n".join([line for line in lines if line])


def _unescape(text: str) -> str:
    if "&" not in text:
        return text
    if "&#" in text:
        text = _LONG_NUMBER.sub("\ufffd", _ZEROS.sub(r"\1", text))
    return unescape(text).replace(_BREAK, "")


class _Scanner:
    """Goes once through one page. Made by `html_text`, ends with it."""

    __slots__ = ("_counts", "_hidden", "_page", "_stack", "pieces", "targets")

    def __init__(self, page: str) -> None:
        self._page = page
        self._stack: list[str] = []
        self._counts: dict[str, int] = {}
        # How deep the stack was when what is being left out began; -1: nothing is.
        self._hidden = -1
        self.pieces: list[str] = []
        self.targets: dict[str, None] = {}

    def scan(self) -> None:
        """Fill `pieces` and `targets`."""
        page, position = self._page, 0
        while markup := _MARKUP.search(page, position):
            if markup.start() > position:
                self._text(page[position : markup.start()])
            position = self._markup(markup.start())
        self._text(page[position:])

    def _markup(self, at: int) -> int:
        """Take the tag or comment at an offset; return the offset behind it."""
        page = self._page
        tag = _TAG.match(page, at)
        if tag is not None:
            return self._tag(tag)
        if page.startswith("<!--", at):
            if page.startswith((">", "->"), at + 4):
                return page.index(">", at) + 1
            comment = _COMMENT_END.search(page, at + 4)
            return comment.end() if comment else len(page)
        if page[at + 1] in "!?" or (page[at + 1] == "/" and not _END_TAG_NAME.match(page, at)):
            bogus = page.find(">", at + 2)
            return bogus + 1 if bogus >= 0 else len(page)
        # A tag that never ends: whoever shows pages drops it, but a rule may look for it.
        self._text(page[at:])
        return len(page)

    def _tag(self, tag: re.Match[str]) -> int:
        name = tag[2].lower()
        if tag[1]:
            self._end_tag(name)
            return tag.end()
        self._start_tag(name, tag[3])
        raw = _RAW_END.get(name)
        if raw is None:
            return tag.end()
        close = raw.search(self._page, tag.end())
        return close.start() if close else len(self._page)

    def _text(self, text: str) -> None:
        if self._hidden < 0:
            self.pieces.append(_unescape(text))

    def _start_tag(self, name: str, written: str) -> None:
        if self._hidden >= 0 and name in _ENDED_BY.get(self._stack[self._hidden], ()):
            self._shorten(self._hidden)
        if self._hidden < 0:
            if name in _BREAKS:
                self.pieces.append(_BREAK)
            elif name in ("td", "th"):
                self.pieces.append(" ")
        hides = name in _NOT_SEEN
        if written and not written.isspace():
            hides = self._attributes(name, written) or hides
        if name in _VOID or name in _RAW_END:
            return
        if hides and self._hidden < 0:
            self._hidden = len(self._stack)
        self._stack.append(name)
        self._counts[name] = self._counts.get(name, 0) + 1

    def _end_tag(self, name: str) -> None:
        if self._counts.get(name):
            depth = len(self._stack) - 1
            while self._stack[depth] != name:
                depth -= 1
            self._shorten(depth)
        if name in _BREAKS and self._hidden < 0:
            self.pieces.append(_BREAK)

    def _shorten(self, depth: int) -> None:
        """Close the elements from that depth on; each is closed once, so this is linear."""
        for name in self._stack[depth:]:
            self._counts[name] -= 1
        del self._stack[depth:]
        if self._hidden >= depth:
            self._hidden = -1

    def _attributes(self, name: str, written: str) -> bool:
        """Note a link's target and an image's text; tell whether the element is hidden."""
        lower = written.lower()
        suspect = "hidden" in lower or "display" in lower
        wanted = _LINKS.get(name)
        if wanted is None and not suspect:
            return False
        hides = False
        for attribute in _ATTRIBUTE.finditer(written):
            key = attribute[1].lower()
            value = (attribute[2] or "").lstrip("= \t\r\n\f\v")
            if value.startswith(("'", '"')):
                value = value[1:].removesuffix(value[0])
            if key == wanted:
                self._target(value)
            elif key == "alt" and name == "img":
                self._text(f" {value} ")
            elif key == "hidden":
                hides = True
            elif key == "style" and suspect:
                hides = hides or _STYLE_HIDES.search(_unescape(value).lower()) is not None
        return hides

    def _target(self, value: str) -> None:
        target = _NOT_IN_TARGET.sub("", _unescape(value[: 4 * _MAX_TARGET]))[:_MAX_TARGET]
        ours = not target or target.lower().startswith(_NO_TARGET)
        if not ours and len(self.targets) < _MAX_TARGETS:
            self.targets[target] = None
