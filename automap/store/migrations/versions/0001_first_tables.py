"""The first tables: studies, runs and results."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# The types stay as they were when this migration was written, whatever becomes of the models.
_IDENTITY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_LONG_TEXT = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")


def upgrade() -> None:
    """Create the tables."""
    _create_studies()
    _create_runs()
    _create_results()


def downgrade() -> None:
    """Drop them."""
    for table in ("automap_results", "automap_runs", "automap_studies"):
        op.drop_table(table)


def _create_studies() -> None:
    op.create_table(
        "automap_studies",
        sa.Column("id", _IDENTITY, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("spec_text", _LONG_TEXT, nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("objectives", sa.JSON(), nullable=False),
        sa.Column("data_fingerprint", sa.String(200), nullable=False),
        sa.Column("environment", sa.JSON(), nullable=False),
        sa.Column("run_directory", _LONG_TEXT, nullable=False),
        sa.Column("trial_budget", sa.Integer(), nullable=True),
        sa.Column("time_budget", sa.Double(), nullable=True),
        sa.Column("seconds_used", sa.Double(), nullable=False),
        sa.Column("ticked_at", sa.Double(), nullable=True),
        sa.Column("slots_taken", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_automap_studies"),
        sa.UniqueConstraint("name", name="uq_automap_studies_name"),
    )


def _create_runs() -> None:
    op.create_table(
        "automap_runs",
        sa.Column("id", _IDENTITY, nullable=False),
        sa.Column("study_id", _IDENTITY, nullable=False),
        sa.Column("trial", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("candidate", sa.JSON(), nullable=False),
        sa.Column("epochs", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("worker", sa.String(200), nullable=True),
        sa.Column("heartbeat_at", sa.Double(), nullable=True),
        sa.Column("started_at", sa.Double(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_death", _LONG_TEXT, nullable=True),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("metric", sa.Double(), nullable=True),
        sa.Column("epoch_seconds", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_automap_runs"),
        sa.ForeignKeyConstraint(
            ["study_id"], ["automap_studies.id"], name="fk_automap_runs_study_id", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("study_id", "trial", "kind", "seed", name="uq_automap_runs_study_id_trial_kind_seed"),
    )
    op.create_index(
        "ix_automap_runs_study_id_state_heartbeat_at", "automap_runs", ["study_id", "state", "heartbeat_at"]
    )
    op.create_index("ix_automap_runs_worker", "automap_runs", ["worker"])


def _create_results() -> None:
    op.create_table(
        "automap_results",
        sa.Column("id", _IDENTITY, nullable=False),
        sa.Column("run_id", _IDENTITY, nullable=False),
        sa.Column("study_id", _IDENTITY, nullable=False),
        sa.Column("trial", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", _LONG_TEXT, nullable=True),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("candidate", sa.JSON(), nullable=False),
        sa.Column("validation", sa.JSON(), nullable=False),
        sa.Column("test", sa.JSON(), nullable=True),
        sa.Column("cost", sa.JSON(), nullable=False),
        sa.Column("curve", sa.JSON(), nullable=False),
        sa.Column("notes", sa.JSON(), nullable=False),
        sa.Column("artifacts", _LONG_TEXT, nullable=True),
        sa.Column("finished_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_automap_results"),
        sa.ForeignKeyConstraint(["run_id"], ["automap_runs.id"], name="fk_automap_results_run_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["study_id"], ["automap_studies.id"], name="fk_automap_results_study_id", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("run_id", name="uq_automap_results_run_id"),
        sa.UniqueConstraint("study_id", "trial", "kind", "seed", name="uq_automap_results_study_id_trial_kind_seed"),
    )
    op.create_index(
        "ix_automap_results_study_id_kind_state_value",
        "automap_results",
        ["study_id", "kind", "state", "value"],
    )
