"""Extensions: found where they are installed, enabled by name, and what is told if they are not."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from zope.interface.verify import verifyObject

from bitrixmail.app.extending.extensions import Extensions, texts_of
from bitrixmail.app.settings.loading import load_settings
from bitrixmail.app.settings.tree import Settings
from bitrixmail.interfaces.extension import IActions, IConditions, ILetter
from bitrixmail.model.errors import InputError
from bitrixmail.model.extension import Finding
from bitrixmail.rules.letter import Letter
from tests.fakes.delivering import reactor
from tests.fakes.installed import install, pass_over_planted

CODE = """
from twisted.internet.defer import Deferred
from bitrixmail.model.extension import Finding, Parts

def sender(letter):
    return letter.sender

async def subject(letter):
    return letter.subject

async def waits(letter):
    await Deferred()

def links(letter):
    count = letter.content.count(b"http")
    return Finding(min(count * 40, 100), f"{count} links") if count else None

async def length(letter):
    return len(letter.subject)

class Courier:
    async def deliver(self, letter):
        return f"delivered {letter.subject}"

class Shop:
    def parts(self, context):
        self.context = context
        return Parts(
            conditions={"sender": sender, "subject": subject, "url": self.url, "no": lambda _: {1: 2},
                        "waits": waits, "huge": lambda _: 10**5000},
            checks={"links": links, "length": length, "worse": lambda _: 101.0, "waits": waits,
                    "broken": broken, "huge": lambda _: 10**5000},
            actions={"book": lambda letter: f"booked for {letter.values['branch']}"},
            couriers={"crm": Courier()},
        )
    def url(self, letter):
        return self.context.settings["url"]

def broken(context):
    raise RuntimeError("planted")
class Broken:
    parts = staticmethod(broken)
class Blocking:
    def parts(self, context):
        return Parts(sources={"feed": links})
class Other:
    def parts(self, context):
        return {}
