"""Prepare a data set: decoded records, in splits."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from automap.data.cache.build import build_cache
from automap.data.cache.reader import Cache, cache_directory, open_cache, remove_cache
from automap.data.cache.shared import share
from automap.data.checks import check_classes, check_splits, refuse_bad
from automap.data.columns.cells import Texts, image_names
from automap.data.columns.encode import columns_of, encode_cells
from automap.data.describe import describe
from automap.data.scan.listing import Progress, list_records
from automap.data.splits.assign import SPLIT_CODES, assign_splits
from automap.data.splits.unseen_classes import check_classes_apart
from automap.data.splits.verification_pairs import PairsFile, held_for_test, read_pairs
from automap.data.targets import target_kind
from automap.data.targets.kind import TargetKind, Values
from automap.exceptions import DataError
from automap.interfaces.array import Array
from automap.interfaces.data_info import DataInfo
from automap.interfaces.dataset import Dataset, Splits
from automap.interfaces.metric import VerificationPairs
from automap.interfaces.sample import IMAGE, BadSample, ExtraInput, SplitName


class DataIdentity(NamedTuple):
    """Identifies the decoded data set of a study."""

    key: str
    """Key of the cache: a fingerprint of the samples and of how they are decoded."""
    fingerprint: str
    """Fingerprint of pixels, targets and splits; the same for a copy of the data set on another machine."""


@dataclass(frozen=True)
class SplitRecords:
    """Which records are in which split."""

    indices: Mapping[SplitName, Array]
    """Indices of the records of each split."""
    unseen_classes: bool = False
    """Whether validation and test have classes of their own."""
    pairs: VerificationPairs | None = None
    """Verification pairs of the test split; None for all pairs."""


class PreparedData:
    """A data set that can be trained on: decoded, checked and split.

    Args:
        cache: the decoded records.
        split: which records are in which split.
        info: what a model needs to know about it.
        kind: kind of its targets.
        fingerprint: digest of pixels, targets and splits; the same for a copy on another machine.
        extra_inputs: the inputs beside the image.
    """

    def __init__(
        self,
        cache: Cache,
        split: SplitRecords,
        info: DataInfo,
        kind: TargetKind,
        fingerprint: str,
        extra_inputs: Sequence[ExtraInput] = (),
    ) -> None:
        self._cache, self._kind = cache, kind
        self._images, self._cells = image_names(extra_inputs), cache.cells(extra_inputs)
        self.info, self.fingerprint = info, fingerprint
        self.splits, self.unseen_classes, self._pairs = split.indices, split.unseen_classes, split.pairs

    def verification_pairs(self, split: SplitName) -> VerificationPairs | None:
        """Return the verification pairs of a split, as positions in it; None for all pairs of images."""
        if self._pairs is None or split != "test":
            return None
        first, second = (np.searchsorted(self.splits[split], side) for side in self._pairs[:2])
        return VerificationPairs(first, second, self._pairs.fold)

    @property
    def path(self) -> Path:
        """Folder of the cache."""
        return self._cache.path

    @property
    def targets(self) -> Values:
        """Target of each record, as its kind stores it: class indices ``(records,)`` int32 for labels."""
        return self._cache.targets

    @property
    def one_class(self) -> bool:
        """Whether each record has exactly one class."""
        return self._kind.one_class

    def counts(self, records: Array) -> Array:
        """Return how many of the given records have each class, ``(classes,)``; empty without classes."""
        return self._kind.counts(self.path, self.targets, records)

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names; empty if the target has no classes."""
        return tuple(self._cache.manifest.classes)

    @property
    def notices(self) -> tuple[str, ...]:
        """What the data set left out or changed, one line for each kind."""
        return self._cache.manifest.notices

    @property
    def identity(self) -> DataIdentity:
        """The identity by which another process opens and checks the same records."""
        return DataIdentity(self._cache.key, self.fingerprint)

    def with_all_to_train(self, dataset: Dataset) -> PreparedData:
        """Return the data set with the validation split in the training split too, for a model to be shipped.

        Args:
            dataset: that it was prepared from.
        """
        train = np.sort(np.concatenate([self.splits["train"], self.splits["validation"]]))
        found = copy(self)
        found.splits = {**self.splits, "train": train}
        found.info = describe(self._cache, train, dataset, self._kind)
        found.fingerprint = f"{self.fingerprint}-all"
        return found

    def raise_if_damaged(self) -> None:
        """Raise the error about a damaged file that a reader thread has found, if any.

        Raises:
            StorageError: with the damaged file.
        """
        if self._cache.verifier.fault is not None:
            raise self._cache.verifier.fault

    @property
    def names(self) -> Sequence[str]:
        """Name of each record."""
        return self._cache.names

    @property
    def bad(self) -> tuple[BadSample, ...]:
        """Samples that cannot be used, with the reason."""
        return self._cache.manifest.bad

    @property
    def nbytes(self) -> int:
        """Size of the decoded images in bytes."""
        return self._cache.nbytes

    @property
    def lost_classes(self) -> tuple[str, ...]:
        """Classes of the data set without a usable image."""
        return tuple(self._cache.manifest.lost_classes)

    @property
    def duplicates(self) -> int:
        """Number of records with the same pixels as an earlier one."""
        return len(self._cache.hashes) - len(np.unique(self._cache.hashes))

    @property
    def contradictions(self) -> int:
        """Different images that appear with more than one target."""
        keys = self._kind.keys(self.path, self.targets)
        order = np.lexsort((keys, self._cache.hashes))
        hashes, targets = self._cache.hashes[order], keys[order]
        differ = (hashes[1:] == hashes[:-1]) & (targets[1:] != targets[:-1])
        return len(np.unique(hashes[1:][differ]))

    def batch_targets(self, records: Array) -> Array:
        """Return the targets of some records as training batches carry them; numbers are standardised, float32."""
        return self._kind.batch(self.targets[records], self.info.target)

    @property
    def clipped(self) -> tuple[int, int]:
        """The number of values outside the value range that were clipped, and of records with such values."""
        return self._cache.manifest.clipped_values, self._cache.manifest.clipped_records

    @property
    def input_bytes(self) -> int:
        """Size of the inputs of one record in bytes."""
        return sum(each.nbytes for each in self.info.inputs.values())

    def inputs(self, records: Array) -> dict[str, Array]:
        """Return the decoded inputs of the given records by name, in the given order."""
        return {IMAGE: self.images(records), **self._further(records), **self._columns(records)}

    def _further(self, records: Array) -> dict[str, Array]:
        if not self._images:
            return {}
        pixels = self._cache.further_images(np.asarray(records))
        return {name: pixels[:, index] for index, name in enumerate(self._images)}

    def _columns(self, records: Array) -> dict[str, Array]:
        found = {}
        for name, info in columns_of(self.info).items():
            cells = self._cells[name]
            found[name] = encode_cells(info, cells.take(records) if isinstance(cells, Texts) else cells[records])
        return found

    def images(self, records: Array) -> Array:
        """Return decoded images ``(records, height, width, channels)``, uint8 or uint16, in the given order."""
        return self._cache.images(np.asarray(records))


