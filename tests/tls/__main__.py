"""Have testssl look at every door that speaks TLS, with the settings as they are by default.

Prints what it finds at each of them that is more than a remark, and what it could not look at.
Exits with 1 if it finds anything but faults of the certificate: by default there is a self-signed
one, which nobody trusts.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.fakes.tls_doors import TLSDoor, with_every_door

# Protocols, suites, forward secrecy, preferences, the server's defaults, known weaknesses
_ASKED = ("-p", "-s", "-f", "-P", "-S", "-U")
_FAULTS = ("LOW", "MEDIUM", "HIGH", "CRITICAL")
_NOT_LOOKED_AT = ("WARN", "FATAL")
_MOST_S = 900
# What it says of the certificate and of who vouches for it
_CERTIFICATE = ("cert", "DNS_CAA", "OCSP")


@dataclass(frozen=True)
class Finding:
    """One line of its report."""

    name: str
    severity: str
    text: str

    @property
    def is_fault(self) -> bool:
        """Whether it is more than a remark."""
        return self.severity in _FAULTS

    @property
    def of_certificate(self) -> bool:
        """Whether another certificate would mend it."""
        return self.name.startswith(_CERTIFICATE)


def look_at(door: TLSDoor, folder: Path) -> list[Finding]:
    """Return all that testssl has to say. Raises RuntimeError if it looked at nothing."""
    report = folder / f"{door.name}.json"
    starttls = ("--starttls", door.starttls) if door.starttls else ()
    done = subprocess.run(
        ["testssl", "--quiet", "--color", "0", "--warnings", "off", "--nodns", "none",
         "--jsonfile", report, *starttls, *_ASKED, f"127.0.0.1:{door.port}"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_MOST_S, check=False,
        cwd=folder,
    )  # fmt: skip
    found = [
        Finding(each["id"], each["severity"], each["finding"])
        for each in (json.loads(report.read_text()) if report.exists() else ())
    ]
    if not any(each.name == "TLS1_3" for each in found):
        raise RuntimeError(f"{door.name}: testssl saw no TLS:\n{done.stdout[-2000:]}{done.stderr}")
    return found


def main() -> int:
    bad = 0
    with tempfile.TemporaryDirectory(prefix="bitrixmail-tls-") as name:
        folder = Path(name)
        server, doors = with_every_door(folder / "server")
        with server:
            for door in doors:
                begun = time.monotonic()
                found = look_at(door, folder)
                kind = f"STARTTLS ({door.starttls})" if door.starttls else "TLS"
                faults = [each for each in found if each.is_fault]
                ours = [each for each in faults if not each.of_certificate]
                print(
                    f"{door.name}, {kind}: {len(found)} findings, {len(ours)} faults,"
                    f" {len(faults) - len(ours)} of the certificate,"
                    f" {time.monotonic() - begun:.0f} s",
                    flush=True,
                )
                others = [each for each in found if each.severity in _NOT_LOOKED_AT]
                for each in (*faults, *others):
                    print(f"  {each.severity:<8} {each.name}: {each.text[:100]}")
                bad += len(ours)
    print(f"{bad} faults that are not of the certificate")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
