"""Rungs of a study, what trials measured at them, and the scheduler in place of the pruner."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_IDENTITY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the rungs of studies and the table of measurements; rename the pruner in stored specs."""
    _rename("pruner", "scheduler")
    op.add_column("automap_studies", sa.Column("rungs", sa.JSON(), nullable=True))
    op.create_table(
        "automap_measurements",
        sa.Column("id", _IDENTITY, nullable=False),
        sa.Column("study_id", _IDENTITY, nullable=False),
        sa.Column("trial", sa.Integer(), nullable=False),
        sa.Column("images", sa.BigInteger(), nullable=False),
        sa.Column("objectives", sa.JSON(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("decision", sa.String(16), nullable=True),
        sa.Column("measured_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_automap_measurements"),
        sa.ForeignKeyConstraint(
            ["study_id"], ["automap_studies.id"], name="fk_automap_measurements_study_id", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("study_id", "trial", "images", name="uq_automap_measurements_study_id_trial_images"),
    )


def downgrade() -> None:
    """Drop the table and the rungs, and restore the pruner's name."""
    _rename("scheduler", "pruner")
    op.drop_table("automap_measurements")
    op.drop_column("automap_studies", "rungs")


def _rename(old: str, new: str) -> None:
    table = sa.table("automap_studies", sa.column("id", sa.BigInteger), sa.column("spec", sa.JSON))
    connection = op.get_bind()
    for row_id, spec in connection.execute(sa.select(table.c.id, table.c.spec)).all():
        search = {new if name == old else name: value for name, value in spec.get("search", {}).items()}
        changed = {**spec, "search": search}
        connection.execute(table.update().where(table.c.id == row_id).values(spec=changed))
