"""Two data sets as one: what a model was trained on, and what came later."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import Any, Literal

import numpy as np

from automap.data.prepare import PreparedData
from automap.exceptions import UserError
from automap.interfaces.array import Array
from automap.interfaces.data_info import ClassesInfo, DataInfo, NumbersInfo
from automap.interfaces.metric import VerificationPairs
from automap.interfaces.sample import SplitName

SPLITS: tuple[SplitName, ...] = ("train", "validation", "test")
EXTENSIBLE = frozenset({"label", "labels"})
"""Kinds of target to which classes can be added."""

Part = Literal["old", "new"]


class JoinedData(PreparedData):
    """The records of two data sets; those of the second one follow those of the first.

    Classes of the second one that the first does not have are appended. Statistics of images and numbers stay those of
    the first one, because a model was trained with them.

    Args:
        old: the first data set.
        new: the second one, with images of the same size and bit depth.

    Raises:
        UserError: if the two cannot be joined.
    """

    def __init__(self, old: PreparedData, new: PreparedData) -> None:
        if old.info.target.kind != new.info.target.kind or old.info.image.shape != new.info.image.shape:
            raise UserError("the new data set has other images or targets than the one that the model was trained on")
        self.__dict__.update(vars(old))
        self._old, self._new = old, new
        self._count = len(old.targets)
        classes = _joined_classes(old.info, new.info)
        self._places = [classes.index(name) for name in getattr(new.info.target, "classes", ())]
        self.splits = {name: self._joined(name) for name in SPLITS}
        self.fingerprint = f"{old.fingerprint}+{new.fingerprint}"
        self.info = old.info.model_copy(
            update={"target": self._target(classes), "train_size": len(self.splits["train"])}
        )

    def part(self, which: Part) -> JoinedData:
        """Return the same records and classes with the splits of one of the two data sets."""
        found = copy(self)
        own, first = (self._old, 0) if which == "old" else (self._new, self._count)
        found.splits = {name: np.asarray(own.splits[name]) + first for name in SPLITS}
        return found

    @property
    def targets(self) -> Any:
        """Target of each record, indexed by records."""
        return _Targets(self)

    def inputs(self, records: Array) -> dict[str, Array]:
        """Return the decoded inputs of the given records by name, in the given order."""
        return {
            name: np.concatenate([values, self._new.inputs(self._own(records, "new"))[name]])[self._order(records)]
            for name, values in self._old.inputs(self._own(records, "old")).items()
        }

    def images(self, records: Array) -> Array:
        """Return decoded images ``(records, height, width, channels)`` in the given order."""
        return next(iter(self.inputs(records).values()))

    def batch_targets(self, records: Array) -> Array:
        """Return the targets of some records as training batches carry them."""
        return self._kind.batch(self.targets[records], self.info.target)

    def raise_if_damaged(self) -> None:
        """Raise the error about a damaged file of either data set, if any."""
        self._old.raise_if_damaged()
        self._new.raise_if_damaged()

    def verification_pairs(self, split: SplitName) -> VerificationPairs | None:
        """Return None: all pairs of images."""
        return None

    def stored_targets(self, records: Array) -> Array:
        """Return the targets of some records as they are stored."""
        old = np.asarray(self._old.targets[self._own(records, "old")])
        new = np.asarray(self._new.targets[self._own(records, "new")])
        match self.info.target.kind:
            case "label":
                new = np.asarray(self._places, old.dtype)[new]
            case "labels":
                old, new = (self._widened(values, places) for values, places in self._by_places(old, new))
        return np.concatenate([old, new])[self._order(records)]

    def _by_places(self, old: Array, new: Array) -> list[tuple[Array, list[int]]]:
        return [(old, list(range(old.shape[1]))), (new, self._places)]

    def _widened(self, values: Array, places: list[int]) -> Array:
        wide = np.zeros((len(values), len(self._classes)), values.dtype)
        wide[:, places] = values
        return wide

    @property
    def _classes(self) -> tuple[str, ...]:
        return tuple(getattr(self.info.target, "classes", ()))

    def _joined(self, name: SplitName) -> Array:
        return np.concatenate([self._old.splits[name], np.asarray(self._new.splits[name]) + self._count])

    def _own(self, records: Array, which: Part) -> Array:
        records = np.asarray(records)
        return records[records < self._count] if which == "old" else records[records >= self._count] - self._count

    def _order(self, records: Array) -> Array:
        """Return where each record stands once the old ones come first."""
        order = np.argsort(np.asarray(records) >= self._count, kind="stable")
        places = np.empty(len(order), np.intp)
        places[order] = np.arange(len(order))
        return places

    def _target(self, classes: tuple[str, ...]) -> Any:
        old, new = self._old.info.target, self._new.info.target
        if not isinstance(old, ClassesInfo) or not isinstance(new, ClassesInfo):
            return old
        counts: Mapping[str, int] = dict(zip(old.classes, old.class_counts, strict=True))
        more: Mapping[str, int] = dict(zip(new.classes, new.class_counts, strict=True))
        total = tuple(counts.get(name, 0) + more.get(name, 0) for name in classes)
        return old.model_copy(update={"classes": classes, "class_counts": total})


class _Targets:
    def __init__(self, data: JoinedData) -> None:
        self._data = data
        self.dtype = data._old.targets.dtype
        self.shape = (data._count + len(data._new.targets), *data.stored_targets(np.arange(1)).shape[1:])

    def __len__(self) -> int:
        return int(self.shape[0])

    def __getitem__(self, records: Any) -> Array:
        return self._data.stored_targets(np.asarray(records))


def _joined_classes(old: DataInfo, new: DataInfo) -> tuple[str, ...]:
    if isinstance(old.target, NumbersInfo) and isinstance(new.target, NumbersInfo):
        if old.target.names != new.target.names:
            raise UserError(
                f"the new data set has the numbers {', '.join(new.target.names)}; expected "
                f"{', '.join(old.target.names)}"
            )
        return ()
    known: tuple[str, ...] = getattr(old.target, "classes", ())
    added = tuple(name for name in getattr(new.target, "classes", ()) if name not in known)
    if added and old.target.kind not in EXTENSIBLE:
        raise UserError(f"classes cannot be added to a model of this task; the new data set has {', '.join(added)}")
    if old.target.kind not in EXTENSIBLE and getattr(new.target, "classes", ()) != known:
        raise UserError("the classes of the new data set are in another order, or some are missing")
    return (*known, *added)
