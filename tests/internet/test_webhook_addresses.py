"""Which addresses webhooks are sent to, and which never; where redirects lead."""

from __future__ import annotations

from pathlib import Path

import pytest

from bitrixmail.model.job import JobState
from tests.fakes.endpoint import Endpoint, Reply, Request, says
from tests.internet.hooks import Hooks, rule
from tests.internet.net import Internet


async def test_an_address_inside_is_not_called(house: Hooks, page: Endpoint) -> None:
    hidden = Endpoint().up()
    house_net = f"http://127.0.0.1:{hidden.port}/"
    await house.rules(rule(house_net))
    await house.receive("0")
    job, attempt = await house.tried()
    assert job.state is JobState.WAITING
    assert attempt.reply == (
        "127.0.0.1 has an address of a private network: 127.0.0.1; if that is a server of yours:"
        f' private_hosts = ["127.0.0.1:{hidden.port}"] in [actions]'
    )
    await hidden.down()
    assert not hidden.requests


async def test_the_servers_own_address_is_not_called_by_another_name(
    net: Internet, tmp_path: Path
) -> None:
    net.dns.zone.add("own.example. 60 IN A 8.8.4.4")
    house = await Hooks(tmp_path, net, [], "server.public_addresses=8.8.4.4").open()
    try:
        await house.rules(rule("http://own.example:81/"))
        await house.receive("0")
        job, attempt = await house.tried()
    finally:
        await house.close()
    assert job.state is JobState.WAITING
    assert attempt.reply == (
        "own.example has an address of this machine: 8.8.4.4; if that is a server of yours:"
        ' private_hosts = ["own.example:81"] in [actions]'
    )


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_inside_is_refused(house: Hooks, page: Endpoint, status: int) -> None:
    hidden = Endpoint().up()
    page.answer = says(status, location=hidden.url)
    await house.rules(rule(page.url))
    await house.receive("0")
    job, attempt = await house.tried()
    await hidden.down()
    assert not hidden.requests
    assert job.state is JobState.DEAD  # and nothing waits behind it
    assert attempt.reply.startswith(f"redirected to 127.0.0.1:{hidden.port}: 127.0.0.1 has an")
    assert f'private_hosts = ["127.0.0.1:{hidden.port}"]' in attempt.reply


async def test_redirects_are_followed_three_times(
    house: Hooks, page: Endpoint, other: Endpoint
) -> None:
    def leading(request: Request) -> Reply:
        number = int(request.path.rpartition("/")[2] or 0)
        if number == 3:
            return Reply()
        return Reply(307, b"", {"location": f"{other.url}{number + 1}"})

    page.answer = other.answer = leading
    await house.rules(rule(page.url, secret='"crm"', headers='{ Authorization = "{secret:crm}" }'))
    await house.receive("0")
    await house.all_done()
    assert [request.path for request in other.requests] == ["/1", "/2", "/3"]
    assert {request.method for request in other.requests} == {"POST"}
    assert other.requests[-1].body == page.requests[0].body
    # What is a secret between two is told to no third
    assert "authorization" in page.requests[0].headers
    assert not [request for request in other.requests if "authorization" in request.headers]
    assert "x-bitrixmail-signature" in page.requests[0].headers
    assert "x-bitrixmail-signature" not in other.requests[-1].headers
    # and by what a repetition is known, all are told
    for name in ("x-bitrixmail-id", "x-bitrixmail-attempt", "x-bitrixmail-timestamp"):
        assert other.requests[-1].headers[name] == page.requests[0].headers[name]
    page.answer = other.answer = says(302, location=other.url)
    await house.receive("1")
    _, attempt = await house.tried(1)
    assert attempt.reply.endswith("more than 3 redirects")
    assert len(other.requests) == 6
