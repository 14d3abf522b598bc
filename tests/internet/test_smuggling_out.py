"""What goes out is one message as it came: nothing in it, nor in what goes with it, adds another.

Through the server as a process of its own, by its SMTP door and by its sendmail, to a host that
plays no tricks and to a real Postfix.
"""

from __future__ import annotations

import os
import smtplib
import subprocess
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path

import pytest
from twisted.internet.threads import deferToThread

from bitrixmail.model.envelope import SenderParameters
from bitrixmail.pickup.folder import PickupFolder
from bitrixmail.rules.actions import KINDS
from tests.attacks.reference import is_fit, mended, stuffed
from tests.attacks.sessions import SECOND
from tests.attacks.test_smuggling import EDGES, VARIANTS
from tests.fakes.delivering import pause, reactor
from tests.fakes.postfix import PrivatePostfix
from tests.fakes.process import ServerProcess, free_port
from tests.fakes.scripted_host import ALL, Script, ScriptedHost, say
from tests.internet.net import Internet
from tests.internet.sender import Sender
from tests.unit.inject.conftest import PROGRAMS, installed

BOB = "bob@shop.example"
HEAD = b"Subject: x\r\n\r\n"
# Line ends of every kind, with a field, a recipient and a command behind
TAILS = [
    end + more
    for end in ("\n", "\r", "\r\n", "\r\n\r\n", "\x0b", "\x0c", "\x85", "\u2028")
    for more in ("Bcc: evil@evil.example", "RCPT TO:<evil@evil.example>")
]


@pytest.fixture
def server(tmp_path: Path, net: Internet) -> Iterator[ServerProcess]:
    """Relays for this machine, and takes content with odd line ends, which it mends."""
    made = ServerProcess(tmp_path / "server")
    made.configure("server", 'domains = ["example.org"]')
    made.configure("dns", f'servers = ["{net.dns.address}"]')
    made.configure("smtp", 'normalize_networks = ["127.0.0.0/8"]')
    for line in (
        f"smtp_port = {net.port}",
        "private_hosts = true",
        "ipv6 = false",
        'relay_networks = ["127.0.0.0/8"]',
        "retry = ['1s']",
    ):
        made.configure("outbound", line)
    yield made
    made.kill()


def contents() -> list[bytes]:
    """Return a content for each variant, with a whole second transaction behind it.

    And with a lone dot: behind lines that end where buffers do (longer ones are refused), and first.
    """
    edges = [b"x" * edge + b"\r\n.\r\n" for edge in EDGES if edge < 65535]
    starts = [b"v" + variant for variant in VARIANTS] + edges + [b".\r\n"]
    return [HEAD + start + b"QUIT\r\n" + SECOND for start in starts]


def hand_over(
    port: int, recipient: str, bodies: list[bytes], *, chunked: bool = False
) -> list[int]:
    """Hand contents over at the door as they are; return the codes."""
    codes = []
    with smtplib.SMTP("127.0.0.1", port, timeout=20) as link:
        link.ehlo("client.example")
        for content in bodies:
            link.docmd("MAIL", "FROM:<info@example.org>")
            link.docmd("RCPT", f"TO:<{recipient}>")
            if chunked:
                link.send(b"BDAT %d LAST\r\n%b" % (len(content), content))
            else:
                assert link.docmd("DATA")[0] == 354
                link.send(stuffed(content))
            codes.append(link.getreply()[0])
    return codes


async def taken(host: ScriptedHost, count: int) -> list[bytes]:
    """Wait for so many messages, and a moment for more."""
    end = reactor().seconds() + 15
    while len(host.letters) < count:
        assert reactor().seconds() < end, f"{len(host.letters)} of {count}"
        await pause(0.02)
    await pause(0.1)
    assert len(host.letters) == count
    return [letter.content for letter in host.letters]


@pytest.mark.parametrize(
    ("offered", "chunked"),
    [(ALL, False), ((), False), (ALL, True), ((*ALL, "CHUNKING"), False)],
    ids=["pipelining", "step-by-step", "came-in-chunks", "goes-in-chunks"],
)
async def test_every_variant_comes_out_as_content(
    net: Internet, server: ServerProcess, offered: tuple[str, ...], chunked: bool
) -> None:
    # eight bits are carried, whatever the host says
    host = net.site("shop.example", Script(extensions=(*offered, "8BITMIME")))
    server.start()
    bodies = contents()
    codes = await deferToThread(hand_over, server.smtp_port, BOB, bodies, chunked=chunked)
    assert codes == [250] * len(bodies)
    found = await taken(host, len(bodies))
    # each has a trace field of ours before what came, and nothing behind it
    bare = sorted(content.partition(b"Subject:")[2] for content in found)
    assert bare == sorted(mended(body).partition(b"Subject:")[2] for body in bodies)
    assert all(letter.rcpt == [f"TO:<{BOB}>"] for letter in host.letters)
    assert all(is_fit(content) for content in found)


