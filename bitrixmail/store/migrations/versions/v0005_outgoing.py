"""Outgoing mail: jobs by destination, their attempts, keys, suppressed addresses, grants.

No version before has written jobs, so their table is made anew.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.drop_table("job")
    _jobs()
    op.create_table(
        "once",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_once"),
    )
    op.create_index("ix_once_at", "once", ["at"])
    op.create_table(
        "dkim_key",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("domain_id", _ID, nullable=False),
        sa.Column("selector", sa.String(), nullable=False),
        sa.Column("algorithm", sa.String(), nullable=False),
        sa.Column("private_key", sa.Text(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("active_from", sa.BigInteger(), nullable=True),
        sa.Column("active_until", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["domain_id"], ["domain.id"], name="fk_dkim_key_domain_id"),
        sa.PrimaryKeyConstraint("id", name="pk_dkim_key"),
        sa.UniqueConstraint("domain_id", "selector", name="uq_dkim_key_domain_id_selector"),
    )
    op.create_table(
        "suppression",
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("queue_id", sa.String(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("address", name="pk_suppression"),
    )
    op.create_table(
        "destination_security",
        sa.Column("destination", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("sts_id", sa.String(), nullable=False),
        sa.Column("sts_policy", sa.Text(), nullable=False),
        sa.Column("sts_until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("destination", name="pk_destination_security"),
    )
    op.create_table(
        "sender_grant",
        sa.Column("mailbox_id", _ID, autoincrement=False, nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["mailbox_id"], ["mailbox.id"], name="fk_sender_grant_mailbox_id"),
        sa.PrimaryKeyConstraint("mailbox_id", "address", name="pk_sender_grant"),
    )
    generation = sa.table("generation", sa.column("topic"), sa.column("number"))
    topics = ("jobs", "retries", "suppressions")
    op.bulk_insert(generation, [{"topic": topic, "number": 0} for topic in topics])
    sequence = sa.table("sequence", sa.column("name"), sa.column("last"))
    op.bulk_insert(sequence, [{"name": "dkim_key", "last": 0}])


def _jobs() -> None:
    op.create_table(
        "job",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("lane", sa.String(), nullable=False),
        sa.Column("destination", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("by_hand", sa.Integer(), nullable=False),
        sa.Column("delayed", sa.Boolean(), nullable=False),
        sa.Column("lease_owner", sa.String(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("settled", sa.BigInteger(), nullable=True),
        sa.Column("put_off", sa.BigInteger(), nullable=False),
        sa.Column("message_id", _ID, nullable=True),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name="fk_job_message_id"),
        sa.PrimaryKeyConstraint("id", name="pk_job"),
        sa.UniqueConstraint("key", name="uq_job_key"),
    )
    columns = ["kind", "destination", "priority", "not_before"]
    op.create_index("ix_job_due", "job", columns, sqlite_where=sa.text("state = 'waiting'"))
    op.create_index(
        "ix_job_leased", "job", ["lease_until"], sqlite_where=sa.text("state = 'leased'")
    )
    op.create_index(
        "ix_job_settled", "job", ["settled"], sqlite_where=sa.text("settled IS NOT NULL")
    )
    op.create_index("ix_job_lane_id", "job", ["lane", "id"], sqlite_where=sa.text("lane <> ''"))
    op.create_index("ix_job_message_id", "job", ["message_id"])
    op.create_table(
        "attempt",
        sa.Column("job_id", _ID, autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("result", sa.String(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("enhanced", sa.String(), nullable=False),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.Column("duration_us", sa.BigInteger(), nullable=False),
        sa.Column("tls", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name="fk_attempt_job_id"),
        sa.PrimaryKeyConstraint("job_id", "number", name="pk_attempt"),
    )