def prepare(
    dataset: Dataset,
    *,
    cache: Path | None = None,
    shared: str | None = None,
    progress: Progress | None = None,
    rebuild: bool = False,
) -> PreparedData:
    """Open the decoded records of a data set, decoding them first if needed; safe with several processes.

    Args:
        dataset: the data set.
        cache: folder of all caches; None for `cache_directory`.
        shared: URL where machines share their caches: what is there is fetched, what is not is written there.
        progress: called with records done, records in all (None while it is not known), and what is being done.
        rebuild: whether to decode the data set again even if it is cached.

    Raises:
        DataError: if it cannot be trained on: missing, empty, one class, one image, too many bad samples.
        StorageError: if the cache, or the place where caches are shared, cannot be used.
        WorkerError: if a process that decodes died.
    """
    tell = progress or (lambda *_: None)
    root = cache or cache_directory()
    listing = list_records(dataset, tell)
    if rebuild:
        remove_cache(root, listing.fingerprint)
    found = open_cache(root, listing.fingerprint) or build_cache(root, listing, tell, shared)
    if shared is not None:
        share(found, shared, tell)
    return _prepared(dataset, found)


def open_prepared(
    dataset: Dataset, identity: DataIdentity, *, cache: Path | None = None, shared: str | None = None
) -> PreparedData:
    """Open the records that another process has prepared, without listing the data set again.

    If this machine does not have them, it prepares them itself.

    Args:
        dataset: the data set.
        identity: identity of the records.
        cache: folder of all caches; None for `cache_directory`.
        shared: URL where machines share their caches.

    Raises:
        DataError: if the records are not the same.
        StorageError: if the cache, or the place where caches are shared, cannot be used.
        WorkerError: if a process that decodes died.
    """
    found = open_cache(cache or cache_directory(), identity.key)
    data = prepare(dataset, cache=cache, shared=shared) if found is None else _prepared(dataset, found)
    if data.fingerprint != identity.fingerprint:
        raise DataError(
            "the data set differs from the study's: its images, targets or splits are not the same; a worker needs the "
            "data set that the study was started with"
        )
    return data


def _prepared(dataset: Dataset, cache: Cache) -> PreparedData:
    kind = target_kind(dataset)
    refuse_bad(cache.manifest.bad, cache.records, dataset.max_bad)
    check_classes(cache, kind)
    strata = kind.strata(cache.path, cache.targets)
    pairs = _pairs(dataset, kind)
    classes, given, judged = cache.manifest.classes, cache.given, None
    if pairs is not None:
        judged = pairs.among(cache.names, strata, classes)
        given = held_for_test(given, strata, classes, pairs, SPLIT_CODES["test"])
    splits = assign_splits(strata, cache.hashes, cache.groups, given, dataset.splits)
    check_splits(splits, cache)
    if dataset.splits.unseen_classes:
        check_classes_apart(splits, strata, classes)
    return PreparedData(
        cache,
        SplitRecords(splits, bool(dataset.splits.unseen_classes), judged),
        describe(cache, splits["train"], dataset, kind),
        kind,
        _fingerprint(cache, dataset.splits, pairs),
        dataset.extra_inputs,
    )


def _pairs(dataset: Dataset, kind: TargetKind) -> PairsFile | None:
    if dataset.splits.pairs is None:
        return None
    if not (kind.one_class and dataset.splits.unseen_classes):
        raise DataError(
            "dataset.splits.pairs: needs a data set with one class for each image and splits by class "
            "(unseen_classes: true)"
        )
    return read_pairs(dataset.splits.pairs)


def _fingerprint(cache: Cache, splits: Splits, pairs: PairsFile | None) -> str:
    key = [cache.manifest.content, splits.model_dump(exclude_none=True, exclude={"pairs"})]
    if pairs is not None:
        key.append(pairs.digest)
    return hashlib.sha256(json.dumps(key).encode()).hexdigest()
