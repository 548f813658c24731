"""The kinds of component, by the entry-point group in which their plugins are found."""

from __future__ import annotations

from collections.abc import Mapping

from automap.interfaces.architecture import Architecture
from automap.interfaces.augmentation import Augmentation
from automap.interfaces.component import Component
from automap.interfaces.dataset import Dataset
from automap.interfaces.encoder import Encoder
from automap.interfaces.explainer import Explainer
from automap.interfaces.exporter import Exporter
from automap.interfaces.fusion import Fusion
from automap.interfaces.loss import LossComponent
from automap.interfaces.optimizer import OptimizerComponent
from automap.interfaces.sampler import Sampler
from automap.interfaces.scheduler import Scheduler
from automap.interfaces.task import Task
from automap.interfaces.tracker import Tracker

SPEC_KINDS: Mapping[str, type[Component]] = {
    kind.group: kind
    for kind in (
        Architecture,
        Augmentation,
        Dataset,
        Encoder,
        Fusion,
        LossComponent,
        OptimizerComponent,
        Sampler,
        Scheduler,
        Task,
    )
}
"""The base class that a plugin of each entry-point group must derive from, for the kinds that specs name."""

KINDS: Mapping[str, type[Component]] = {
    **SPEC_KINDS,
    Explainer.group: Explainer,
    Exporter.group: Exporter,
    Tracker.group: Tracker,
}
"""The base classes of all kinds."""
