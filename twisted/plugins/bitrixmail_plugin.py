"""Tell twistd that there is `bitrixmail`."""

from twisted.application.service import ServiceMaker

bitrixmail = ServiceMaker(  # type: ignore[no-untyped-call]  # Twisted's has no types
    "bitrixmail", "bitrixmail.app.tap", "A mail server for site owners", "bitrixmail"
)
