"""What was imported from files of mail, so that it comes in once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "imported",
        sa.Column("mailbox_id", _ID, autoincrement=False, nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["mailbox_id"], ["mailbox.id"], name="fk_imported_mailbox_id"),
        sa.PrimaryKeyConstraint("mailbox_id", "key", name="pk_imported"),
    )
