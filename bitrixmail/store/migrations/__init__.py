"""The history of the schema, for alembic; imported only when a database is behind."""
