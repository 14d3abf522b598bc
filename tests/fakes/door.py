"""A door with a recording gate behind it, and what dialogues may ask of the two."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import replace
from ipaddress import ip_network

from twisted.internet.task import Clock

from bitrixmail.model.limits import SMTPLimits
from bitrixmail.model.reply import Reply
from bitrixmail.smtp.factory import SMTPFactory
from tests.fakes.certificate import server_tls
from tests.fakes.gate import RecordingGate, RecordingMailLog


class Door:
    """Made by a test. `hooks` are the steps of a dialogue that begin with `!`."""

    def __init__(self) -> None:
        self.gate = RecordingGate()
        self.maillog = RecordingMailLog()
        self.clock = Clock()
        self.factory = SMTPFactory(
            self.gate, self.clock, self.maillog, "mx.example.org", self.lenient(), server_tls()
        )
        self.drained = False

    @staticmethod
    def lenient() -> SMTPLimits:
        """Return limits that let a dialogue send much in one write, and be wrong without waiting."""
        return SMTPLimits(strict_pipelining=False, error_delay_s=0.0)

    def hooks(self) -> Mapping[str, Callable[[str], None]]:
        return {
            "limits": self.limits,
            "normalize": lambda _rest: self._replace(normalize_networks=(ip_network("0.0.0.0/0"),)),
            "no_tls": lambda _rest: setattr(self.factory, "tls", None),
            "hold": self.gate.hold.add,
            "release": lambda _rest: self.gate.release(),
            "refuse": lambda rest: self._note(self.gate.refuse, rest),
            "outcome": lambda rest: self._note(self.gate.outcomes, rest),
            "messages": self.messages,
            "content": self.content,
            "recipients": self.recipients,
            "client": self.client,
            "aborted": self.aborted,
            "opened": self.opened,
            "refusals": self.refusals,
            "drain": self.drain,
            "abort_all": lambda _rest: self.factory.abort_all(),
            "drained": self.is_drained,
        }

    def limits(self, rest: str) -> None:
        self._replace(**{key: ast.literal_eval(value) for key, _, value in _pairs(rest)})

    def _replace(self, **changes: object) -> None:
        self.factory.limits = replace(self.factory.limits, **changes)  # type: ignore[arg-type] # by name

    def _note(self, replies: dict[str, Reply], rest: str) -> None:
        name, code, enhanced, text = rest.split(" ", 3)
        replies[name] = Reply(int(code), enhanced, text)

    def messages(self, rest: str) -> None:
        assert len(self.gate.messages) == int(rest)

    def content(self, rest: str) -> None:
        assert self.gate.messages[-1].content == ast.literal_eval(f"b'{rest}'")

    def recipients(self, rest: str) -> None:
        found = [str(recipient.address) for recipient in self.gate.messages[-1].recipients]
        assert found == rest.split(" ")

    def client(self, rest: str) -> None:
        for key, _, value in _pairs(rest):
            client = self.gate.opened[-1].client
            found = client.tls and client.tls.version if key == "tls" else getattr(client, key)
            assert str(found) == value, (key, found)

    def aborted(self, rest: str) -> None:
        assert [str(reply.code) if reply else "-" for reply in self.gate.aborted] == rest.split()

    def opened(self, rest: str) -> None:
        assert len(self.gate.opened) == int(rest)

    def refusals(self, rest: str) -> None:
        codes = [str(fields["reply"]).split(" ")[0] for _, fields in self.maillog.lines]
        assert codes == rest.split()

    def drain(self, _rest: str) -> None:
        def fired(_result: None) -> None:
            self.drained = True

        self.factory.drain().addCallback(fired)

    def is_drained(self, rest: str) -> None:
        assert str(self.drained) == rest


def _pairs(rest: str) -> list[tuple[str, str, str]]:
    return [pair.partition("=") for pair in rest.split()]