"""
ENTRIES = {"shop": "shop_code:Shop", "broken": "shop_code:Broken", "other": "shop_code:Other", "blocking": "shop_code:Blocking",
           "missing": "no_such_module"}  # fmt: skip
LETTER = Letter(
    "info@example.org", "ann@client.example", ("info@example.org",), 20,
    b"Subject: =?utf-8?q?=D0=A1=D1=87=D1=91=D1=82?=\r\n\r\nx", values={"branch": "Moscow"},
)  # fmt: skip


@pytest.fixture(autouse=True)
def planted(nothing_lost_or_left: list[Failure]) -> Iterator[None]:
    yield
    pass_over_planted(nothing_lost_or_left)


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Callable[..., Extensions]]:
    folder = install(tmp_path / "packages", "shop_code", CODE, ENTRIES)
    sys.path.insert(0, str(folder))

    def make(*names: str, used: Any = None) -> Extensions:
        given = f"extensions.enabled={','.join(names)}"
        return Extensions(settings(given, 'extensions.settings={ shop = { url = "x" } }'), used)

    yield make
    sys.path.remove(str(folder))
    sys.modules.pop("shop_code", None)


def settings(*overrides: str) -> Settings:
    return load_settings(None, {}, overrides, name_of_machine=lambda: "mx.example.org")


async def test_conditions_and_actions_are_called_by_name(made: Callable[..., Extensions]) -> None:
    extensions = made("shop", used=reactor())
    verifyObject(IConditions, extensions)
    verifyObject(IActions, extensions)
    verifyObject(ILetter, LETTER)
    assert await extensions.answer("shop.sender", LETTER) == ("ann@client.example",)
    assert await extensions.answer("shop.subject", LETTER) == ("Счёт",)
    assert await extensions.answer("shop.url", LETTER) == ("x",)
    assert await extensions.act("shop.book", LETTER) == "booked for Moscow"
    assert await extensions.act("shop.crm", LETTER) == "delivered Счёт"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("crm.x", "the extension crm is not in extensions.enabled"),
        (
            "shop.x",
            "the extension shop has no condition x; it has: sender, subject, url, no, waits, huge",
        ),
        ("shop.no", "the condition shop.no: it returned dict, neither text nor number"),
    ],
)
async def test_what_is_not_there_or_says_nothing_sensible_is_told(
    made: Callable[..., Extensions], name: str, said: str
) -> None:
    with pytest.raises(LookupError, match=said):
        await made("shop", used=reactor()).answer(name, LETTER)


def test_a_command_asks_at_once_what_needs_no_server(made: Callable[..., Extensions]) -> None:
    extensions = made("shop")
    assert extensions.answer_now("shop.sender", LETTER) == ("ann@client.example",)
    # Also what could wait and does not
    assert extensions.answer_now("shop.subject", LETTER) == ("Счёт",)
    with pytest.raises(
        LookupError, match=r"the condition shop.waits can be asked by a running server"
    ):
        extensions.answer_now("shop.waits", LETTER)


async def test_checks_say_a_score_and_why(made: Callable[..., Extensions]) -> None:
    extensions = made("shop", used=reactor())
    assert extensions.checks == tuple(
        f"shop.{each}" for each in ("links", "length", "worse", "waits", "broken", "huge")
    )
    linked = replace(LETTER, content=LETTER.content + b" http://a http://b")
    assert await extensions.testify("shop.links", linked) == Finding(80.0, "2 links")
    assert await extensions.testify("shop.links", LETTER) == Finding()
    assert await extensions.testify("shop.length", LETTER) == Finding(4.0)
    with pytest.raises(
        LookupError, match=r"the check shop.worse: its score is 101.0, not one of 0"
    ):
        await extensions.testify("shop.worse", LETTER)
    with pytest.raises(LookupError, match="the extension shop has no check x; it has: links"):
        await extensions.testify("shop.x", LETTER)


async def test_a_command_asks_checks_too(made: Callable[..., Extensions]) -> None:
    extensions = made("shop")
    assert await extensions.testify("shop.length", LETTER) == Finding(4.0)
    assert await extensions.testify("shop.links", LETTER) == Finding()
    with pytest.raises(LookupError, match=r"the check shop.waits can be asked by a running server"):
        await extensions.testify("shop.waits", LETTER)
    with pytest.raises(LookupError, match="its score is 101"):
        await extensions.testify("shop.worse", LETTER)


async def test_checks_that_fail_often_switch_their_extension_off(
    made: Callable[..., Extensions],
) -> None:
    extensions = made("shop", used=reactor())
    told: list[str] = []
    extensions.tell = lambda subject, _text: told.append(subject)
    for _ in range(5):
        with pytest.raises(
            LookupError, match=r"the check shop.broken failed: RuntimeError: planted"
        ):
            await extensions.testify("shop.broken", LETTER)
    assert told == ["the extension shop is switched off: it has failed too often"]
    with pytest.raises(LookupError, match="switched off"):
        await extensions.testify("shop.length", LETTER)


async def test_a_thread_of_the_server_asks_the_reactor(made: Callable[..., Extensions]) -> None:
    from twisted.internet.threads import deferToThread  # noqa: PLC0415 - not before the reactor

    extensions = made("shop", used=reactor())
    found: Deferred[tuple[str, ...]] = deferToThread(extensions.answer_now, "shop.subject", LETTER)
    assert await found == ("Счёт",)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "nothing",
            'there is no extension "nothing"; installed: .*blocking, broken, missing, other, shop',
        ),
        ("missing", "can't be loaded: ModuleNotFoundError: No module named 'no_such_module'"),
        ("broken", "can't be loaded: RuntimeError: planted"),
        ("other", '"other" returned dict, which is not Parts'),
        ("blocking", 'the source feed of "blocking" would block the server'),
    ],
)
def test_one_that_cannot_be_used_is_a_fault_of_the_settings(
    made: Callable[..., Extensions], name: str, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        made(name)


@pytest.mark.parametrize(
    ("found", "texts"),
    [
        (None, ()), ("vip", ("vip",)), (True, ("yes",)), (False, ("no",)), (7, ("7",)),
        (1.5, ("1.5",)), (["a", None, True], ("a", "yes")), ([], ()), ("x" * 2000, ("x" * 1000,)),
    ],
)  # fmt: skip
def test_what_a_condition_says_becomes_texts(found: Any, texts: tuple[str, ...]) -> None:
    assert texts_of(found) == texts


def test_lists_within_lists_have_a_bound() -> None:
    round_: list[Any] = ["a"]
    round_.append(round_)
    with pytest.raises(TypeError, match="lists within lists"):
        texts_of(round_)
    wide = ["a"] * 1000
    assert len(texts_of([wide] * 1000)) == 100


async def test_what_lets_itself_not_be_written_is_a_fault(made: Callable[..., Extensions]) -> None:
    extensions = made("shop", used=reactor())
    with pytest.raises(LookupError, match=r"the condition shop\.huge: Exceeds the limit"):
        await extensions.answer("shop.huge", LETTER)
    with pytest.raises(LookupError, match=r"the check shop\.huge: int too large"):
        await extensions.testify("shop.huge", LETTER)
    with pytest.raises(LookupError, match=r"the condition shop\.huge: Exceeds the limit"):
        made("shop").answer_now("shop.huge", LETTER)
