"""Specs and candidates in the notation of version 0.2: renamed losses, and the new fields of data sets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_LOSSES = {"l1": "absolute_error", "mse": "squared_error"}
_NEW_DATASET_FIELDS = {"bit_depth": None, "value_range": None}
_EARLIER_VERSION = "earlier-version:"
_BATCH = 1000


def upgrade() -> None:
    """Rewrite specs and candidates, and mark data that was decoded in another way."""
    _rewrite("automap_studies", "spec", _upgraded)
    for table in ("automap_runs", "automap_results"):
        _rewrite(table, "candidate", _upgraded)
    studies = sa.table("automap_studies", sa.column("data_fingerprint", sa.String))
    # Images are decoded differently now: new trials would not be comparable.
    op.execute(studies.update().values(data_fingerprint=sa.literal(_EARLIER_VERSION) + studies.c.data_fingerprint))


def downgrade() -> None:
    """Restore the old names and the fingerprints."""
    _rewrite("automap_studies", "spec", _downgraded)
    for table in ("automap_runs", "automap_results"):
        _rewrite(table, "candidate", _downgraded)
    studies = sa.table("automap_studies", sa.column("data_fingerprint", sa.String))
    marked = studies.c.data_fingerprint.startswith(_EARLIER_VERSION)
    plain = sa.func.substr(studies.c.data_fingerprint, len(_EARLIER_VERSION) + 1)
    op.execute(studies.update().where(marked).values(data_fingerprint=plain))


def _rewrite(name: str, column: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
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


def _upgraded(data: dict[str, Any]) -> dict[str, Any]:
    return {
        **data,
        **({"loss": _renamed(data["loss"], _LOSSES)} if "loss" in data else {}),
        **({"dataset": {**_NEW_DATASET_FIELDS, **data["dataset"]}} if "dataset" in data else {}),
    }


def _downgraded(data: dict[str, Any]) -> dict[str, Any]:
    names = {new: old for old, new in _LOSSES.items()}
    dataset = {name: value for name, value in data.get("dataset", {}).items() if name not in _NEW_DATASET_FIELDS}
    return {
        **data,
        **({"loss": _renamed(data["loss"], names)} if "loss" in data else {}),
        **({"dataset": dataset} if "dataset" in data else {}),
    }


def _renamed(loss: Any, names: dict[str, str]) -> Any:
    """Rename losses in a value, a component, or choices of them."""
    if isinstance(loss, str):
        return names.get(loss, loss)
    if isinstance(loss, dict) and "choices" in loss:
        return {**loss, "choices": [_renamed(option, names) for option in loss["choices"]]}
    if isinstance(loss, dict) and "type" in loss:
        return {**loss, "type": names.get(loss["type"], loss["type"])}
    return loss
