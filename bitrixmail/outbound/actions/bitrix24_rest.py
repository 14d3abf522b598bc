"""Methods of a portal's REST, called with JSON; what it answers, told apart."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from bitrixmail.interfaces.http import IHTTPCaller
from bitrixmail.model.http import Call
from bitrixmail.model.text import printable
from bitrixmail.outbound.actions.calling import said, wait_of
from bitrixmail.outbound.actions.payloads import JSON

_ANSWER_OCTETS = 256 * 1024
_SAID = 200
_USER = re.compile(r"/rest/([0-9]{1,9})/[^/]+/$")


class RestError(Exception):
    """The portal has not done it. `code` is its own word for why, empty if it has none.

    `understood`: it was the portal's REST that said so, and no server before it.
    """

    def __init__(
        self,
        method: str,
        status: int,
        text: str,
        code: str = "",
        wait: timedelta | None = None,
        *,
        understood: bool = False,
    ) -> None:
        super().__init__(f"{method}: {printable(text, _SAID)}")
        self.status = status
        self.code = code
        self.wait = wait
        self.understood = understood


class Portal:
    """One portal, for one attempt, which is made `now`; `url` ends with a slash.

    `host` and `address` tell who has answered last, `user` whose webhook it is.
    """

    def __init__(self, caller: IHTTPCaller, url: str, timeout_s: float, now: datetime) -> None:
        found = _USER.search(url)
        self.user = int(found[1]) if found else 1
        self._now = now
        self.host = ""
        self.address = ""
        self._caller = caller
        self._url = url
        self._timeout_s = timeout_s

    async def call(self, method: str, parameters: Mapping[str, Any]) -> Any:
        """Call a method and return its result. Raises RestError; CallError without an answer."""
        body = json.dumps(parameters, ensure_ascii=False).encode("utf-8", "replace")
        call = Call(f"{self._url}{method}.json", body, JSON)
        called = await self._caller.call(call, _ANSWER_OCTETS, self._timeout_s)
        self.host, self.address = called.host, called.address
        try:
            answer = json.loads(called.body)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise RestError(method, called.status, said(called), "", wait_of(called, self._now))
        if "error" in answer:
            code = str(answer["error"])[:80]
            text = " ".join(filter(None, (code, str(answer.get("error_description", "")))))
            raise RestError(method, called.status, text, code, understood=True)
        if not 200 <= called.status < 300 or "result" not in answer:
            raise RestError(method, called.status, said(called))
        return answer["result"]
