"""The first schema: directory, messages in folders, jobs, events, rules."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_SEQUENCES = (
    "domain",
    "mailbox",
    "alias",
    "folder",
    "uidvalidity",
    "message",
    "place",
    "event",
    "job",
)
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def upgrade() -> None:
    _counters()
    _directory()
    _folders()
    _messages()
    _places()
    _jobs()
    _events()
    _rules()


def _counters() -> None:
    sequence = op.create_table(
        "sequence",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_sequence"),
    )
    generation = op.create_table(
        "generation",
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("topic", name="pk_generation"),
    )
    op.bulk_insert(sequence, [{"name": name, "last": 0} for name in _SEQUENCES])
    op.bulk_insert(generation, [{"topic": topic, "number": 0} for topic in ("directory", "rules")])


def _directory() -> None:
    op.create_table(
        "domain",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("alias_of", sa.String(), nullable=False),
        sa.Column("catch_all", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_domain"),
        sa.UniqueConstraint("name", name="uq_domain_name"),
    )
    op.create_table(
        "mailbox",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("domain_id", _ID, nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=True),
        sa.Column("scram_verifier", sa.String(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("quota_octets", sa.BigInteger(), nullable=False),
        sa.Column("used_octets", sa.BigInteger(), nullable=False),
        sa.Column("retention_days", sa.Integer(), nullable=False),
        sa.Column("plus_folders", sa.Boolean(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["domain_id"], ["domain.id"], name="fk_mailbox_domain_id"),
        sa.PrimaryKeyConstraint("id", name="pk_mailbox"),
        sa.UniqueConstraint("address", name="uq_mailbox_address"),
    )
    op.create_index("ix_mailbox_domain_id", "mailbox", ["domain_id"])
    op.create_table(
        "alias",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("domain_id", _ID, nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["domain_id"], ["domain.id"], name="fk_alias_domain_id"),
        sa.PrimaryKeyConstraint("id", name="pk_alias"),
        sa.UniqueConstraint("address", name="uq_alias_address"),
    )
    op.create_index("ix_alias_domain_id", "alias", ["domain_id"])
    op.create_table(
        "alias_target",
        sa.Column("alias_id", _ID, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["alias_id"], ["alias.id"], name="fk_alias_target_alias_id"),
        sa.PrimaryKeyConstraint("alias_id", "position", name="pk_alias_target"),
    )


def _folders() -> None:
    op.create_table(
        "folder",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("mailbox_id", _ID, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("uidvalidity", sa.BigInteger(), nullable=False),
        sa.Column("next_uid", sa.BigInteger(), nullable=False),
        sa.Column("modseq", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["mailbox_id"], ["mailbox.id"], name="fk_folder_mailbox_id"),
        sa.PrimaryKeyConstraint("id", name="pk_folder"),
        sa.UniqueConstraint("mailbox_id", "name", name="uq_folder_mailbox_id_name"),
    )
    op.create_table(
        "tombstone",
        sa.Column("folder_id", _ID, nullable=False),
        sa.Column("uid", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("modseq", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["folder_id"], ["folder.id"], name="fk_tombstone_folder_id"),
        sa.PrimaryKeyConstraint("folder_id", "uid", name="pk_tombstone"),
    )
    op.create_index("ix_tombstone_folder_id_modseq", "tombstone", ["folder_id", "modseq"])


def _messages() -> None:
    op.create_table(
        "message",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("queue_id", sa.String(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("door", sa.String(), nullable=False),
        sa.Column("client_address", sa.String(), nullable=False),
        sa.Column("client_port", sa.Integer(), nullable=False),
        sa.Column("helo", sa.String(), nullable=False),
        sa.Column("protocol", sa.String(), nullable=False),
        sa.Column("tls", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=True),
        sa.Column("session_id", sa.String(), nullable=False),
        sa.Column("sender", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("header_from", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("size_octets", sa.BigInteger(), nullable=False),
        sa.Column("head_octets", sa.Integer(), nullable=False),
        sa.Column("blob_id", sa.String(), nullable=True),
        sa.Column("prefix", sa.LargeBinary(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_message"),
        sa.UniqueConstraint("queue_id", name="uq_message_queue_id"),
    )
    op.create_index("ix_message_blob_id", "message", ["blob_id"], **_where("blob_id IS NOT NULL"))
    op.create_table(
        "unlinked_blob",
        sa.Column("blob_id", sa.String(), nullable=False),
        sa.Column("unlinked", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("blob_id", name="pk_unlinked_blob"),
    )


def _places() -> None:
    op.create_table(
        "place",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("folder_id", _ID, nullable=False),
        sa.Column("mailbox_id", _ID, nullable=False),
        sa.Column("message_id", _ID, nullable=False),
        sa.Column("uid", sa.BigInteger(), nullable=False),
        sa.Column("modseq", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("size_octets", sa.BigInteger(), nullable=False),
        sa.Column("flags", sa.String(), nullable=False),
        sa.Column("tags", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("prefix", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["folder_id"], ["folder.id"], name="fk_place_folder_id"),
        sa.ForeignKeyConstraint(["mailbox_id"], ["mailbox.id"], name="fk_place_mailbox_id"),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name="fk_place_message_id"),
        sa.PrimaryKeyConstraint("id", name="pk_place"),
        sa.UniqueConstraint("folder_id", "uid", name="uq_place_folder_id_uid"),
    )
    op.create_index("ix_place_mailbox_id_received", "place", ["mailbox_id", "received"])
    op.create_index("ix_place_message_id", "place", ["message_id"])


def _jobs() -> None:
    op.create_table(
        "job",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("lane", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_owner", sa.String(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("message_id", _ID, nullable=True),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name="fk_job_message_id"),
        sa.PrimaryKeyConstraint("id", name="pk_job"),
        sa.UniqueConstraint("key", name="uq_job_key"),
    )
    op.create_index("ix_job_lane_id", "job", ["lane", "id"])
    op.create_index("ix_job_message_id", "job", ["message_id"])
    op.create_index("ix_job_state_not_before", "job", ["state", "not_before"])


def _events() -> None:
    op.create_table(
        "event",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("queue_id", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_event"),
    )
    op.create_index("ix_event_address", "event", ["address"])
    op.create_index("ix_event_queue_id", "event", ["queue_id"], **_where("queue_id <> ''"))
    op.create_index("ix_event_recipient", "event", ["recipient"], **_where("recipient IS NOT NULL"))


def _rules() -> None:
    op.create_table(
        "rule_set",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("stored", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_rule_set"),
    )
