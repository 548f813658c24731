"""One squared error for all tasks: the loss ``mean_squared_error`` of classification becomes ``squared_error``."""

from __future__ import annotations

from typing import Any

from automap.store.migrations.rewriting import renamed, rewrite

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_OLD, _NEW = "mean_squared_error", "squared_error"


def upgrade() -> None:
    """Rename the loss in stored specs and candidates."""
    _rewrite_all(lambda data: {**data, "loss": renamed(data["loss"], {_OLD: _NEW})} if "loss" in data else data)


def downgrade() -> None:
    """Restore the name where the task is classification."""
    _rewrite_all(_downgraded)


def _rewrite_all(change: Any) -> None:
    rewrite("automap_studies", "spec", change)
    for table in ("automap_runs", "automap_results"):
        rewrite(table, "candidate", change)


def _downgraded(data: dict[str, Any]) -> dict[str, Any]:
    task = data.get("task")
    name = task.get("type") if isinstance(task, dict) else task
    if name != "classification" or "loss" not in data:
        return data
    return {**data, "loss": renamed(data["loss"], {_NEW: _OLD})}
