"""Checks for plugins: what automap's own plugins are held to.

Each check takes a component of its kind and raises `AssertionError` with the promise that is broken::

    from automap.testing import check_architecture

    def test_my_net():
        check_architecture(MyNet(width=8))
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from automap.testing.architectures import check_architecture
    from automap.testing.augmentations import check_augmentation
    from automap.testing.component import check_component
    from automap.testing.datasets import check_dataset
    from automap.testing.encoders import check_encoder
    from automap.testing.fusions import check_fusion
    from automap.testing.losses import check_loss
    from automap.testing.optimizers import check_optimizer
    from automap.testing.samplers import check_sampler
    from automap.testing.schedulers import check_scheduler
    from automap.testing.tasks import check_task

__all__ = [
    "check_architecture",
    "check_augmentation",
    "check_component",
    "check_dataset",
    "check_encoder",
    "check_fusion",
    "check_loss",
    "check_optimizer",
    "check_sampler",
    "check_scheduler",
    "check_task",
]

_MODULES = {
    "check_architecture": "architectures",
    "check_augmentation": "augmentations",
    "check_component": "component",
    "check_dataset": "datasets",
    "check_encoder": "encoders",
    "check_fusion": "fusions",
    "check_loss": "losses",
    "check_optimizer": "optimizers",
    "check_sampler": "samplers",
    "check_scheduler": "schedulers",
    "check_task": "tasks",
}


def __getattr__(name: str) -> Any:
    # Only the checks of kinds that need Keras import it.
    if name not in _MODULES:
        raise AttributeError(f"module 'automap.testing' has no attribute '{name}'")
    return getattr(import_module(f"automap.testing.{_MODULES[name]}"), name)
