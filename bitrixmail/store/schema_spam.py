"""The tables of the spam filter, and of senders let in or kept out. See `store.schema`."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, String, Table, Text

from bitrixmail.store.schema import metadata

# In how many messages a token (64 bits of a hash) was, by what they were. Each time what a scope
# has learned is halved its `epoch` goes up; counts of an older one are halved as they are read.
# `change` numbers the changes of a scope: who has read them needs only what came after.
spam_token = Table(
    "spam_token",
    metadata,
    Column("scope", BigInteger, primary_key=True, autoincrement=False),
    Column("token", BigInteger, primary_key=True, autoincrement=False),
    Column("ham", Integer, nullable=False),
    Column("spam", Integer, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("change", BigInteger, nullable=False),
    Column("seen", BigInteger, nullable=False),
    Index("ix_spam_token_scope_change", "scope", "change"),
    sqlite_with_rowid=False,
)

spam_corpus = Table(
    "spam_corpus",
    metadata,
    Column("scope", BigInteger, primary_key=True, autoincrement=False),
    Column("ham", Integer, nullable=False),
    Column("spam", Integer, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("change", BigInteger, nullable=False),
)

# What was learned, so that it counts once and can be taken back.
spam_learned = Table(
    "spam_learned",
    metadata,
    Column("scope", BigInteger, primary_key=True, autoincrement=False),
    Column("digest", LargeBinary, primary_key=True),
    Column("spam", Boolean, nullable=False),
    Column("at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# `whose` is empty for all, a domain, or a mailbox's address; `address` one address, or "@domain".
sender_entry = Table(
    "sender_entry",
    metadata,
    Column("whose", String, primary_key=True),
    Column("address", String, primary_key=True),
    Column("allowed", Boolean, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger),
    Column("note", Text, nullable=False),
)

# When a mailbox was last written to of what lies in its quarantine.
quarantine_digest = Table(
    "quarantine_digest",
    metadata,
    Column("mailbox_id", BigInteger, primary_key=True, autoincrement=False),
    Column("told", BigInteger, nullable=False),
)
