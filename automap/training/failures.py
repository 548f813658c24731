"""Turning exceptions of a training into a one-line reason."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from automap.exceptions import StorageError, TrainingError
from automap.store.result import OUT_OF_MEMORY
from automap.training.backend import memory_complaint
from automap.training.request import Paused

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
    """A candidate needs more memory than the device or the machine has."""


@contextmanager
def failures_explained() -> Iterator[None]:
    """Turn any exception from building, training or measuring a candidate into a `TrainingError`.

    Plugins may raise anything; the study continues with other candidates. KeyboardInterrupt and SystemExit are not
    caught.

    Raises:
        TrainingError: with a one-line reason.
        StorageError: if the decoded data set is damaged.
    """
    try:
        yield
    except (TrainingError, StorageError, Paused):
        # Damaged data and full disks are not the candidate's fault.
        raise
    except Exception as error:
        if (complaint := memory_complaint(error)) is not None:
            advice = "try a smaller batch_size or a smaller network"
            raise OutOfMemoryError(f"{OUT_OF_MEMORY}: {_shortened(complaint)}; {advice}") from error
        raise TrainingError(f"{type(error).__name__}: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    """Return the first informative line: Keras names the layer first, with escape codes, then the cause."""
    lines = (_ESCAPE_CODE.sub("", line).strip() for line in str(error).splitlines())
    telling = [line for line in lines if line and not line.startswith(_WRAPPING)]
    return _shortened(telling[0] if telling else "no message")


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_REASON else f"{text[: LONGEST_REASON - 1]}…"
