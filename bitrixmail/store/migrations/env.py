"""Runs the steps on the connection that `store.versions` gives, in its transaction."""

from __future__ import annotations

from alembic import context

from bitrixmail.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
