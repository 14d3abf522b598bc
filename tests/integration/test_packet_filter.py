"""What the doctor says of a firewall is what the kernel does: a stranger tries it each time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bitrixmail.admin.probes.iptables import read_iptables
from bitrixmail.admin.probes.nftables import read_nftables
from bitrixmail.admin.probes.packet_filter import Packet, Ruleset
from tests.fakes.namespace import HOST, Namespaces, as_root

pytestmark = [as_root, pytest.mark.debian("nftables", "iproute2")]
PORT = 20225


@pytest.fixture(scope="module")
def machine() -> Iterator[Namespaces]:
    with Namespaces() as namespaces:
        namespaces.listen(PORT)
        yield namespaces


def packet(port: int, family: int, *, leaving: bool = False) -> Packet:
    interfaces = frozenset() if leaving else frozenset({"out0"})
    return Packet(family, port, interfaces, frozenset({HOST[family]}), leaving)


def agree(machine: Namespaces, rules: Ruleset, expected: dict[tuple[int, int], bool]) -> None:
    """Compare what is foretold and what happens, for the ports and IP versions of interest."""
    for (port, family), reaches in expected.items():
        passage = rules.passage(packet(port, family))
        foretold = not passage.dropped and passage.port == PORT
        assert passage.sure, (port, family, passage)
        assert foretold is reaches, (port, family, passage)
        assert machine.reaches(port, family, patience_s(reaches)) is reaches, (port, family)


def patience_s(reaches: bool) -> float:
    """Wait longer for what must come than for what must not."""
    return 5.0 if reaches else 0.1


BOTH = {(PORT, 4): True, (PORT, 6): True}
NEITHER = {(PORT, 4): False, (PORT, 6): False}


def chain(name: str, kind: str, *rules: str, policy: str = "accept") -> str:
    lines = "\n".join(rules)
    return f"chain {name} {{\n{kind}; policy {policy};\n{lines}\n}}\n"


def input_chain(*rules: str, policy: str = "accept") -> str:
    """Write a table whose chain of the hook input has these rules."""
    hook = "type filter hook input priority 0"
    return (
        "table inet t {\nset mail {\ntype inet_service\nelements = { 25, 20225 }\n}\n"
        "chain closed {\ndrop\n}\n"
        f"{chain('input', hook, 'meta l4proto ipv6-icmp accept', *rules, policy=policy)}}}\n"
    )


def redirect(
    family: str = "inet", hook: str = "prerouting", asked: str = "", to: int = PORT, name: str = "n"
) -> str:
    """Write a table that redirects port 25."""
    rule = f"{asked} tcp dport 25 redirect to :{to}"
    return (
        f"table {family} {name} {{\n{chain('n', f'type nat hook {hook} priority -100', rule)}}}\n"
    )


SECOND = chain("n", "type nat hook prerouting priority -90", f"tcp dport {PORT} redirect to :9")
RAW = chain("p", "type filter hook prerouting priority -300", "tcp dport 25 drop")


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ("", BOTH),
        (input_chain(""), BOTH),
        (input_chain("", policy="drop"), NEITHER),
        (input_chain("iif lo accept", policy="drop"), NEITHER),
        (input_chain('iifname "out*" accept', policy="drop"), BOTH),
        (input_chain("ct state established,related accept", policy="drop"), NEITHER),
        (input_chain("ct state vmap { established : accept, invalid : drop }"), BOTH),
        (input_chain(f"tcp dport {PORT} drop"), NEITHER),
        (input_chain(f"tcp dport {PORT} reject with tcp reset"), NEITHER),
        (input_chain(f"tcp dport {PORT} accept", policy="drop"), BOTH),
        (input_chain("tcp dport 25 accept", policy="drop"), NEITHER),
        (input_chain("tcp dport { 22, 20000-20300 } accept", policy="drop"), BOTH),
        (input_chain("tcp dport @mail jump closed"), NEITHER),
        (input_chain("udp dport 20225 drop"), BOTH),
        (input_chain(f"tcp dport vmap {{ 1 : accept, {PORT} : jump closed }}"), NEITHER),
        (input_chain("tcp dport > 1024 drop"), NEITHER),
        (input_chain("tcp dport != 22 goto closed"), NEITHER),
        (input_chain("meta nfproto ipv6 drop"), {(PORT, 4): True, (PORT, 6): False}),
        (input_chain(f"ip protocol tcp tcp dport {PORT} drop"), {(PORT, 4): False, (PORT, 6): True}),
        (input_chain("ip saddr 203.0.113.0/24 drop"), BOTH),
        (input_chain("tcp flags & (fin|syn|rst|ack) == syn ct state new drop"), NEITHER),
        (input_chain("tcp flags & (fin|syn|rst|ack) != syn ct state new drop"), BOTH),
        (input_chain(f"tcp dport {PORT} limit rate over 100/minute drop"), BOTH),
        (input_chain(f'tcp dport {PORT} counter log prefix "x" drop'), NEITHER),
        (input_chain("fib daddr type local tcp dport 1-65535 drop"), NEITHER),
        (redirect("ip"), {(25, 4): True, (25, 6): False, (PORT, 4): True}),
        (
            redirect() + input_chain("tcp dport 25 accept", policy="drop"),
            {(25, 4): False, (25, 6): False},
        ),
        (
            redirect() + input_chain(f"tcp dport {PORT} accept", policy="drop"),
            {(25, 4): True, (25, 6): True},
        ),
        (
            redirect() + "table inet r {\n" + RAW + "}\n",
            {(25, 4): False, (25, 6): False, (PORT, 4): True},
        ),
        # Of two that stand alike the younger is asked, and it alone.
        (redirect() + redirect(to=9, name="younger"), {(25, 4): False, (25, 6): False}),
        (redirect(to=9, name="older") + redirect(), {(25, 4): True, (25, 6): True}),
        (
            redirect() + f"table inet later {{\n{SECOND}}}\n",
            {(25, 4): True, (25, 6): True, (PORT, 4): False},
        ),
    ],
)  # fmt: skip
def test_nftables(machine: Namespaces, rules: str, expected: dict[tuple[int, int], bool]) -> None:
    machine.run("nft", "-f", "-", stdin=f"flush ruleset\n{rules}\n")
    agree(machine, read_nftables(machine.run("nft", "-j", "list", "ruleset")), expected)


def test_a_redirect_of_what_begins_here(machine: Namespaces) -> None:
    for hook, outside, here in (("prerouting", True, False), ("output", False, True)):
        table = redirect(hook=hook, asked="fib daddr type local")
        machine.run("nft", "-f", "-", stdin=f"flush ruleset\n{table}")
        rules = read_nftables(machine.run("nft", "-j", "list", "ruleset"))
        assert (rules.passage(packet(25, 4)).port == PORT) is outside
        assert (rules.passage(packet(25, 4, leaving=True)).port == PORT) is here
        assert machine.reaches(25, 4, patience_s(outside)) is outside
        assert machine.reaches_itself(25, 4, patience_s(here)) is here


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((), True),
        (("-P INPUT DROP",), False),
        (("-A INPUT -i lo -j ACCEPT", "-A INPUT -j DROP"), False),
        (("-A INPUT -p tcp -m tcp --dport 20225 -j REJECT",), False),
        (("-A INPUT -p tcp -m multiport --dports 25,20000:20300 -j ACCEPT", "-P INPUT DROP"), True),
        (("-A INPUT -p tcp ! --dport 22 -j DROP",), False),
        (("-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT", "-P INPUT DROP"), False),
        (("-A INPUT -p tcp --syn -m conntrack --ctstate NEW -j DROP",), False),
        (("-A INPUT -p tcp ! --syn -m conntrack --ctstate NEW -j DROP",), True),
        (("-A INPUT -s 203.0.113.0/24 -j DROP",), True),
        (("-A INPUT ! -i out+ -j DROP",), True),
        (("-N mail", "-A mail -p tcp --dport 20225 -j RETURN", "-A mail -j DROP",
          "-A INPUT -p tcp -j mail"), True),
        (("-N mail", "-A mail -p tcp -j DROP", "-A INPUT -g mail"), False),
        (("-A INPUT -p tcp --dport 20225 -m limit --limit 90/min -j ACCEPT", "-P INPUT DROP"), True),
        (("-A INPUT -p tcp --dport 20225 -j LOG --log-prefix 'a b'",), True),
        (("-A INPUT -p udp -j DROP",), True),
        (("-A INPUT -m addrtype --dst-type LOCAL -p tcp -m comment --comment 'a -j b' -j DROP",),
         False),
        (("-t mangle -A PREROUTING -p tcp --dport 20225 -j DROP",), False),
        (("-t nat -A PREROUTING -p tcp --dport 20225 -j REDIRECT --to-ports 9",), False),
    ],
)  # fmt: skip
@pytest.mark.debian("iptables")
def test_iptables(machine: Namespaces, lines: tuple[str, ...], expected: bool) -> None:
    machine.run("nft", "flush", "ruleset")
    machine.shell("; ".join(f"iptables {line}" for line in lines))
    rules = read_iptables(machine.run("iptables-save"), 4)
    agree(machine, rules, {(PORT, 4): expected})


def test_a_drop_at_the_entrance_of_an_interface_is_not_missed(machine: Namespaces) -> None:
    """Which interface it is, nft does not always tell."""
    rule = (
        f"chain i {{\ntype filter hook ingress device out0 priority 0;\ntcp dport {PORT} drop\n}}"
    )
    machine.run("nft", "-f", "-", stdin=f"flush ruleset\ntable netdev t {{\n{rule}\n}}\n")
    passage = read_nftables(machine.run("nft", "-j", "list", "ruleset")).passage(packet(PORT, 4))
    assert not machine.reaches(PORT, 4, patience_s(reaches=False))
    assert passage.dropped
    assert passage.rule == "the rule with handle 2"
