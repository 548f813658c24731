"""What every component is held to, whatever its kind."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from typing import Any, TypeVar

import pydantic

from automap.interfaces.component import Component, recommended_space

C = TypeVar("C", bound=Component)


def require(condition: bool, message: str) -> None:
    """Raise `AssertionError` with `message` unless `condition` holds."""
    if not condition:
        raise AssertionError(message)


def instance_of(component: C | type[C]) -> C:
    """Return a component: an instance as it is, a class with its defaults."""
    return component() if isinstance(component, type) else component


def check_component(component: Component | type[Component]) -> None:
    """Check what holds for components of every kind.

    - It has a summary for listings.
    - It can be written to a spec and read back.
    - Its fields admit every recommended value.
    - Its module imports neither Keras nor TensorFlow, so that reading a spec stays fast.

    Raises:
        AssertionError: with the promise that is broken.
    """
    built = instance_of(component)
    model = type(built)
    require(bool(model.summary()), f"{model.__name__} has no docstring; its first line is shown in listings")
    again = model.model_validate(built.model_dump(mode="json"))
    require(again == built, f"{built!r} becomes {again!r} when it is written to JSON and read back")
    for name, field in model.model_fields.items():
        for value in _recommended_values(recommended_space(field) or {}):
            try:
                built.replace(**{name: value})
            except pydantic.ValidationError as error:
                raise AssertionError(f"{model.__name__}.{name} does not admit its recommended value {value}") from error
    _check_imports(model)


def _recommended_values(space: dict[str, Any]) -> list[Any]:
    return list(space.get("choices", [])) or [space[end] for end in ("low", "high") if end in space]


def _check_imports(model: type[Component]) -> None:
    code = (
        f"import importlib, sys; importlib.import_module({model.__module__!r}); "
        "print(*sorted({'keras', 'tensorflow', 'jax', 'torch'} & set(sys.modules)))"
    )
    heavy = run_python(code).strip()
    require(
        not heavy,
        f"importing {model.__module__} imports {heavy}; import it inside the method that needs it, so that reading a "
        "spec stays fast",
    )


def run_python(code: str, **environment: str) -> str:
    """Run code in a fresh interpreter with this one's import path and return what it prints.

    Raises:
        AssertionError: if it fails; the text holds what it wrote to standard error.
    """
    paths = os.pathsep.join(path for path in sys.path if path)
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": paths, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    require(done.returncode == 0, f"a fresh process failed:\n{done.stderr[-2000:]}")
    return done.stdout


def import_class(module: str, name: str) -> type[Component]:
    """Return a class by its module and qualified name."""
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return found  # type: ignore[no-any-return]
