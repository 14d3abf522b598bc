"""The tables. Times are integers: microseconds since 1970, UTC.

Their history is in `migrations`; a test holds both together.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

# The migration to which a database of this version of the program is brought.
SCHEMA = "0011"

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)
# Only INTEGER is SQLite's own row id; elsewhere ids need 64 bits.
_Id = BigInteger().with_variant(Integer(), "sqlite")


def _id() -> Column[int]:
    return Column("id", _Id, primary_key=True, autoincrement=False)


def _ref(name: str, target: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, _Id, ForeignKey(f"{target}.id"), nullable=nullable)


def _column(name: str, type_: Any, **keywords: Any) -> Column[Any]:
    return Column(name, type_, nullable=False, **keywords)


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


# The last number given out: ids are never used twice, not even those of rows that are gone,
# so that whoever still holds one meets nothing rather than something else.
sequence = Table(
    "sequence",
    metadata,
    Column("name", String, primary_key=True),
    _column("last", BigInteger),
)

# Goes up with every change of its topic: other processes drop what they have cached.
generation = Table(
    "generation",
    metadata,
    Column("topic", String, primary_key=True),
    _column("number", BigInteger),
)

domain = Table(
    "domain",
    metadata,
    _id(),
    _column("name", String, unique=True),
    _column("alias_of", String),
    _column("catch_all", String),
)

mailbox = Table(
    "mailbox",
    metadata,
    _id(),
    _ref("domain_id", "domain"),
    _column("address", String, unique=True),
    Column("password_hash", String),
    Column("scram_verifier", String),
    _column("active", Boolean),
    _column("quota_octets", BigInteger),
    _column("used_octets", BigInteger),
    _column("retention_days", Integer),
    _column("plus_folders", Boolean),
    _column("description", Text),
    Index(None, "domain_id"),
)

alias = Table(
    "alias",
    metadata,
    _id(),
    _ref("domain_id", "domain"),
    _column("address", String, unique=True),
    Index(None, "domain_id"),
)

alias_target = Table(
    "alias_target",
    metadata,
    Column("alias_id", _Id, ForeignKey("alias.id"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    _column("address", String),
)

# `modseq` is the highest one given out in the folder (RFC 7162 §3.1.2.1).
folder = Table(
    "folder",
    metadata,
    _id(),
    _ref("mailbox_id", "mailbox"),
    _column("name", String),
    _column("uidvalidity", BigInteger),
    _column("next_uid", BigInteger),
    _column("modseq", BigInteger),
    UniqueConstraint("mailbox_id", "name"),
)

# The content is one of `content` and `blob_id`; it stands last, so that the columns before it are
# read without it. `prefix` is what this server puts before it.
message = Table(
    "message",
    metadata,
    _id(),
    _column("queue_id", String, unique=True),
    _column("received", BigInteger),
    _column("door", String),
    _column("client_address", String),
    _column("client_port", Integer),
    _column("helo", String),
    _column("protocol", String),
    _column("tls", String),
    Column("account", String),
    _column("session_id", String),
    _column("sender", String),
    _column("message_id", String),
    _column("header_from", String),
    _column("subject", String),
    _column("size_octets", BigInteger),
    _column("head_octets", Integer),
    Column("blob_id", String),
    _column("prefix", LargeBinary),
    Column("content", LargeBinary),
    Index(None, "blob_id", **_where("blob_id IS NOT NULL")),
)

# A message in a folder. `mailbox_id` is the folder's: listings and retention go by mailbox.
# `recipient` holds the addresses that led here, one a line.
place = Table(
    "place",
    metadata,
    _id(),
    _ref("folder_id", "folder"),
    _ref("mailbox_id", "mailbox"),
    _ref("message_id", "message"),
    _column("uid", BigInteger),
    _column("modseq", BigInteger),
    _column("received", BigInteger),
    _column("size_octets", BigInteger),
    _column("flags", String),
    _column("tags", String),
    _column("recipient", String),
    _column("prefix", LargeBinary),
    UniqueConstraint("folder_id", "uid"),
    Index(None, "mailbox_id", "received"),
    Index(None, "message_id"),
)

tombstone = Table(
    "tombstone",
    metadata,
    Column("folder_id", _Id, ForeignKey("folder.id"), primary_key=True),
    Column("uid", BigInteger, primary_key=True, autoincrement=False),
    _column("modseq", BigInteger),
    Index(None, "folder_id", "modseq"),
)

# Blobs whose message is gone; their files stay a while, somebody may be reading them.
unlinked_blob = Table(
    "unlinked_blob",
    metadata,
    Column("blob_id", String, primary_key=True),
    _column("unlinked", BigInteger),
)

# Work behind the durable line, see model.job. `key` makes it idempotent; within a `lane` it goes by
# id. A job that ended (`settled`) stays a while. `put_off`: due, but for the times of settings.
job = Table(
    "job",
    metadata,
    _id(),
    _column("key", String, unique=True),
    _column("kind", String),
    _column("lane", String),
    _column("destination", String),
    _column("recipient", String),
    _column("priority", Integer),
    _column("state", String),
    _column("not_before", BigInteger),
    _column("created", BigInteger),
    _column("expires", BigInteger),
    _column("attempts", Integer),
    _column("by_hand", Integer),
    _column("delayed", Boolean),
    Column("lease_owner", String),
    Column("lease_until", BigInteger),
    Column("settled", BigInteger),
    _column("put_off", BigInteger),
    _ref("message_id", "message", nullable=True),
    _column("payload", Text),
    Index(
        "ix_job_due",
        "kind",
        "destination",
        "priority",
        "not_before",
        **_where("state = 'waiting'"),
    ),
    Index("ix_job_leased", "lease_until", **_where("state = 'leased'")),
    Index("ix_job_settled", "settled", **_where("settled IS NOT NULL")),
    Index(None, "lane", "id", **_where("lane <> ''")),
    Index(None, "message_id"),
)

# What came from somewhere that may bring it again, by its key there; see also store.work_done.
once = Table(
    "once",
    metadata,
    Column("key", String, primary_key=True),
    _column("at", BigInteger),
    Index(None, "at"),
)

# Each attempt at a job, numbered from 1.
attempt = Table(
    "attempt",
    metadata,
    Column("job_id", _Id, ForeignKey("job.id"), primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    _column("at", BigInteger),
    _column("result", String),
    _column("host", String),
    _column("address", String),
    _column("enhanced", String),
    _column("reply", Text),
    _column("duration_us", BigInteger),
    _column("tls", String),
)

# The keys that sign the mail of a domain (RFC 6376). `private_key` is PEM, `public_key` base64 as
# the record in the DNS has it. Signs from `active_from` to `active_until`, if they are given.
dkim_key = Table(
    "dkim_key",
    metadata,
    _id(),
    _ref("domain_id", "domain"),
    _column("selector", String),
    _column("algorithm", String),
    _column("private_key", Text),
    _column("public_key", Text),
    _column("created", BigInteger),
    Column("active_from", BigInteger),
    Column("active_until", BigInteger),
    UniqueConstraint("domain_id", "selector"),
)

# Addresses that nothing is sent to: since when, why, until when, and what told so.
suppression = Table(
    "suppression",
    metadata,
    Column("address", String, primary_key=True),
    _column("reason", String),
    _column("detail", Text),
    _column("queue_id", String),
    _column("since", BigInteger),
    Column("until", BigInteger),
)

# How safely a destination was reached before, to notice when it is less (`level`), and its
# MTA-STS policy (RFC 8461 §3.2), if it has one.
destination_security = Table(
    "destination_security",
    metadata,
    Column("destination", String, primary_key=True),
    _column("level", String),
    _column("seen", BigInteger),
    _column("sts_id", String),
    _column("sts_policy", Text),
    Column("sts_until", BigInteger),
)

# Addresses, or whole domains as "@example.org", that a mailbox may send as, beside its own.
sender_grant = Table(
    "sender_grant",
    metadata,
    Column("mailbox_id", _Id, ForeignKey("mailbox.id"), primary_key=True, autoincrement=False),
    Column("address", String, primary_key=True),
)

# `address` is whom it concerns; `recipient` the address used to reach it, if another.
event = Table(
    "event",
    metadata,
    _id(),
    _column("at", BigInteger),
    _column("kind", String),
    _column("queue_id", String),
    _column("address", String),
    Column("recipient", String),
    _column("text", Text),
    _column("detail", Text),
    Index(None, "queue_id", **_where("queue_id <> ''")),
    Index(None, "address"),
    Index(None, "recipient", **_where("recipient IS NOT NULL")),
)

rule_set = Table(
    "rule_set",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    _column("stored", BigInteger),
    _column("author", String),
    _column("comment", Text),
    _column("rules", Text),
)

# What was imported into a mailbox, by the key of its origin: it comes in once.
imported = Table(
    "imported",
    metadata,
    Column("mailbox_id", _Id, ForeignKey("mailbox.id"), primary_key=True, autoincrement=False),
    Column("key", LargeBinary, primary_key=True),
)

# How often rules of a name have matched, and when last. Kept as long as the versions of the rule
# set are, so that a rule which an undo brings back goes on counting.
rule_count = Table(
    "rule_count",
    metadata,
    Column("rule", String, primary_key=True),
    _column("matched", BigInteger),
    _column("last", BigInteger),
)

# A run of rules over stored messages, see model.rule_run; `rules` and `extent` are JSON.
rule_run = Table(
    "rule_run",
    metadata,
    _id(),
    _column("started", BigInteger),
    _column("author", String),
    _column("occasion", String),
    _column("rule_set_version", Integer),
    _column("rules", Text),
    _column("extent", Text),
    _column("ceiling", BigInteger),
    _column("total", BigInteger),
    _column("cursor", BigInteger),
    _column("judged", BigInteger),
    _column("changed", BigInteger),
    _column("stale", BigInteger),
    _column("state", String),
)

# What a run changed and may take back: the folders by id, `words` the flags and tags set and
# cleared, `copies` the places made. Neither folders nor places need be there any more.
rule_change = Table(
    "rule_change",
    metadata,
    Column("run_id", _Id, ForeignKey("rule_run.id"), primary_key=True, autoincrement=False),
    Column("place_id", _Id, primary_key=True, autoincrement=False),
    _column("queue_id", String),
    _column("from_folder", BigInteger),
    _column("to_folder", BigInteger),
    _column("words", Text),
    _column("copies", Text),
    _column("discarded", Boolean),
)

# When rules that run by the clock were last begun.
rule_timer = Table(
    "rule_timer",
    metadata,
    Column("rule", String, primary_key=True),
    _column("schedule", String),
    _column("last", BigInteger),
)
