"""The spec's ``compress`` section: smaller and faster models of the winner."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from automap.spec.sections import Section


class SparsityRange(Section):
    """Sparsities that are tried one after the other."""

    low: float = Field(gt=0, lt=1, description="smallest share of channels to remove")
    high: float = Field(gt=0, lt=1, description="largest share of channels to remove")
    steps: int = Field(3, ge=2, le=20, description="number of evenly spaced sparsities")

    @model_validator(mode="after")
    def _is_a_range(self) -> SparsityRange:
        if self.low >= self.high:
            raise ValueError(f"low must be below high; received low {self.low:g} and high {self.high:g}")
        return self

    def values(self) -> list[float]:
        """Return the sparsities."""
        step = (self.high - self.low) / (self.steps - 1)
        return [round(self.low + index * step, 4) for index in range(self.steps)]


class Compression(Section):
    """One way to make the winner smaller and faster."""

    type: Literal["quantize", "prune", "distill"] = Field(
        description="int8 weights and activations; fewer channels; a smaller trial that learns from the winner"
    )
    dtype: Literal["int8", "float32"] | None = Field(
        None, description="of the exported file; if left out, int8 for quantize and float32 for the others"
    )
    aware: bool = Field(False, description="fine-tune with simulated int8 before quantizing")
    format: str = Field("onnx", description="format of the exported file")
    sparsity: float | SparsityRange = Field(0.5, description="share of the channels that prune removes, or a range")
    epochs: int | None = Field(
        None,
        ge=1,
        le=100_000,
        description="epochs of training; if left out, a third of the trial's; distill: all of them",
    )
    seeds: int = Field(1, ge=1, le=1000, description="compressed models, for the spread of their metrics")

    @model_validator(mode="after")
    def _is_possible(self) -> Compression:
        if (self.type == "quantize" or self.aware) and self.dtype == "float32":
            raise ValueError("quantize and aware make int8 models; leave dtype out")
        if isinstance(self.sparsity, float) and not 0 < self.sparsity < 1:
            raise ValueError(f"sparsity must lie between 0 and 1; received {self.sparsity:g}")
        return self

    def options(self) -> list[list[str]]:
        """Return the options of ``automap compress``, once for each sparsity."""
        common = ["--method", self.type, "--format", self.format, "--seeds", str(self.seeds)]
        common += ["--epochs", str(self.epochs)] if self.epochs is not None else []
        common += ["--int8"] if self.dtype == "int8" and self.type != "quantize" else []
        common += ["--aware"] if self.aware else []
        if self.type != "prune":
            return [common]
        sparsities = self.sparsity.values() if isinstance(self.sparsity, SparsityRange) else [self.sparsity]
        return [[*common, "--sparsity", f"{sparsity:g}"] for sparsity in sparsities]
