"""What every test gets: a deadline of its own, and a look at what it left behind."""

from __future__ import annotations

import functools
import gc
import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any, cast

import hypothesis
import pytest
from twisted.internet import defer
from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from twisted.python.failure import Failure

_TESTS = Path(__file__).parent
INSTALLER = _TESTS / "install-programs.sh"
_LONG_FIRST = ("browser", "integration", "attacks", "internet")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("deferred_timeout", "seconds a test may wait", default="20")


def pytest_configure() -> None:
    """Let programs that tests run hear ^C, also where a shell has put all of this in background.

    And let hypothesis ask for no speed.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # By the clock on the wall, which on a busy machine measures the others
    patient = hypothesis.settings(
        deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
    )
    hypothesis.settings.register_profile("patient", patient)
    hypothesis.settings.load_profile("patient")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where workers share the tests, begin with the long ones: the short fill the gaps at last."""
    if hasattr(config, "workerinput"):
        items.sort(key=_folder_rank)


def _folder_rank(item: pytest.Item) -> int:
    folder = item.path.relative_to(_TESTS).parts[0]
    return _LONG_FIRST.index(folder) if folder in _LONG_FIRST else len(_LONG_FIRST)


def pytest_collection_finish() -> None:
    """Leave all that was imported out of the search for garbage that follows each test."""
    gc.collect()
    gc.freeze()


@functools.cache
def missing(packages: tuple[str, ...]) -> tuple[str, ...]:
    """Ask the installer, which knows by what program each package is recognised."""
    asked = subprocess.run(
        ["sh", str(INSTALLER), "--missing", *packages], check=True, capture_output=True, text=True
    )
    return tuple(asked.stdout.split())


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test marked `debian(package, …)` that lacks one; with CI=true let it fail."""
    needed = [package for mark in item.iter_markers("debian") for package in mark.args]
    lacking = missing(tuple(sorted(set(needed)))) if needed else ()
    if not lacking:
        return
    reason = "needs the Debian package " + ", ".join(lacking)
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    inner: Callable[..., Any] = pyfuncitem.obj
    if getattr(inner, "hypothesis", None) is None:
        seconds = float(pyfuncitem.config.getini("deferred_timeout"))

        def bounded(**arguments: object) -> defer.Deferred[Any]:
            from twisted.internet import reactor  # noqa: PLC0415 - pytest-twisted chooses it

            call = defer.maybeDeferred(inner, **arguments)
            return call.addTimeout(seconds, reactor)

        pyfuncitem.obj = bounded
    try:
        return (yield)
    finally:
        pyfuncitem.obj = inner


@pytest.fixture
def open_home() -> Iterator[Path]:
    """A directory where any user may come to; pytest closes the one above `tmp_path` in each run."""
    with tempfile.TemporaryDirectory(prefix="bitrixmail-") as name:
        home = Path(name)
        home.chmod(0o755)
        yield home


@pytest.fixture(autouse=True)
def nothing_lost_or_left() -> Iterator[list[Failure]]:
    """Fail a test that loses an error in a Deferred or leaves a delayed call."""
    from twisted.internet import reactor  # noqa: PLC0415 - pytest-twisted chooses it

    before = {id(call) for call in reactor.getDelayedCalls()}
    failures: list[Failure] = []

    def watch(event: LogEvent) -> None:
        if "log_failure" in event:
            failures.append(event["log_failure"])

    observer = cast("ILogObserver", watch)
    globalLogPublisher.addObserver(observer)
    yield failures
    gc.collect()
    gc.freeze()  # what is left stays: it is not looked through again after each of the tests to come
    globalLogPublisher.removeObserver(observer)
    assert not failures, failures[0].getTraceback()
    left = [call for call in reactor.getDelayedCalls() if id(call) not in before]
    assert not left, left
