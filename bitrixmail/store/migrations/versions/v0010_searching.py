"""What the search over all mailboxes goes through, and searches that are kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "search_entry",
        sa.Column("received", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("message_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("recipients", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("attached", sa.Boolean(), nullable=False),
        sa.Column("size_octets", sa.BigInteger(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("received", "message_id", name="pk_search_entry"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "search_view",
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("user", "name", name="pk_search_view"),
    )
    # The last message that is read in
    sequence = sa.table("sequence", sa.column("name"), sa.column("last"))
    op.bulk_insert(sequence, [{"name": "search_entry", "last": 0}])
