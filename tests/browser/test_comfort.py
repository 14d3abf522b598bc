"""What makes the pages pleasant: on a phone, by the keyboard alone, while mail comes in."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Dialog, Locator, Page, expect

from tests.browser.chromium import PHONE, WIDE, Onlooker, chromium
from tests.browser.owners_day import deliver
from tests.fakes.process import ServerProcess

_TOLD = re.compile(r"log in as (\S+) with the password (\S+)")
_LETTER = "Subject: {subject}\n\nGood day.\n"
_MESSAGES = 12
POSTMASTER = "postmaster@example.org"
# Whether one sees what has the focus: it stands out, and nothing lies over it
_SEEN = """(it) => {
  const box = it.getBoundingClientRect();
  const over = document.elementFromPoint(box.x + box.width / 2, box.y + Math.min(box.height / 2, 9));
  const outlined = getComputedStyle(it).outlineStyle !== "none"
    || getComputedStyle(it).boxShadow !== "none";
  return outlined && (it.contains(over) || (it.labels && [...it.labels].some((l) => l.contains(over))));
}"""
_WHERE = f"""(aim) => {{
  const here = document.activeElement, seen = {_SEEN};
  return [here === aim, here === document.body || seen(here) ? "" : here.outerHTML];
}}"""

# Half a minute of a server, whose oldest message waits for 137 minutes
_KEYS = (
    "received refused spam sent deferred bounced refused/unknown refused/relay refused/limits"
    " refused/rule refused/other queue minutes"
)
_YOUNG = {
    "step": 10,
    "times": [1_800_000_000, 1_800_000_010, 1_800_000_020],
    "series": {key: [137.0] * 3 for key in _KEYS.split()},
}
# What is written on a canvas can't be read there
_HEARD = """
window.written = [];
const fill = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (text, ...where) {
  window.written.push(text);
  return fill.call(this, text, ...where);
};
"""
_LABELS = (
    """() => [written.filter((t) => !t.includes(":")), written.filter((t) => t.includes(":"))]"""
)

pytestmark = pytest.mark.debian("chromium", "npm")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    server = ServerProcess(tmp_path_factory.mktemp("comfort"), web=True)
    server.configure("server", 'domains = ["example.org"]')
    with server:
        for number in range(_MESSAGES):
            deliver(server, f"Letter {number}", POSTMASTER, _LETTER)
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def owner(server: ServerProcess, browser: Browser) -> Onlooker:
    found = _TOLD.search(server.log.read_text())
    assert found is not None
    owner = Onlooker(browser, server.web_port, "en")
    owner.log_in(found[1], found[2])
    return owner


def walked(page: Page, place: Locator, most: int = 60) -> None:
    """Press Tab until something has the focus; each stop on the way can be seen."""
    aim = place.element_handle()
    for _ in range(most):
        page.keyboard.press("Tab")
        there, unseen = page.evaluate(_WHERE, aim)
        assert not unseen
        if there:
            return
    raise AssertionError(f"Tab does not lead to {place}")


def test_on_a_phone_the_page_comes_first_and_the_menu_opens(owner: Onlooker) -> None:
    page = owner.page
    owner.resize(PHONE)
    owner.open("/messages")
    box = page.locator("h1").bounding_box()
    assert box is not None
    assert box["y"] < 100
    summary, links = page.locator(".drawer summary"), page.locator(".drawer nav a")
    expect(links.first).not_to_be_visible()
    summary.click()
    expect(links.first).to_be_visible()
    page.keyboard.press("Escape")
    expect(links.first).not_to_be_visible()
    expect(summary).to_be_focused()
    page.keyboard.press("Enter")
    owner.follow("Domains")
    expect(page.locator("h1")).to_have_text("Domains")


@pytest.mark.parametrize("size", [PHONE, WIDE])
def test_what_is_done_with_ticked_messages_is_at_hand(
    owner: Onlooker, size: tuple[int, int]
) -> None:
    owner.resize(PHONE if size is PHONE else WIDE)
    owner.open("/messages")
    bar = owner.page.locator(".bar")
    expect(bar).to_be_in_viewport(ratio=0.99)
    owner.page.locator("tbody a").last.focus()
    assert owner.page.locator(":focus").evaluate(_SEEN)
    expect(bar.get_by_role("button", name="Delete")).to_be_in_viewport()


def test_a_list_in_use_says_how_many_have_come(server: ServerProcess, owner: Onlooker) -> None:
    owner.resize(WIDE)
    owner.open("/messages")
    page = owner.page
    news = page.locator("[data-news]")
    expect(news).not_to_be_visible()
    first = page.locator("tbody input").first
    first.check()
    deliver(server, "While it was ticked", POSTMASTER, _LETTER)
    expect(news).to_have_text(re.compile(r"New messages:\s*1\b"))
    expect(first).to_be_checked()
    expect(page.get_by_text("While it was ticked")).to_have_count(0)
    with page.expect_navigation():
        news.get_by_role("link", name="Show").click()
    expect(page.get_by_text("While it was ticked")).to_be_visible()


def test_a_message_is_found_and_marked_by_the_keyboard(owner: Onlooker) -> None:
    owner.resize(WIDE)
    owner.open("/messages")
    page = owner.page
    walked(page, page.locator("#q"))
    page.keyboard.type("subject:letter")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    walked(page, page.locator("tbody input").first)
    page.keyboard.press("Space")
    expect(page.locator("tbody input").first).to_be_checked()
    walked(page, page.locator("tbody a").first)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    walked(page, page.locator(".bar details summary"))
    page.keyboard.press("Enter")
    walked(page, page.locator("button[value=flag]"))
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator("main [role=status]").first).to_be_visible()


def test_a_rule_is_written_by_the_keyboard(owner: Onlooker) -> None:
    owner.open("/rules/new")
    page = owner.page
    walked(page, page.locator("[name=name]"))
    page.keyboard.type("Typed")
    walked(page, page.locator("[name='c.0.value']"))
    page.keyboard.type("letter")
    walked(page, page.locator("[name='a.0.argument']"))
    page.keyboard.type("Letters")
    walked(page, page.locator("button[value=save]"))
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator("main [role=status]").first).to_have_text("The rule is in force.")
    assert owner.wrong == []


def test_a_question_says_how_many_and_is_not_asked_twice(owner: Onlooker) -> None:
    asked: list[str] = []
    page = owner.page
    answers = iter([False, False, True])

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.message)
        if next(answers):
            dialog.accept()
        else:
            dialog.dismiss()

    page.on("dialog", answer)
    owner.resize(WIDE)
    owner.open("/messages?q=subject:letter")
    delete = page.locator("button[value=delete]")
    for place in range(2):
        page.locator("tbody input").nth(place).check()
    delete.click()
    page.locator("[name=all]").check()
    delete.click()
    with page.expect_navigation():
        delete.click()
    page.remove_listener("dialog", answer)
    assert asked[0].endswith("Messages: 2")
    assert asked[1].endswith("Messages: all that is found, up to 1000")
    said = page.locator("main [role=status]").first
    expect(said).to_have_text(f"Moved to Trash: {_MESSAGES}.")


def test_a_young_chart_has_times_and_no_line_leaves_its_scale(owner: Onlooker) -> None:
    page = owner.page
    page.add_init_script(_HEARD)
    page.route("**/live/charts*", lambda route: route.fulfill(json=_YOUNG))
    owner.open("/")
    drawn = page.locator("#chart-age .u-over")
    expect(drawn).to_be_visible()
    page.unroute("**/live/charts*")
    scale, times = page.evaluate(_LABELS)
    assert max(float(each) for each in scale) >= 137
    assert len(times) > 1
    assert owner.wrong == []
