"""How often each rule has matched, and when last."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "rule_count",
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("matched", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("rule", name="pk_rule_count"),
    )
