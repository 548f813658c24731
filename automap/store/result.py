"""The result of a run."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

State = Literal["complete", "pruned", "infeasible", "failed"]

OUT_OF_MEMORY = "out of memory"
"""How the reason of a run that ran out of memory begins."""


CUT_SHORT = "for lack of time"
"""How the note of a trial ends that finished early because of the time budget: with more time it can be continued."""


class Result(BaseModel):
    """The outcome of one training."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    state: State
    reason: str | None = None
    """Why it is not complete."""
    validation: dict[str, float] = {}
    """Metrics on the validation split, of the weights that were kept."""
    test: dict[str, float] | None = None
    """Metrics on the test split, for finalists only."""
    cost: dict[str, float] = {}
    """``parameters``, ``flops``, ``latency_ms``, ``latency_p95_ms``, ``size_bytes``, ``train_seconds``,
    ``peak_memory_bytes``, as far as they are known."""
    curve: tuple[dict[str, float], ...] = ()
    """One entry an epoch: ``epoch`` from 1, ``seconds``, ``learning_rate``, ``train_loss`` and the
    validation metrics."""
    notes: tuple[str, ...] = ()
    """What readers of the numbers should know."""
    artifacts: str | None = None
    """The run's folder, relative to the study's run directory."""

    @property
    def cut_short(self) -> bool:
        """Whether it finished early because of the time budget."""
        return any(note.endswith(CUT_SHORT) for note in self.notes)

    @property
    def out_of_memory(self) -> bool:
        """Whether it ran out of memory."""
        return self.state == "failed" and (self.reason or "").startswith(OUT_OF_MEMORY)
