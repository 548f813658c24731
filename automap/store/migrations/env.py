"""Alembic's entry: it runs on the connection that `automap.store.migrate` hands over."""

from __future__ import annotations

from typing import Any

from alembic import context

from automap.store.models import VERSION_TABLE, Base


def is_ours(name: str | None, kind: str, _: Any) -> bool:
    """Tell automap's tables from Optuna's, which lie in the same database."""
    return kind != "table" or (name or "").startswith("automap_")


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    version_table=VERSION_TABLE,
    include_name=is_ours,
    # SQLite cannot alter a column: Alembic then copies the table.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
