"""How every candidate is trained: the spec's ``training`` section."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from automap.interfaces.component import tunable, tunable_if_pretrained
from automap.interfaces.dataset import Fraction

LAYER_DECAY = 0.7
"""Where ``layer_decay`` is ``auto``."""


class TrainingSettings(BaseModel):
    """Hyperparameters of the training loop; they can be searched like those of components."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)

    epochs: int = Field(30, ge=1, le=100_000, description="passes over the training split in a full training")
    batch_size: int = tunable(64, choices=(32, 64, 128), ge=1, le=1_000_000, description="images in a step")
    schedule: Literal["constant", "cosine", "one_cycle", "wsd"] = Field(
        "wsd",
        description="learning rate after the warm-up; wsd: constant, then a decay over the last fifth of the steps, "
        "which can begin at any time: trials are paused, resumed and finished early",
    )
    warmup: Fraction = Field(0.05, description="fraction of all steps in which the learning rate rises from 0")
    ema: Literal["auto"] | Annotated[float, Field(gt=0, lt=1)] | None = Field(
        "auto",
        description="momentum of a moving average of the weights, which is evaluated and kept; auto: an average over "
        "the last tenth of the steps with schedule wsd, none with others",
    )
    freeze: Literal["auto", "none", "backbone"] | Annotated[int, Field(ge=1, le=100)] = tunable_if_pretrained(
        "auto",
        choices=("none", "backbone"),
        description="which pretrained layers are not trained: none, backbone, or the first so many stages, the stem "
        "among them; auto: none. Without effect on a backbone trained from scratch",
    )
    layer_decay: Literal["auto"] | Annotated[float, Field(gt=0, le=1)] = tunable_if_pretrained(
        "auto",
        low=0.4,
        high=1.0,
        description="factor of the learning rate from the head of a pretrained backbone to its last stage, and from "
        f"each stage to the one before; auto: {LAYER_DECAY}",
    )
    unfreeze: Literal["auto"] | Fraction = tunable_if_pretrained(
        "auto",
        choices=(0.0, 0.3),
        description="fraction of all steps over which the stages of a pretrained backbone are unfrozen one after "
        "another, the last stage first; before that only the head is trained; auto: 0, all from the start",
    )
    gradient_clip: float | None = Field(None, gt=0, description="maximum global norm of the gradients")
    early_stopping: Literal["auto"] | Annotated[int, Field(ge=1)] | None = Field(
        "auto",
        description="stop after this many epochs without a better first objective; auto: a fifth of epochs, at least 5",
    )
    evaluate: Literal["auto", "epochs"] | Annotated[int, Field(ge=1)] = Field(
        "auto",
        description="length of the first rung: auto, measured; epochs, one epoch; or a number of training images",
    )
    precision: Literal["auto", "float32", "mixed_bfloat16", "mixed_float16"] = Field(
        "auto", description="auto: mixed precision on GPUs that support it, else float32"
    )
    devices: int = Field(1, ge=1, le=1024, description="GPUs that share each batch; needs the JAX backend")
    jit: Literal["auto"] | bool = Field("auto", description="compile the step with XLA; auto: only on GPUs")

    def frozen_stages(self, stages: int) -> int:
        """Return how many of a pretrained backbone's stages are frozen, from the stem on."""
        if isinstance(self.freeze, int):
            return min(self.freeze, stages)
        return stages if self.freeze == "backbone" else 0

    def first_steps(self, stages: int, steps: int) -> list[int]:
        """Return the step from which each of a pretrained backbone's stages is trained, from the stem on.

        Args:
            stages: number of stages.
            steps: of the whole training.
        """
        share = 0.0 if self.unfreeze == "auto" else self.unfreeze
        return [round(share * steps * (stages - index) / stages) for index in range(stages)]

    @property
    def stage_factor(self) -> float:
        """Factor of the learning rate from each stage of a pretrained backbone to the one before it."""
        return LAYER_DECAY if self.layer_decay == "auto" else self.layer_decay

    @property
    def patience(self) -> int | None:
        """Epochs without a better first objective after which training ends; None for no limit."""
        return max(5, self.epochs // 5) if self.early_stopping == "auto" else self.early_stopping

    @property
    def average_momentum(self) -> float | None:
        """Largest momentum of the moving average of the weights; None for no average.

        1 leaves only the limit that grows with the number of steps: an average over the last tenth of them.
        """
        if self.ema == "auto":
            return 1.0 if self.schedule == "wsd" else None
        return self.ema
