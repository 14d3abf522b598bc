"""Runs of rules over stored messages: how far they are, what they changed, when they are due."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "rule_run",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("started", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("occasion", sa.String(), nullable=False),
        sa.Column("rule_set_version", sa.Integer(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("extent", sa.Text(), nullable=False),
        sa.Column("ceiling", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("cursor", sa.BigInteger(), nullable=False),
        sa.Column("judged", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("stale", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_rule_run"),
    )
    op.create_table(
        "rule_change",
        sa.Column("run_id", _ID, autoincrement=False, nullable=False),
        sa.Column("place_id", _ID, autoincrement=False, nullable=False),
        sa.Column("queue_id", sa.String(), nullable=False),
        sa.Column("from_folder", sa.BigInteger(), nullable=False),
        sa.Column("to_folder", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("copies", sa.Text(), nullable=False),
        sa.Column("discarded", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["rule_run.id"], name="fk_rule_change_run_id"),
        sa.PrimaryKeyConstraint("run_id", "place_id", name="pk_rule_change"),
    )
    op.create_table(
        "rule_timer",
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("schedule", sa.String(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("rule", name="pk_rule_timer"),
    )
    sequence = sa.table("sequence", sa.column("name"), sa.column("last"))
    op.bulk_insert(sequence, [{"name": "rule_run", "last": 0}])
