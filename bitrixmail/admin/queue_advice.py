"""What the owner of the server may do about mail that waits or was given up. Pure."""

from __future__ import annotations

from bitrixmail.model.dsn import Reason

_RECORDS = "see whether others can trust this server: bitrixmail doctor"
_RECIPIENT = "only the recipient or his provider can change that"
_ADDRESS = "correct the address; nothing more goes to it for a while (bitrixmail suppression list)"
_DOMAIN = "look for a slip of the pen in the domain"

ADVICE: dict[Reason, str] = {
    Reason.UNKNOWN_USER: _ADDRESS,
    Reason.DISABLED: _ADDRESS,
    Reason.MOVED: _ADDRESS,
    Reason.BAD_ADDRESS: _ADDRESS,
    Reason.NO_SUCH_DOMAIN: _DOMAIN,
    Reason.TAKES_NO_MAIL: _DOMAIN,
    Reason.MAILBOX_FULL: _RECIPIENT,
    Reason.SPAM: f"{_RECORDS}; else the text, or what else this server sends, is disliked",
    Reason.REPUTATION: (
        "the address of this server is on a black list: the reply says where to ask for removal;"
        f" {_RECORDS}"
    ),
    Reason.AUTHENTICATION: "mend the records of the sender's domain: bitrixmail dns check DOMAIN",
    Reason.SENDER: "the other side does not like the sender's address: see that it exists",
    Reason.POLICY: f"read what the reply says; {_RECORDS}",
    Reason.CONTENT: "the other side does not take such content: send it in another way",
    Reason.TOO_LARGE: "send a link in place of the file",
    Reason.GREYLISTED: "nothing: it is asked again, and then taken, as with all new senders there",
    Reason.RATE_LIMITED: "nothing: it goes on more slowly; for good: outbound.schedule with a rate",
    Reason.RELAYING: "that host does not take mail for this domain: the MX records there are wrong",
    Reason.ROUTING: (
        f"{_DOMAIN}; where mail goes by a smarthost or route of yours, correct outbound.smarthost"
        " or outbound.route: bitrixmail doctor --only outgoing"
    ),
    Reason.LOOP: "two servers send it to each other: see the MX records and forwards",
    Reason.DNS: "see whether the name servers answer: bitrixmail doctor --only dns",
    Reason.UNREACHABLE: (
        "nothing, if others get their mail; if many domains wait so:"
        " bitrixmail doctor --only outgoing"
    ),
    Reason.TIMEOUT: "nothing, if others get their mail; else: bitrixmail doctor --only outgoing",
    Reason.TLS: (
        "the other side has no TLS that may be trusted, and its domain or you demand it"
        " (docs/dns.md)"
    ),
    Reason.PROTOCOL: "nothing: the other server is not in order",
    Reason.SYSTEM: "nothing: the other server has trouble of its own",
    Reason.EXPIRED: "see the attempts for what kept it; bitrixmail queue retry tries it anew",
    Reason.UNDETERMINED: "read what the reply says",
}
