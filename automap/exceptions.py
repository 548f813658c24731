"""Every error that automap raises on purpose.

AutomapError
├── UserError            the user's input is wrong; exit code 2
│   ├── SpecError        the spec: problems with file, line, column and suggestion
│   ├── PluginError      an unknown, broken or ambiguous plugin
│   ├── DataError        the data set: missing, empty, too many bad files
│   └── StorageError     the database or run directory cannot be used as named
│       └── ConnectionLost   the database does not answer; it may be back soon
└── RunError             the input was right, the run failed; exit code 1
    ├── DatabaseLost     the database file was deleted or replaced during the run
    ├── TrainingError    one trial failed; the study goes on
    └── WorkerError      a worker could not start or died
"""

from __future__ import annotations

from automap.redaction import redact


class AutomapError(Exception):
    """Base of all errors that automap raises on purpose; its text is meant for users, and holds no password."""

    exit_code = 1

    def __init__(self, *texts: str) -> None:
        # Here, because the URL may come from anywhere: a spec, a driver's message, an exception of fsspec.
        super().__init__(*(redact(text) for text in texts))


class UserError(AutomapError):
    """The user's input is wrong; the text says where, the rule, the value received and what to do."""

    exit_code = 2


class PluginError(UserError):
    """A plugin is unknown, broken, or found twice under one name."""


class DataError(UserError):
    """A data set cannot be used: missing, empty, one class, or more bad files than allowed."""


class StorageError(UserError):
    """A database or run directory cannot be used: locked, read-only, full, or not a database."""


class ConnectionLost(StorageError):  # noqa: N818
    """The database does not answer now: its server restarts, cannot be reached, or a lock is held for long."""


class RunError(AutomapError):
    """The input was right, but the run failed."""


class DatabaseLost(RunError):  # noqa: N818
    """The database file was deleted or replaced while it was in use."""


class TrainingError(RunError):
    """One trial failed (for example its loss became NaN); its reason is stored with its result."""


class WorkerError(RunError):
    """A worker process could not start or died."""
