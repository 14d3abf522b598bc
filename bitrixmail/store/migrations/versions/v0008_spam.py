"""The spam filter: its counts, what it has learned, senders let in or kept out, digests."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "spam_token",
        sa.Column("scope", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("token", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ham", sa.Integer(), nullable=False),
        sa.Column("spam", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "token", name="pk_spam_token"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_spam_token_scope_change", "spam_token", ["scope", "change"])
    op.create_table(
        "spam_corpus",
        sa.Column("scope", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ham", sa.Integer(), nullable=False),
        sa.Column("spam", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("scope", name="pk_spam_corpus"),
    )
    op.create_table(
        "spam_learned",
        sa.Column("scope", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("spam", sa.Boolean(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "digest", name="pk_spam_learned"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sender_entry",
        sa.Column("whose", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("allowed", sa.Boolean(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("whose", "address", name="pk_sender_entry"),
    )
    op.create_table(
        "quarantine_digest",
        sa.Column("mailbox_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("told", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("mailbox_id", name="pk_quarantine_digest"),
    )
    generation = sa.table("generation", sa.column("topic"), sa.column("number"))
    op.bulk_insert(
        generation, [{"topic": topic, "number": 0} for topic in ("spam", "sender-lists")]
    )