@pytest.mark.debian("postfix")
async def test_every_variant_is_one_message_to_postfix(
    net: Internet, server: ServerProcess, open_home: Path
) -> None:
    if os.geteuid() != 0:
        pytest.skip("Postfix is started by root")
    postfix = PrivatePostfix(open_home, free_port(), "box")
    server.configure("outbound", f'smarthost = "127.0.0.1:{postfix.port}"')
    # by another name: what Postfix calls its own is not ours
    server.config.write_text(
        server.config.read_text().replace('["example.org"]', '["ours.example"]')
    )
    postfix.start()
    try:
        server.start()
        bodies = contents()
        codes = await deferToThread(hand_over, server.smtp_port, postfix.address, bodies)
        assert codes == [250] * len(bodies)
        for _ in range(300):
            if postfix.delivered() >= len(bodies):
                break
            await pause(0.05)
        await pause(0.2)
        assert postfix.delivered() == len(bodies)
        found = [file.read_bytes() for file in (postfix.maildir / "new").iterdir()]
        assert all(b"Subject: x\n" in body and b"MAIL FROM:<smuggled" in body for body in found)
    finally:
        postfix.stop()


async def test_what_sendmail_is_given_is_one_message_and_its_recipients(
    net: Internet, server: ServerProcess, tmp_path: Path
) -> None:
    """No argument adds a field, a recipient or a message; neither does what comes on its input."""
    host = net.site("shop.example")
    evil = net.site("evil.example")
    PickupFolder(server.data_dir / "pickup").prepare()
    installed(tmp_path, server.data_dir / "pickup", most=0)
    calls: list[tuple[list[str], bytes]] = []
    for tail in TAILS[::2]:
        calls += [
            (["-F", f"Shop{tail}", BOB], b"Subject: name\n\nHi\n"),
            (["-V", f"envelope{tail}", BOB], b"Subject: envelope\n\nHi\n"),
            (
                ["-t", "-i"],
                f"To: {BOB}\nSubject: =?utf-8?q?x=0D=0ABcc:_evil@evil.example?=\n\n{tail}\n".encode(),
            ),
            (["-t", "-i"], f'To: "Bob{tail.strip()}" <{BOB}>\nSubject: quoted\n\nHi\n'.encode()),
        ]
        # Behind anything else it is a name and an address, and the one that counts is the address
        if "\n" not in tail:
            field = f"To: {BOB}\nSubject: stray{tail}\n\nHi\n"
            calls.append((["-t", "-i"], field.encode()))
        if tail[0] in "\r\n":
            calls.append((["-i", f"{BOB}{tail}"], b"Subject: recipient\n\nHi\n"))
            calls.append((["-f", f"info@example.org{tail}", BOB], b"Subject: sender\n\nHi\n"))
    # As a line of the file that the program writes for the server
    calls += [
        (["-i", f"{BOB}\nrecipient evil@evil.example"], b"Subject: line\n\nHi\n"),
        (["-i", "-F", "x\nrecipient evil@evil.example", BOB], b"Subject: line\n\nHi\n"),
    ]
    bodies = [HEAD.replace(b"\r", b"") + b"v" + variant + SECOND for variant in VARIANTS]
    calls += [(["-i", BOB], body) for body in bodies]

    def call() -> int:
        kept = 0
        for number, (words, octets) in enumerate(calls):
            program = tmp_path / PROGRAMS[number < 6]
            done = subprocess.run(
                [program, *words], input=octets, capture_output=True, timeout=20, check=False
            )
            kept += done.returncode == 0
        return kept

    kept = await deferToThread(call)
    server.start()
    pickup = server.data_dir / "pickup"
    for _ in range(600):
        if not list(pickup.glob("m.*")):
            break
        await pause(0.05)
    refused = len(list(pickup.rglob("*.reason")))  # kept beside the message, for its owner
    found = await taken(host, kept - refused)
    assert len(found) >= len(bodies) + len(TAILS)
    assert not evil.letters
    assert evil.connections == 0
    assert all(letter.rcpt == [f"TO:<{BOB}>"] for letter in host.letters)
    for letter in host.letters:
        message = message_from_bytes(letter.content)
        assert message["Bcc"] is None, letter.content
        names = [name.lower() for name in message]
        assert set(names) <= {"received", "subject", "to", "date", "from", "message-id"}, names
        assert "evil" not in letter.mail
        assert is_fit(letter.content)


async def test_no_field_of_a_notice_adds_another(net: Internet, sender: Sender) -> None:
    """What a host says, and what the sender gave for its envelope, in a DSN."""
    nasty = "550 5.1.1 No\r\rBcc: evil@evil.example\x0bX: y \x85Bcc: evil@evil.example\u2028Bcc: e"
    net.site("shop.example", Script(rcpt=say(nasty)))
    parameters = SenderParameters(envid="x\r\nBcc: evil@evil.example\r\n\r\nHi")
    await sender.send(BOB, parameters=parameters)
    await sender.given_up(BOB)
    [notice] = await sender.notices(1)
    message = message_from_bytes(notice.encode())
    assert message["Bcc"] is None
    assert message["To"] == "<boss@example.org>"
    (status,) = (part for part in message.walk() if part.get_content_subtype() == "delivery-status")
    fields = [name for part in status.walk() for name in part]
    assert "Bcc" not in fields
    assert "X" not in fields
    assert fields.count("Final-Recipient") == 1
    assert all(is_fit(line.encode()) for line in notice.split("\r\n"))


def test_no_argument_of_a_rule_has_a_second_line() -> None:
    for kind in KINDS.values():
        for tail in TAILS if kind.key else ():
            with pytest.raises(ValueError, match=r".+"):
                kind.normal(f"high{tail}")
