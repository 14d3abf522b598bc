"""The help desk: tickets and their messages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "desk",
        sa.Column("mailbox_id", _ID, autoincrement=False, nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["mailbox_id"], ["mailbox.id"], name="fk_desk_mailbox_id"),
        sa.PrimaryKeyConstraint("mailbox_id", name="pk_desk"),
    )
    op.create_table(
        "ticket",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("mailbox_id", _ID, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("criticality", sa.String(), nullable=False),
        sa.Column("assignee", sa.String(), nullable=False),
        sa.Column("linked", sa.BigInteger(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["mailbox_id"], ["mailbox.id"], name="fk_ticket_mailbox_id"),
        sa.PrimaryKeyConstraint("id", name="pk_ticket"),
        sa.UniqueConstraint("mailbox_id", "number", name="uq_ticket_mailbox_id_number"),
    )
    columns = ["mailbox_id", "owner", "created"]
    op.create_index("ix_ticket_mailbox_id_owner_created", "ticket", columns)
    op.create_index("ix_ticket_changed", "ticket", ["changed"])
    _messages()
    sequence = sa.table("sequence", sa.column("name"), sa.column("last"))
    names = ("ticket", "ticket_message")
    op.bulk_insert(sequence, [{"name": name, "last": 0} for name in names])


def _messages() -> None:
    op.create_table(
        "ticket_message",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("ticket_id", _ID, nullable=False),
        sa.Column("mailbox_id", _ID, nullable=False),
        sa.Column("message_id", _ID, nullable=True),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("queue_id", sa.String(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("hidden", sa.Boolean(), nullable=False),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_ticket_message_ticket_id"),
        sa.ForeignKeyConstraint(
            ["mailbox_id"], ["mailbox.id"], name="fk_ticket_message_mailbox_id"
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name="fk_ticket_message_message_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_ticket_message"),
        sa.UniqueConstraint("key", name="uq_ticket_message_key"),
    )
    table = "ticket_message"
    op.create_index("ix_ticket_message_ticket_id_id", table, ["ticket_id", "id"])
    columns = ["mailbox_id", "author", "at"]
    op.create_index("ix_ticket_message_mailbox_id_author_at", table, columns)
    op.create_index(
        "ix_ticket_message_field",
        table,
        ["mailbox_id", "field"],
        sqlite_where=sa.text("field <> ''"),
    )
    op.create_index(
        "ix_ticket_message_message_id",
        table,
        ["message_id"],
        sqlite_where=sa.text("message_id IS NOT NULL"),
    )
