"""What a file is by its first octets, whatever its name and its sender say."""

from __future__ import annotations

import re
from collections.abc import Callable

SAMPLE_OCTETS = 8 * 1024
"""How many first octets are worth having; fewer will do."""

# How much of the end of an archive is looked at: the list of its files stands there.
_TAIL_OCTETS = 16 * 1024

ReadAt = Callable[[int, int], bytes]
"""Read (offset, size) of the file; shorter or empty where that is not possible."""

# What stands at the very start; the longer ones first where one begins another.
_MAGIC = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"8BPS", "image/vnd.adobe.photoshop"),
    (b"\x00\x00\x01\x00", "image/vnd.microsoft.icon"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"\x1f\x8b", "application/gzip"),
    (b"BZh9", "application/x-bzip2"),
    (b"\xfd7zXZ\x00", "application/x-xz"),
    (b"\x28\xb5\x2f\xfd", "application/zstd"),
    (b"MSCF", "application/vnd.ms-cab-compressed"),
    (b"\x60\xea", "application/x-arj"),
    (b"\x7fELF", "application/x-elf"),
    (b"\xca\xfe\xba\xbe", "application/java-vm"),
    (b"\xcf\xfa\xed\xfe", "application/x-mach-binary"),
    (b"\xce\xfa\xed\xfe", "application/x-mach-binary"),
    (b"L\x00\x00\x00\x01\x14\x02\x00", "application/x-ms-shortcut"),
    (b"\x78\x9f\x3e\x22", "application/ms-tnef"),
    (b"{\\rtf", "application/rtf"),
    (b"%!PS", "application/postscript"),
    (b"ID3", "audio/mpeg"),
    (b"OggS", "application/ogg"),
    (b"fLaC", "audio/flac"),
    (b"\x1aE\xdf\xa3", "video/x-matroska"),
    (b"-----BEGIN PGP MESSAGE", "application/pgp-encrypted"),
    (b"-----BEGIN PGP SIGNATURE", "application/pgp-signature"),
    (b"-----BEGIN PGP PUBLIC", "application/pgp-keys"),
    (b"BEGIN:VCARD", "text/vcard"),
    (b"BEGIN:VCALENDAR", "text/calendar"),
    (b"SQLite format 3\x00", "application/vnd.sqlite3"),
    (b"ITSF\x03", "application/vnd.ms-htmlhelp"),
)  # fmt: skip
_BY_FIRST_OCTET: dict[int, list[tuple[bytes, str]]] = {}
for _start, _kind in _MAGIC:
    _BY_FIRST_OCTET.setdefault(_start[0], []).append((_start, _kind))

