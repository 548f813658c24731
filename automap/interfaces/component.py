"""Components: frozen Pydantic models of hyperparameters, with one method that does the work."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo

_RECOMMENDED = "recommended"
_RECOMMENDED_IF_PRETRAINED = "recommended_if_pretrained"


class Component(BaseModel):
    """Base class of everything that a spec names by ``type:``.

    A subclass declares its hyperparameters as annotated fields, some of them with `tunable`, and implements
    the one method of its kind. Its module imports neither Keras nor TensorFlow at the top, so that reading a
    spec stays fast: import them inside the method.

    Class attributes:
        group: the entry-point group in which plugins of this kind are found.
        recommended: whether a spec that leaves this kind out searches over this plugin too.
        adjustable: names of numeric hyperparameters that the built layer or optimizer reads from variables, so that
            they are not constants of the compiled graph. Trials that differ only in such numbers share one compiled
            step; zero counts as a different graph. Rates of ``keras.layers.Dropout`` always become variables.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False, protected_namespaces=()
    )

    group: ClassVar[str]
    recommended: ClassVar[bool] = True
    adjustable: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def summary(cls) -> str:
        """Return the first line of the component's docstring, for listings."""
        return (cls.__doc__ or "").strip().split("\n", 1)[0]

    def replace(self, **changes: Any) -> Self:
        """Return a validated copy with some hyperparameters changed."""
        return type(self).model_validate({**dict(self), **changes})


def tunable(
    default: Any,
    *,
    low: float | None = None,
    high: float | None = None,
    log: bool = False,
    step: float | None = None,
    choices: tuple[Any, ...] | None = None,
    **constraints: Any,
) -> Any:
    """Declare a hyperparameter that has a recommended search range.

    A spec that leaves the field out searches over the range; it may also give any other value or range that
    the field's type and constraints admit.

    Args:
        default: the value in the first trial, and in every trial if the field is not searched.
        low: smallest recommended value, inclusive. Give `low` and `high`, or `choices`.
        high: largest recommended value, inclusive.
        log: whether to sample on a logarithmic scale.
        step: the distance between sampled values; None for any value in the range.
        choices: the recommended alternatives, for fields without a numeric range.
        constraints: hard limits and other keywords of `pydantic.Field`, for instance ``ge=1``.

    Raises:
        ValueError: if neither or both of a range and choices are given, or `low` is not below `high`.
    """
    return Field(
        default, json_schema_extra={_RECOMMENDED: _recommendation(low, high, log, step, choices)}, **constraints
    )


def tunable_if_pretrained(
    default: Any,
    *,
    low: float | None = None,
    high: float | None = None,
    log: bool = False,
    choices: tuple[Any, ...] | None = None,
    **constraints: Any,
) -> Any:
    """Declare a hyperparameter that is searched where an architecture of the spec has pretrained weights.

    Args:
        default: ``auto``: what a spec that leaves the field out has; the field is searched in its place.
        low: smallest recommended value, inclusive. Give `low` and `high`, or `choices`.
        high: largest recommended value, inclusive.
        log: whether to sample on a logarithmic scale.
        choices: the recommended alternatives, the first trial's first.
        constraints: hard limits and other keywords of `pydantic.Field`.

    Raises:
        ValueError: if neither or both of a range and choices are given, or the range is upside down.
    """
    found = _recommendation(low, high, log, None, choices)
    return Field(default, json_schema_extra={_RECOMMENDED_IF_PRETRAINED: found}, **constraints)


def _recommendation(
    low: float | None, high: float | None, log: bool, step: float | None, choices: tuple[Any, ...] | None
) -> dict[str, Any]:
    if (low is None) != (high is None) or (low is None) == (choices is None):
        raise ValueError(f"tunable needs either low and high, or choices; received {low=}, {high=}, {choices=}")
    if choices is not None:
        return {"choices": list(choices)}
    if low is None or high is None or not low < high:
        raise ValueError(f"tunable needs low < high; received {low=}, {high=}")
    recommended: dict[str, Any] = {"low": low, "high": high}
    if log:
        recommended["log"] = True
    if step is not None:
        recommended["step"] = step
    return recommended


def recommended_space(field: FieldInfo, *, pretrained: bool = False) -> dict[str, Any] | None:
    """Return the recommended range or choices of a field as a spec writes them; None if it has none.

    Args:
        field: of a component.
        pretrained: whether to return what `tunable_if_pretrained` recommends.
    """
    extra = field.json_schema_extra
    name = _RECOMMENDED_IF_PRETRAINED if pretrained else _RECOMMENDED
    found = extra.get(name) if isinstance(extra, dict) else None
    return dict(found) if isinstance(found, dict) else None
