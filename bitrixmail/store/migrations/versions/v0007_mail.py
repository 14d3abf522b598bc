"""Whom rules have answered, and how many notices they have sent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "answer",
        sa.Column("mailbox", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("sender", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("mailbox", "rule", "sender", name="pk_answer"),
    )
    op.create_index("ix_answer_mailbox_at", "answer", ["mailbox", "at"])
    op.create_index("ix_answer_until", "answer", ["until"])
    op.create_table(
        "notice",
        sa.Column("mailbox", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("owed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("mailbox", "rule", "target", name="pk_notice"),
    )
    op.create_index("ix_notice_since", "notice", ["since"])
