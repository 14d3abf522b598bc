from __future__ import annotations

import pytest

from bitrixmail.mime.html_text import html_text


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("", ""),
        ("Счёт &numero; 17", "Счёт № 17"),
        ("<p>one</p><p>two<br>three<div>four</div>five", "one\ntwo\nthree\nfour\nfive"),
        ("one\r\n  two&nbsp;\u00a0three", "one two three"),
        ("<table><tr><td>a<td>b</table>c", "a b\nc"),
        ("Ка<b>зи</b>но<!-- x --> К<span></span>упить", "Казино Купить"),
        ("a < b > c & d &lt;p&gt; &amp;amp;", "a < b > c & d <p> &amp;"),
        ("<title>t</title><style>s{}</style><SCRIPT>if (a<b) c</Script >text", "text"),
        ("<script>'</script x>a</script>b", "ab"),
        ("<script>never closed", ""),
        ("a<!-- never closed", "a"),
        ("<!-->seen<!--->too<!-- x --!>three", "seentoothree"),
        ("<!DOCTYPE html><?xml x?><![CDATA[x>y]]>z</>w</ p>v", "y]]>zwv"),
        ("a</é x>b", "ab"),
        ("<p title='a>b' x=\"c>d\" y=e>text", "text"),
        ('<p x=?a=">seen</p>', "seen"),
        ("<p title=it's>seen", "seen"),
        ("<p 'x>seen", "seen"),
        ("end <a href='http://bad.example", "end <a href='http://bad.example"),
        ("<img alt='Logo &amp; more' src='cid:1'>after", "Logo & more after"),
        ("a\x00b&#0;c&#x41;&#0000000000066;&#99999999999;", "ab\ufffdcAB\ufffd"),
        ("&#" + "9" * 5000 + ";x", "\ufffdx"),
        ("&#xD800;&#x110000;x", "\ufffd\ufffdx"),
    ],
)
def test_what_is_seen(page: str, text: str) -> None:
    assert html_text(page) == text


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ('<a href="http://bad.example/?a=1&amp;b=2">click</a> here', "http://bad.example/?a=1&b=2"),
        ("<A HREF=http://bad.example>x", "http://bad.example"),
        ("<a class=x href = 'http://bad.\nexample'>x", "http://bad.example"),
        ('<a href=http://x/?a="b>x</a>', 'http://x/?a="b'),
        ("<img src=http://track.example/1.gif>", "http://track.example/1.gif"),
        ("<form action='http://bad.example'>", "http://bad.example"),
        ("<div hidden><a href=http://bad.example>", "http://bad.example"),
        ("<a href='mailto:a@example.net'>x", "mailto:a@example.net"),
    ],
)
def test_where_links_lead_stands_behind_the_text(page: str, text: str) -> None:
    assert html_text(page).splitlines()[-1] == text


def test_targets_are_kept_once_and_cut() -> None:
    page = "<a href=http://a.example>one</a><a href=http://a.example>two</a><a href='#x'>three</a>"
    assert html_text(page) == "onetwothree\nhttp://a.example"
    assert len(html_text(f"<a href='http://{'x' * 10_000}'>")) == 2048
    assert html_text("<img src='data:image/png;base64,AAAA'><img src=cid:a>") == ""


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ('<div style="display:none;x:y">no</div>yes', "yes"),
        ("<div STYLE='color:red; DISPLAY : NONE'><p>no</p><div>no</div></div>yes", "yes"),
        ("<span hidden>no</span>yes", "yes"),
        ("<p style='visibility:hidden'>no<p>yes", "yes"),
        ("<td><div hidden>no</td>yes", "yes"),
        ("<tr hidden><td>no<td>no<tr><td>yes", "yes"),
        ("<li hidden>no<li>yes", "yes"),
        ("<div hidden>no<br>no<img alt=no>no</b></div>yes", "yes"),
        ("<template>no</template>yes", "yes"),
        ("<div style='display:block'>yes</div>", "yes"),
        ("<div class=hidden title='hidden'>yes</div>", "yes"),
        ("<div style='display&#58;none'>no</div>yes", "yes"),
    ],
)
def test_what_is_hidden_is_left_out(page: str, text: str) -> None:
    assert html_text(page) == text
