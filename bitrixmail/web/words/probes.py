"""What the doctor looks at, in words: its probes have codes."""

from __future__ import annotations

from bitrixmail.web.words import _

PROBES = {
    "address": _("Mail servers of a domain"),
    "certificate": _("Certificate"),
    "clock": _("Clock"),
    "descriptors": _("Open files at once"),
    "disk": _("Disk space"),
    "dkim": _("Signature of mail (DKIM)"),
    "dmarc": _("Policy of the domain (DMARC)"),
    "dns": _("Name servers"),
    "firewall": _("Firewall"),
    "fsync": _("Writing to the disk"),
    "hostname": _("Name of the server"),
    "mx": _("Where mail comes to (MX)"),
    "openssl": _("OpenSSL library"),
    "outgoing": _("Outgoing mail"),
    "pickup": _("Mail of programs of this machine"),
    "port": _("Ports that listen"),
    "privilege": _("Rights of the server"),
    "ptr": _("Name of the address (PTR)"),
    "redirect": _("Redirection of ports"),
    "spf": _("Who may send for the domain (SPF)"),
    "store": _("Database of mail"),
}
