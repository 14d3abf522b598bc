"""What a door hands to the portal when somebody logs in."""

from __future__ import annotations

from twisted.cred.credentials import IUsernamePassword
from zope.interface import Attribute


class IPasswordLogin(IUsernamePassword):
    """A name and a password as they came over the wire, and from where.

    The portal answers UnauthorizedLogin alike, and at the same time, whatever was wrong.
    """

    username: bytes = Attribute(
        "the login name, UTF-8: a mailbox's address, or `local+Folder@domain`"
    )
    password: bytes = Attribute("the password, UTF-8")
    peer: str = Attribute("the client's IP address in canonical text; empty for a local socket")
