"""The tables of the help desk, see schema. A desk is a mailbox."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from bitrixmail.store.schema import metadata

_Id = BigInteger().with_variant(Integer(), "sqlite")


def _column(name: str, type_: Any, **keywords: Any) -> Column[Any]:
    return Column(name, type_, nullable=False, **keywords)


# The last number that a desk has given out: none is used twice, whatever is removed.
desk = Table(
    "desk",
    metadata,
    Column("mailbox_id", _Id, ForeignKey("mailbox.id"), primary_key=True, autoincrement=False),
    _column("last", BigInteger),
)

# `linked` is the number of another one of the desk, or 0.
ticket = Table(
    "ticket",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=False),
    Column("mailbox_id", _Id, ForeignKey("mailbox.id"), nullable=False),
    _column("number", BigInteger),
    _column("owner", String),
    _column("subject", String),
    _column("state", String),
    _column("category", String),
    _column("criticality", String),
    _column("assignee", String),
    _column("linked", BigInteger),
    _column("created", BigInteger),
    _column("changed", BigInteger),
    UniqueConstraint("mailbox_id", "number"),
    Index(None, "mailbox_id", "owner", "created"),
    Index(None, "changed"),
)

# A message of a ticket, by the key of what brought it. `message_id` is the row of the stored one,
# which stays as long as this; `field` its Message-ID. `mailbox_id` is the ticket's.
ticket_message = Table(
    "ticket_message",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=False),
    Column("ticket_id", _Id, ForeignKey("ticket.id"), nullable=False),
    Column("mailbox_id", _Id, ForeignKey("mailbox.id"), nullable=False),
    Column("message_id", _Id, ForeignKey("message.id"), nullable=True),
    _column("key", String, unique=True),
    _column("at", BigInteger),
    _column("direction", String),
    _column("author", String),
    _column("queue_id", String),
    _column("field", String),
    _column("how", Text),
    _column("hidden", Boolean),
    _column("automatic", Boolean),
    Index(None, "ticket_id", "id"),
    Index(None, "mailbox_id", "author", "at"),
    Index(
        "ix_ticket_message_field",
        "mailbox_id",
        "field",
        sqlite_where=text("field <> ''"),
        postgresql_where=text("field <> ''"),
    ),
    Index(
        "ix_ticket_message_message_id",
        "message_id",
        sqlite_where=text("message_id IS NOT NULL"),
        postgresql_where=text("message_id IS NOT NULL"),
    ),
)
