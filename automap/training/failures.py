"""Why a training failed, in one line for a person."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from automap.exceptions import StorageError, TrainingError
from automap.store.result import OUT_OF_MEMORY
from automap.training.backend import memory_complaint

LONGEST_REASON = 300

_WRAPPING = (
    "Exception encountered when calling",
    "Could not automatically infer the output shape",
    "Graph execution error",
    "Detected at node",
    "<stack traces",
    "File ",
)
_ESCAPE_CODE = re.compile(r"\x1b\[[0-9;]*m")


class OutOfMemoryError(TrainingError):
    """The memory of the device or of the machine was not enough for a candidate."""


@contextmanager
def failures_explained() -> Iterator[None]:
    """Turn whatever a candidate raises while it is built, trained or measured into its reason.

    A plugin's code may raise anything, and the study goes on without this candidate. What interrupts the
    process (KeyboardInterrupt, SystemExit) passes through.

    Raises:
        TrainingError: with the reason as its text.
        StorageError: if the decoded data set is damaged.
    """
    try:
        yield
    except (TrainingError, StorageError):
        # Damaged data or a full disk are no candidate's fault.
        raise
    except Exception as error:
        if (complaint := memory_complaint(error)) is not None:
            advice = "try a smaller batch_size or a smaller network"
            raise OutOfMemoryError(f"{OUT_OF_MEMORY}: {_shortened(complaint)}; {advice}") from error
        raise TrainingError(f"{type(error).__name__}: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    """Return the first line that says something: Keras puts the place before the cause, in escape codes."""
    lines = (_ESCAPE_CODE.sub("", line).strip() for line in str(error).splitlines())
    telling = [line for line in lines if line and not line.startswith(_WRAPPING)]
    return _shortened(telling[0] if telling else "no message")


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_REASON else f"{text[: LONGEST_REASON - 1]}…"
