"""An Internet and a server that sends into it, for one test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred

from tests.fakes.endpoint import Endpoint
from tests.internet.hooks import SECRETS, Hooks
from tests.internet.net import Internet
from tests.internet.sender import Sender


@pytest.fixture
def net() -> Iterator[Internet]:
    made = Internet().open()
    yield made
    pytest_twisted.blockon(Deferred.fromCoroutine(made.close()))


@pytest.fixture
def sender(tmp_path: Path, net: Internet, request: pytest.FixtureRequest) -> Iterator[Sender]:
    """Give a server; parametrised indirectly, with these settings."""
    settings = getattr(request, "param", ())
    made = Sender(tmp_path, net, *settings)
    pytest_twisted.blockon(Deferred.fromCoroutine(made.open()))
    yield made
    pytest_twisted.blockon(Deferred.fromCoroutine(made.close()))


@pytest.fixture
def page() -> Iterator[Endpoint]:
    made = Endpoint().up()
    yield made
    pytest_twisted.blockon(Deferred.fromCoroutine(made.down()))


@pytest.fixture
def other() -> Iterator[Endpoint]:
    made = Endpoint().up()
    yield made
    pytest_twisted.blockon(Deferred.fromCoroutine(made.down()))


@pytest.fixture
def house(
    tmp_path: Path, net: Internet, page: Endpoint, other: Endpoint, request: pytest.FixtureRequest
) -> Iterator[Hooks]:
    """Give a server that may call both; parametrised indirectly, with further settings."""
    hosts = [f"127.0.0.1:{page.port}", f"127.0.0.1:{other.port}"]
    made = Hooks(tmp_path, net, hosts, SECRETS, *getattr(request, "param", ()))
    pytest_twisted.blockon(Deferred.fromCoroutine(made.open()))
    yield made
    pytest_twisted.blockon(Deferred.fromCoroutine(made.close()))
