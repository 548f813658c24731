"""Specs and candidates in the notation of version 0.2: renamed losses, and the new fields of data sets."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from automap.store.migrations.rewriting import renamed, rewrite

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_LOSSES = {"l1": "absolute_error", "mse": "squared_error"}
_NEW_DATASET_FIELDS = {"bit_depth": None, "value_range": None}
_EARLIER_VERSION = "earlier-version:"


def upgrade() -> None:
    """Rewrite specs and candidates, and mark data that was decoded in another way."""
    rewrite("automap_studies", "spec", _upgraded)
    for table in ("automap_runs", "automap_results"):
        rewrite(table, "candidate", _upgraded)
    studies = sa.table("automap_studies", sa.column("data_fingerprint", sa.String))
    # Images are decoded differently now: new trials would not be comparable.
    op.execute(studies.update().values(data_fingerprint=sa.literal(_EARLIER_VERSION) + studies.c.data_fingerprint))


def downgrade() -> None:
    """Restore the old names and the fingerprints."""
    rewrite("automap_studies", "spec", _downgraded)
    for table in ("automap_runs", "automap_results"):
        rewrite(table, "candidate", _downgraded)
    studies = sa.table("automap_studies", sa.column("data_fingerprint", sa.String))
    marked = studies.c.data_fingerprint.startswith(_EARLIER_VERSION)
    plain = sa.func.substr(studies.c.data_fingerprint, len(_EARLIER_VERSION) + 1)
    op.execute(studies.update().where(marked).values(data_fingerprint=plain))


def _upgraded(data: dict[str, Any]) -> dict[str, Any]:
    return {
        **data,
        **({"loss": renamed(data["loss"], _LOSSES)} if "loss" in data else {}),
        **({"dataset": {**_NEW_DATASET_FIELDS, **data["dataset"]}} if "dataset" in data else {}),
    }


def _downgraded(data: dict[str, Any]) -> dict[str, Any]:
    names = {new: old for old, new in _LOSSES.items()}
    dataset = {name: value for name, value in data.get("dataset", {}).items() if name not in _NEW_DATASET_FIELDS}
    return {
        **data,
        **({"loss": renamed(data["loss"], names)} if "loss" in data else {}),
        **({"dataset": dataset} if "dataset" in data else {}),
    }
