"""The server for `twistd -n --pidfile= -y etc/bitrixmail.tac`.

Options come from the environment: BITRIXMAIL_CONFIG names the file of settings, and every setting
may be given as BITRIXMAIL_SECTION__KEY.
"""

from twisted.application.service import Application

from bitrixmail.app.tap import tac_service

application = Application("bitrixmail")
tac_service().setServiceParent(application)
