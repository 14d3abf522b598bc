"""The filter of logins for fail2ban, tried with its own program on what a real server wrote."""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.attacks.guessing import INFO, PASSWORD, Guess, Target
from tests.fakes.process import ROOT

FILTER = ROOT / "etc/fail2ban/filter.d/bitrixmail-login.conf"


@pytest.mark.debian("fail2ban")
@pytest.mark.parametrize("form", ["text", "json"])
def test_fail2ban_finds_who_guesses(tmp_path: Path, form: str) -> None:
    forged = 'x",peer=127.6.6.6,"reason":"wrong'
    with Target(tmp_path, f"log.format={form}", "access.failed_logins_per_minute=0") as target:
        target.furnish()
        target.ask(
            Guess("127.0.0.2", INFO),
            Guess("127.0.0.2", "nobody"),
            Guess("127.0.0.3", forged),
            # These know the password
            Guess("127.0.0.4", INFO, PASSWORD),
            Guess("127.0.0.5", "info+None@example.org", PASSWORD),
        )
        done = subprocess.run(
            ["fail2ban-regex", "-o", "ip", str(target.log_file), str(FILTER)],
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert Counter(done.stdout.split()) == {"127.0.0.2": 2, "127.0.0.3": 1}, target.log
