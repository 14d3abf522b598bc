"""Parameters of structured fields such as Content-Type (RFC 2045 §5.1, RFC 2231).

Nothing here raises; at most 16 KiB, 100 parameters and 100 continuations are looked at.
"""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from bitrixmail.mime.charset import codec_name

_MAX_OCTETS = 16 * 1024
_MAX_PARAMETERS = 100
_PARAMETER = re.compile(
    rb';\s*+([^\s=;"*]{1,80})((?:\*[0-9]{1,3})?)(\*?)\s*+=\s*+(?:"((?:[^"\\]|\\.)*+)"?|([^;"\s]*+))',
    re.DOTALL,
)
_QUOTED_PAIR = re.compile(rb"\\(.)", re.DOTALL)

# Of one parameter: its pieces by number, each with whether it is percent-encoded.
_Pieces = dict[int, tuple[bytes, bool]]


def parse_parameters(value: bytes) -> tuple[str, dict[str, str]]:
    """Split a field value into its first token, lower-case, and its parameters.

    Names of parameters are lower-case. Continuations are joined and charsets decoded
    (RFC 2231 §3, §4); of two parameters of one name the first counts.
    """
    value = value[:_MAX_OCTETS]
    token = value.partition(b";")[0].strip().lower().decode("ascii", "replace")
    found: dict[str, _Pieces] = {}
    for match in _PARAMETER.finditer(value):
        name = match[1].lower().decode("ascii", "replace")
        if name not in found and len(found) >= _MAX_PARAMETERS:
            break
        pieces = found.setdefault(name, {})
        number = int(match[2][1:]) if match[2] else -1
        quoted = match[4]
        text = match[5] if quoted is None else _QUOTED_PAIR.sub(rb"\1", quoted)
        if len(pieces) < _MAX_PARAMETERS:
            pieces.setdefault(number if number >= 0 or not match[3] else -2, (text, bool(match[3])))
    return token, {name: _joined(pieces) for name, pieces in found.items()}


def _joined(pieces: _Pieces) -> str:
    """Put a parameter together: the extended form first, then continuations, then the plain."""
    if -2 in pieces:
        numbers = [-2]
    elif 0 in pieces:
        numbers = [n for n in range(_MAX_PARAMETERS) if all(k in pieces for k in (0, n))]
        numbers = numbers[: next((i for i, n in enumerate(numbers) if i != n), len(numbers))]
    else:
        numbers = [-1] if -1 in pieces else sorted(pieces)
    octets = b""
    codec = "utf-8"
    for position, number in enumerate(numbers):
        text, encoded = pieces[number]
        if encoded and position == 0 and text.count(b"'") >= 2:
            charset, _, text = text.split(b"'", 2)
            codec = codec_name(charset.decode("ascii", "replace")) or "utf-8"
        octets += unquote_to_bytes(text) if encoded else text
    return _decoded(octets, codec)


def _decoded(octets: bytes, codec: str) -> str:
    try:
        return octets.decode(codec, "replace")
    except UnicodeError:  # utf-16 and its like complain of a missing byte order mark
        return octets.decode("latin-1")
