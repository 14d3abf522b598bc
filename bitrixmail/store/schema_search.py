"""The tables of the search over all mailboxes. See `store.schema`."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Integer, String, Table, Text

from bitrixmail.store.schema import metadata

# What is looked for in a message, in the order of its reception and so that it can be gone through
# without the messages themselves. Texts are folded, see model.searching. `score` in hundredths:
# what a rule has seen, which is the only time it is asked for. Written behind the commit.
search_entry = Table(
    "search_entry",
    metadata,
    Column("received", BigInteger, primary_key=True, autoincrement=False),
    Column("message_id", BigInteger, primary_key=True, autoincrement=False),
    Column("author", Text, nullable=False),
    Column("recipients", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("attached", Boolean, nullable=False),
    Column("size_octets", BigInteger, nullable=False),
    Column("score", Integer),
    sqlite_with_rowid=False,
)

search_view = Table(
    "search_view",
    metadata,
    Column("user", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("query", Text, nullable=False),
)
