"""Tell twistd that there is `bitrixmail`."""

from twisted.application.service import ServiceMaker

bitrixmail = ServiceMaker(
    "bitrixmail", "bitrixmail.app.tap", "A mail server for site owners", "bitrixmail"
)
