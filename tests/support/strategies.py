"""Hypothesis strategies: valid specs of the installed plugins, as the data of a YAML file."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from automap.interfaces.component import recommended_space
from automap.spec.plugins import find_plugins, load_plugin
from automap.spec.training import TrainingSettings

Data = dict[str, Any]


@st.composite
def narrowed(draw: st.DrawFn, recommended: Data) -> Any:
    """Draw a value, a narrower range or fewer choices from a recommended range or choices."""
    if "choices" in recommended:
        options = recommended["choices"]
        picked = draw(st.lists(st.sampled_from(options), min_size=1, unique_by=repr))
        return draw(st.sampled_from([picked[0], {"choices": picked}]))
    low, high = recommended["low"], recommended["high"]
    integer = isinstance(low, int) and isinstance(high, int)
    numbers = st.integers(low, high) if integer else st.floats(low, high, allow_subnormal=False)
    first, second = sorted([draw(numbers), draw(numbers)])
    if first == second:
        return first
    return draw(st.sampled_from([first, {"low": first, "high": second, "log": recommended.get("log", False)}]))


@st.composite
def fields(draw: st.DrawFn, model: Any) -> Data:
    """Draw some of a model's tunable fields; the others are left out."""
    tunables = {name: space for name, field in model.model_fields.items() if (space := recommended_space(field))}
    chosen = draw(st.lists(st.sampled_from(sorted(tunables)), unique=True)) if tunables else []
    return {name: draw(narrowed(tunables[name])) for name in chosen}


@st.composite
def components(draw: st.DrawFn, group: str) -> Any:
    """Draw a component: its short name, a mapping, or choices among several."""
    known = [name for name in sorted(find_plugins(group)) if _serves_classification(load_plugin(group, name))]
    names = draw(st.lists(st.sampled_from(known), min_size=1, max_size=3, unique=True))
    forms = [draw(st.one_of(st.just(name), fields(load_plugin(group, name)).map(_typed(name)))) for name in names]
    return forms[0] if len(forms) == 1 else {"choices": forms}


def _serves_classification(model: Any) -> bool:
    return "classification" in getattr(model, "tasks", {"classification"})


def _typed(name: str) -> Any:
    return lambda data: {"type": name, **data}


@st.composite
def specs(draw: st.DrawFn) -> Data:
    """Draw a whole valid spec on the digits, with some sections left out."""
    sections = {
        "architecture": components("automap.architectures"),
        "augmentation": st.lists(components("automap.augmentations"), max_size=2),
        "optimizer": components("automap.optimizers"),
        "loss": components("automap.losses"),
        "training": fields(TrainingSettings),
        "budget": st.fixed_dictionaries({"trials": st.integers(1, 100)}),
        "objectives": st.sampled_from([["accuracy"], ["accuracy", {"metric": "latency", "direction": "minimize"}]]),
    }
    chosen = draw(st.sets(st.sampled_from(sorted(sections))))
    data: Data = {name: draw(sections[name]) for name in sorted(chosen)}
    return {"dataset": {"type": "sklearn", "name": "digits"}, **data}
