from __future__ import annotations

import io
import tarfile
import zipfile

import pytest

from bitrixmail.mime.content_kind import SAMPLE_OCTETS, content_kind
from tests.corpus.compound_file import compound

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def kind(octets: bytes) -> str:
    return content_kind(
        octets[:SAMPLE_OCTETS], lambda offset, size: octets[offset : offset + size], len(octets)
    )


def zipped(*names: str, first: tuple[str, str] | None = None) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        if first:
            archive.writestr(*first)
        for name in names:
            archive.writestr(name, "x" * 20_000)
    return file.getvalue()


def tar() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.txt"))
    return file.getvalue()


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (b"", ""),
        (b"just words\r\n", ""),
        (b"MZ is a club", ""),
        (b"<3 you", ""),
        (b"%PDF-1.7", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n\x00", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"RIFF\x00\x00\x00\x00WAVE", "audio/vnd.wave"),
        (b"ID3\x03", "audio/mpeg"),
        (b"\xff\xfb\x90", "audio/mpeg"),
        (b"\x00\x00\x00\x18ftypmp42", "video/mp4"),
        (b"\x00\x00\x00\x18ftypqt  ", "video/quicktime"),
        (b"Rar!\x1a\x07\x01\x00", "application/vnd.rar"),
        (b"7z\xbc\xaf\x27\x1c\x00", "application/x-7z-compressed"),
        (b"\x1f\x8b\x08", "application/gzip"),
        (tar(), "application/x-tar"),
        (b"MZ\x90\x00\x03", "application/vnd.microsoft.portable-executable"),
        (b"\x7fELF\x02", "application/x-elf"),
        (b"L\x00\x00\x00\x01\x14\x02\x00\x00", "application/x-ms-shortcut"),
        (b"{\\rtf1", "application/rtf"),
        (b"\xef\xbb\xbf\r\n <!DOCTYPE html>", "text/html"),
        (b"<!-- x --><HTML>", "text/html"),
        ("\ufeff<html>".encode("utf-16-le"), "text/html"),
        (b"<?xml version='1.0'?>\n<svg >", "image/svg+xml"),
        (b"<?xml version='1.0'?><x/>", "application/xml"),
        (b"<?xml?><html xmlns='x'>", "text/html"),
        (b"<?php x", "application/x-httpd-php"),
        (b"#!/bin/bash\n", "application/x-sh"),
        (b"#!/usr/bin/env python3\n", "text/x-python"),
        (b"Received: from a\r\n by b\r\nSubject: x\r\n", "message/rfc822"),
        (b"From: a@example.net\nTo: b\n", "message/rfc822"),
        (b"Date: yes", ""),
        (zipped("a.txt"), "application/zip"),
        (zipped("word/a.txt"), "application/zip"),
        (zipped("[Content_Types].xml", "_rels/.rels", "word/document.xml"), WORD),
        (zipped("[Content_Types].xml", "xl/workbook.xml"), EXCEL),
        (
            zipped("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"),
            "application/vnd.ms-word.document.macroenabled.12",
        ),
        (
            zipped("content.xml", first=("mimetype", "application/vnd.oasis.opendocument.text")),
            "application/vnd.oasis.opendocument.text",
        ),
        (zipped("META-INF/MANIFEST.MF"), "application/java-archive"),
        (
            zipped("META-INF/MANIFEST.MF", "AndroidManifest.xml"),
            "application/vnd.android.package-archive",
        ),
        (compound("WordDocument"), "application/msword"),
        (compound("Workbook"), "application/vnd.ms-excel"),
        (compound("PowerPoint Document"), "application/vnd.ms-powerpoint"),
        (
            compound("WordDocument", class_id=bytes.fromhex("84100c0000000000c000000000000046")),
            "application/x-msi",
        ),
        (compound("other"), "application/x-ole-storage"),
        (compound()[:600], "application/x-ole-storage"),
    ],
)
def test_kinds(octets: bytes, expected: str) -> None:
    assert kind(octets) == expected


def test_an_archive_of_which_only_the_start_is_known() -> None:
    octets = zipped("[Content_Types].xml", "word/document.xml")
    assert content_kind(octets[:SAMPLE_OCTETS], lambda _offset, _size: b"", len(octets)) in (
        WORD,
        "application/zip",
    )
