"""The environment of a study: versions of packages, read without importing them."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version

_PACKAGES = ("automap", "keras", "tensorflow", "jax", "torch", "optuna", "numpy")


def environment() -> dict[str, object]:
    """Return the versions of Python and of the packages that results depend on, and the platform."""
    versions = {name: found for name in _PACKAGES if (found := _version(name)) is not None}
    return {
        "python": platform.python_version(),
        "packages": versions,
        "backend": os.environ.get("KERAS_BACKEND", "tensorflow"),
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
