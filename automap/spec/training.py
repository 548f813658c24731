"""How every candidate is trained: the spec's ``training`` section."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from automap.interfaces.component import tunable
from automap.interfaces.dataset import Fraction


class TrainingSettings(BaseModel):
    """The training loop's hyperparameters; they may be searched as those of a component may."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)

    epochs: int = Field(30, ge=1, description="passes over the training split at full length")
    batch_size: int = tunable(64, choices=(32, 64, 128), ge=1, description="images a step")
    schedule: Literal["constant", "cosine", "one_cycle", "wsd"] = Field(
        "cosine",
        description="learning rate after the warm-up; wsd: constant, then a short decay, so that it fits any length",
    )
    warmup: Fraction = Field(0.05, description="share of all steps in which the learning rate rises from zero")
    ema: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="momentum of an exponential moving average of the weights, used to evaluate",
    )
    gradient_clip: float | None = Field(None, gt=0, description="largest global norm of the gradients")
    early_stopping: int | None = Field(
        None, ge=1, description="stop after so many epochs without a better first objective"
    )
    precision: Literal["auto", "float32", "mixed_bfloat16", "mixed_float16"] = Field(
        "auto", description="auto: mixed on a GPU that is made for it, float32 elsewhere"
    )
    devices: int = Field(
        1, ge=1, description="GPUs of one training, each with its share of every batch; for the JAX backend"
    )
    jit: Literal["auto"] | bool = Field("auto", description="compile the step with XLA; auto: on a GPU only")
