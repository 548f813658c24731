"""The predecessor of a study, and trials of earlier studies that its sampler learns from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both columns."""
    op.add_column("automap_studies", sa.Column("predecessor", sa.String(200), nullable=True))
    op.add_column("automap_studies", sa.Column("evidence", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Drop both columns."""
    op.drop_column("automap_studies", "evidence")
    op.drop_column("automap_studies", "predecessor")
