"""The tables: studies, runs, results and measurements.

Their names start with ``automap_``: Optuna's lie in the same database.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

VERSION_TABLE = "automap_alembic_version"
"""Alembic's record of the schema; Optuna keeps its own under Alembic's default name."""

HEAD = "0005"
"""The latest revision under ``migrations/versions``; known here so that opening a database does not need Alembic."""

# Alembic needs names to change constraints later.
_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}

# MySQL's TEXT holds 64 KiB: too little for a large spec or a long traceback.
LongText = Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")
# SQLite increments only INTEGER PRIMARY KEY columns automatically.
Identity = BigInteger().with_variant(Integer(), "sqlite")


class Base(DeclarativeBase):
    """Base of the tables. Times are seconds since 1970 by the database's clock."""

    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map = {
        dict[str, Any]: JSON,
        list[Any]: JSON,
        float: Double,
        bool: Boolean,
    }


class StudyTable(Base):
    """One row for each study."""

    __tablename__ = "automap_studies"

    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    spec_text: Mapped[str] = mapped_column(LongText)
    spec: Mapped[dict[str, Any]]
    objectives: Mapped[list[Any]]
    data_fingerprint: Mapped[str] = mapped_column(String(200))
    environment: Mapped[dict[str, Any]]
    run_directory: Mapped[str] = mapped_column(LongText)
    trial_budget: Mapped[int | None]
    time_budget: Mapped[float | None]
    seconds_used: Mapped[float] = mapped_column(default=0.0)
    ticked_at: Mapped[float | None]
    slots_taken: Mapped[int] = mapped_column(default=0)
    rungs: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    predecessor: Mapped[str | None] = mapped_column(String(200))
    # It may be large, and only samplers need it.
    evidence: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True), deferred=True)
    created_at: Mapped[float]


class RunTable(Base):
    """One row for each run, with the worker that trains it."""

    __tablename__ = "automap_runs"
    __table_args__ = (
        UniqueConstraint("study_id", "trial", "kind", "seed"),
        Index(None, "study_id", "state", "heartbeat_at"),
        Index(None, "worker"),
    )

    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey(StudyTable.id, ondelete="CASCADE"))
    trial: Mapped[int]
    kind: Mapped[str] = mapped_column(String(16))
    seed: Mapped[int] = mapped_column(BigInteger)
    candidate: Mapped[dict[str, Any]]
    epochs: Mapped[int]
    state: Mapped[str] = mapped_column(String(16))
    worker: Mapped[str | None] = mapped_column(String(200))
    heartbeat_at: Mapped[float | None]
    started_at: Mapped[float | None]
    attempts: Mapped[int] = mapped_column(default=0)
    last_death: Mapped[str | None] = mapped_column(LongText)
    epoch: Mapped[int] = mapped_column(default=0)
    metric: Mapped[float | None]
    epoch_seconds: Mapped[float | None]


class ResultTable(Base):
    """One row for each finished run: written once, in the transaction that ends the run."""

    __tablename__ = "automap_results"
    __table_args__ = (
        UniqueConstraint("run_id"),
        UniqueConstraint("study_id", "trial", "kind", "seed"),
        # Serves the leaderboard, the counts of states and the best value without reading a row.
        Index(None, "study_id", "kind", "state", "value"),
    )

    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey(RunTable.id, ondelete="CASCADE"))
    study_id: Mapped[int] = mapped_column(ForeignKey(StudyTable.id, ondelete="CASCADE"))
    trial: Mapped[int]
    kind: Mapped[str] = mapped_column(String(16))
    seed: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(LongText)
    value: Mapped[float | None]
    candidate: Mapped[dict[str, Any]]
    validation: Mapped[dict[str, Any]]
    test: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    cost: Mapped[dict[str, Any]]
    curve: Mapped[list[Any]]
    notes: Mapped[list[Any]]
    artifacts: Mapped[str | None] = mapped_column(LongText)
    finished_at: Mapped[float]


class MeasurementTable(Base):
    """One row for each trial and rung: the objectives there, and what the scheduler decided."""

    __tablename__ = "automap_measurements"
    __table_args__ = (UniqueConstraint("study_id", "trial", "images"),)

    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey(StudyTable.id, ondelete="CASCADE"))
    trial: Mapped[int]
    images: Mapped[int] = mapped_column(BigInteger)
    objectives: Mapped[dict[str, Any]]
    seconds: Mapped[float]
    decision: Mapped[str | None] = mapped_column(String(16))
    measured_at: Mapped[float]
