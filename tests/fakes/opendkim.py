"""OpenDKIM's verdict on messages, with a DNS of the test's own: in namespaces made for it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.fakes.name_server import NameServer

ROOT = Path(__file__).parents[2]
_PROGRAM = "/usr/sbin/opendkim-testmsg"


def record_lines(records: Mapping[str, str]) -> list[str]:
    """Write records of text as a zone has them, in strings of 255 octets at most."""
    lines = []
    for name, text in records.items():
        strings = " ".join(f'"{text[at : at + 255]}"' for at in range(0, len(text), 255))
        lines.append(f"{name}. 60 IN TXT {strings}")
    return lines


def judged_by_opendkim(messages: Sequence[bytes], records: Mapping[str, str]) -> list[str]:
    """Return what it says of each message, empty if its signatures hold. As root."""
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for number, message in enumerate(messages):
            file = Path(folder, f"{number}.eml")
            file.write_bytes(message)
            files.append(str(file))
        task = {"files": files, "lines": record_lines(records), "folder": folder}
        done = subprocess.run(
            ["unshare", "--net", "--mount", sys.executable, "-m", "tests.fakes.opendkim"],
            input=json.dumps(task),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    verdicts: list[str] = json.loads(done.stdout)
    return verdicts


def _inside() -> None:
    """Judge, where 127.0.0.1:53 is ours and /etc/resolv.conf names it."""
    task = json.load(sys.stdin)
    conf = Path(task["folder"], "resolv.conf")
    conf.write_text("nameserver 127.0.0.1\noptions timeout:2 attempts:1\n")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["mount", "--bind", str(conf), "/etc/resolv.conf"], check=True)
    verdicts = []
    with NameServer(*task["lines"], port=53) as server:
        for file in task["files"]:
            asked = len(server.questions)
            with Path(file).open("rb") as stream:
                done = subprocess.run(
                    [_PROGRAM, "-t", task["folder"]],
                    stdin=stream,
                    capture_output=True,
                    text=True,
                    timeout=20,
                    check=False,
                )
            said = (done.stdout + done.stderr).strip()
            if len(server.questions) == asked:
                said += " (it asked for no key)"
            verdicts.append(said if said or not done.returncode else f"code {done.returncode}")
    json.dump(verdicts, sys.stdout)


if __name__ == "__main__":
    _inside()
