"""The tables of those who administer the server. See `store.schema`."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, String, Table, Text

from bitrixmail.store.schema import metadata

admin_user = Table(
    "admin_user",
    metadata,
    Column("name", String, primary_key=True),
    Column("role", String, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("password_hash", String, nullable=False),
    Column("scram_verifier", String, nullable=False),
    Column("totp_secret", String, nullable=False),
    Column("totp_step", BigInteger, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("seen", BigInteger),
)

# Digests of what lets a user in once without his phone
admin_recovery = Table(
    "admin_recovery",
    metadata,
    Column("user", String, primary_key=True),
    Column("digest", String, primary_key=True),
)

# `key` is the digest of what the cookie holds: who reads the database can't log in with it.
admin_session = Table(
    "admin_session",
    metadata,
    Column("key", String, primary_key=True),
    Column("user", String, nullable=False),
    Column("csrf", String, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("seen", BigInteger, nullable=False),
    Column("address", String, nullable=False),
    Column("agent", Text, nullable=False),
    Index("ix_admin_session_user", "user"),
)

admin_token = Table(
    "admin_token",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("digest", String, nullable=False, unique=True),
    Column("name", String, nullable=False),
    Column("user", String, nullable=False),
    Column("rights", String, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("expires", BigInteger),
    Column("used", BigInteger),
    Index("ix_admin_token_user", "user"),
)

# The audit log.
deed = Table(
    "deed",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("who", String, nullable=False),
    Column("what", String, nullable=False),
    Column("target", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("address", String, nullable=False),
    Index("ix_deed_at", "at"),
)