# Names of files in an archive, and what the archive is then. The first that is found counts.
_ZIPPED = (
    (b"AndroidManifest.xml", "application/vnd.android.package-archive"),
    (b"word/vbaProject.bin", "application/vnd.ms-word.document.macroenabled.12"),
    (b"xl/vbaProject.bin", "application/vnd.ms-excel.sheet.macroenabled.12"),
    (b"ppt/vbaProject.bin", "application/vnd.ms-powerpoint.presentation.macroenabled.12"),
    (b"word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    (b"xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (b"ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    (b"META-INF/MANIFEST.MF", "application/java-archive"),
)
_OFFICE = (b"word/", b"xl/", b"ppt/")
# A local file header, or an entry of the list at the end: the offsets of the two lengths.
_ENTRY = re.compile(rb"PK(?:\x03\x04.{22}(..)..|\x01\x02.{24}(..).{16})", re.DOTALL)
_MIMETYPE = re.compile(rb".{30}mimetype(application/[a-z0-9.+-]{1,100})", re.DOTALL)

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_STREAMS = (
    ("WordDocument", "application/msword"),
    ("Workbook", "application/vnd.ms-excel"),
    ("Book", "application/vnd.ms-excel"),
    ("PowerPoint Document", "application/vnd.ms-powerpoint"),
    ("VisioDocument", "application/vnd.visio"),
    ("__properties_version1.0", "application/vnd.ms-outlook"),
)
# Streams of an installer have names in a script of its own: letters from U+3800 on.
_MSI_CLASS = bytes.fromhex("84100c0000000000c000000000000046")
_MSP_CLASS = bytes.fromhex("86100c0000000000c000000000000046")

_ISO_BRANDS = {b"qt  ": "video/quicktime", b"M4A ": "audio/mp4", b"heic": "image/heic",
               b"mif1": "image/heif", b"avif": "image/avif"}  # fmt: skip
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/vnd.wave", b"AVI ": "video/x-msvideo"}
_HTML = re.compile(
    rb"<(?:!doctype\s+html|html|head|body|script|iframe|title|table|h1|div|p|a|img|meta|style)"
    rb"[\s/>]",
)
_COMMENT = re.compile(rb"<!--.*?-->\s*+", re.DOTALL)
_FIELD = re.compile(
    rb"(?:received|return-path|delivered-to|message-id|mime-version|subject|from|to|date|"
    rb"x-[a-z-]+|dkim-signature)[ \t]*:[^\r\n]*+\r?\n(?:[ \t]|[!-9;-~]++:)",
    re.IGNORECASE,
)


def content_kind(head: bytes, read_at: ReadAt, size_octets: int) -> str:
    """Return the media type that the first octets show; empty if they show none.

    `head` is at least the first 300 octets, or all there are. `read_at` serves formats that keep
    a list of what they hold elsewhere. Plain text shows none.
    """
    if not head:
        return ""
    for start, kind in _BY_FIRST_OCTET.get(head[0], ()):
        if head.startswith(start):
            return kind
    if head.startswith(b"PK\x03\x04"):
        return _zipped(head, read_at, size_octets)
    if head.startswith(_OLE):
        return _ole(head, read_at)
    if head.startswith(b"MZ") and b"\x00" in head[:64]:
        return "application/vnd.microsoft.portable-executable"
    return _binary(head) or _written(head)


def _binary(head: bytes) -> str:
    """Know what its marks do not stand at the very start of, or are short."""
    if head.startswith(b"RIFF"):
        return _RIFF.get(head[8:12], "")
    if head[4:8] == b"ftyp":
        return _ISO_BRANDS.get(head[8:12], "video/mp4")
    if head[257:262] == b"ustar":
        return "application/x-tar"
    if head[:2] in (b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"\xff\xfa"):
        return "audio/mpeg"
    if head.startswith(b"BM") and head[6:10] == b"\x00\x00\x00\x00":
        return "image/bmp"
    return ""


def _written(head: bytes) -> str:
    """Know what is written in letters, behind a mark of byte order and white space."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        head = head.replace(b"\x00", b"")[2:]
    head = head.removeprefix(b"\xef\xbb\xbf")
    if head.startswith(b"#!"):
        return _script(head)
    head = head.lstrip()
    lower = head[:1024].lower()
    if lower.startswith(b"<"):
        return _marked_up(lower)
    return "message/rfc822" if _FIELD.match(head) else ""


def _marked_up(lower: bytes) -> str:
    if lower.startswith(b"<?php"):
        return "application/x-httpd-php"
    is_xml = lower.startswith(b"<?xml")
    if is_xml:
        lower = lower[lower.find(b">") + 1 :].lstrip()
    while comment := _COMMENT.match(lower):
        lower = lower[comment.end() :]
    if _HTML.match(lower):
        return "text/html"
    if lower.startswith((b"<svg", b"<!doctype svg")):
        return "image/svg+xml"
    return "application/xml" if is_xml else ""


def _script(head: bytes) -> str:
    line = head.partition(b"\n")[0]
    for word, kind in (
        (b"python", "text/x-python"),
        (b"perl", "text/x-perl"),
        (b"php", "application/x-httpd-php"),
        (b"node", "text/javascript"),
    ):
        if word in line:
            return kind
    return "application/x-sh" if b"sh" in line else "text/x-script"


def _zipped(head: bytes, read_at: ReadAt, size_octets: int) -> str:
    declared = _MIMETYPE.match(head)
    if declared is not None:  # OpenDocument and EPUB name themselves
        return declared[1].partition(b"PK")[0].decode("ascii")
    tail = read_at(max(0, size_octets - _TAIL_OCTETS), _TAIL_OCTETS)
    names = {name for part in (tail, head) for name in _names(part)}
    if b"[Content_Types].xml" not in names:
        names = {name for name in names if not name.startswith(_OFFICE)}
    for wanted, kind in _ZIPPED:
        folder = wanted.endswith(b"/")
        if any(name.startswith(wanted) if folder else name == wanted for name in names):
            return kind
    return "application/zip"


def _names(archive: bytes) -> list[bytes]:
    """Gather the names of files of which the archive speaks here."""
    names = []
    for entry in _ENTRY.finditer(archive):
        length = int.from_bytes(entry[1] or entry[2], "little")
        names.append(archive[entry.end() : entry.end() + min(length, 256)])
    return names


def _ole(head: bytes, read_at: ReadAt) -> str:
    """Tell Word from Excel from an installer by the first sectors of the directory."""
    sector_octets = 1 << min(12, int.from_bytes(head[30:32], "little"))
    directory = int.from_bytes(head[48:52], "little")
    entries = read_at((directory + 1) * sector_octets, 4096)
    if not entries.startswith("Root Entry".encode("utf-16-le")):
        return "application/x-ole-storage"
    if entries[80:96] in (_MSI_CLASS, _MSP_CLASS):
        return "application/x-msi"
    for name, kind in _OLE_STREAMS:
        if name.encode("utf-16-le") in entries:
            return kind
    return "application/x-ole-storage"
