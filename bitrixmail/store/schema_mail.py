"""The tables of what rules have answered and told by themselves. See `schema`."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table

from bitrixmail.store.schema import metadata

# Whom a rule has answered, when, and until when he is not answered again.
answer = Table(
    "answer",
    metadata,
    Column("mailbox", String, primary_key=True),
    Column("rule", String, primary_key=True),
    Column("sender", String, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Index(None, "mailbox", "at"),
    Index(None, "until"),
)

# Notices of a rule: how many since the beginning of an hour, and how many more were due (`owed`).
notice = Table(
    "notice",
    metadata,
    Column("mailbox", String, primary_key=True),
    Column("rule", String, primary_key=True),
    Column("target", String, primary_key=True),
    Column("since", BigInteger, nullable=False),
    Column("told", Integer, nullable=False),
    Column("owed", Integer, nullable=False),
    Index(None, "since"),
)
