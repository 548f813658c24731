"""Rewriting the plain data of stored specs and candidates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

_BATCH = 1000


def rewrite(name: str, column: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Change the data in a column of every row of a table.

    Args:
        name: the table, with a column ``id``.
        column: of JSON.
        change: returns the new data.
    """
    table = sa.table(name, sa.column("id", sa.BigInteger), sa.column(column, sa.JSON))
    connection, last = op.get_bind(), -1
    update = table.update().where(table.c.id == sa.bindparam("row_id")).values({column: sa.bindparam("changed")})
    while True:
        # In batches: a large study's candidates need not fit into memory.
        query = sa.select(table.c.id, table.c[column]).where(table.c.id > last).order_by(table.c.id).limit(_BATCH)
        rows = connection.execute(query).all()
        if not rows:
            return
        last = rows[-1][0]
        connection.execute(update, [{"row_id": row_id, "changed": change(data)} for row_id, data in rows])


def renamed(loss: Any, names: Mapping[str, str]) -> Any:
    """Rename losses in a value, a component, or choices of them."""
    if isinstance(loss, str):
        return names.get(loss, loss)
    if isinstance(loss, dict) and "choices" in loss:
        return {**loss, "choices": [renamed(option, names) for option in loss["choices"]]}
    if isinstance(loss, dict) and "type" in loss:
        return {**loss, "type": names.get(loss["type"], loss["type"])}
    return loss
