"""A summary of a data set, with warnings."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from automap.data.columns.describe import precision_warning
from automap.data.columns.encode import columns_of
from automap.data.prepare import PreparedData
from automap.interfaces.data_info import CategoryInput, ImageInfo, InputInfo, NumberInput, TextInput
from automap.interfaces.sample import BadSample, SplitName

EXAMPLES = 5
"""Number of bad files that a summary names for each reason."""

_SPLITS: tuple[SplitName, ...] = ("train", "validation", "test")

_ABSENT = frozenset({"NaN", "nan", "NA", "N/A", "n/a", "#N/A", "<NA>", "NULL", "null", "None", "NaT", "?", "-"})
"""Texts that programs write for missing values."""


@dataclass(frozen=True)
class InputSummary:
    """An input beside the image."""

    column: str
    type: str
    missing: float
    """Fraction of the training samples without a value."""
    about: str
    """Statistics, categories or size of the vocabulary."""


@dataclass(frozen=True)
class DataSummary:
    """A prepared data set in numbers."""

    image_shape: tuple[int, int, int]
    """Height, width and channels of the decoded records."""
    bit_depth: int
    """Bits of each channel, 8 or 16."""
    value_range: tuple[float, float] | None
    """The source values that are stored as black and as white; None if pixels are stored as they are."""
    clipped_values: int
    """Source values outside of this range, which were clipped."""
    classes: tuple[str, ...]
    counts: dict[str, tuple[int, ...]]
    """Records of each class, by split."""
    records: dict[str, int]
    """Records of each split."""
    bytes: int
    """Size of the decoded data set on disk."""
    bad: dict[str, int]
    """Number of samples that cannot be used, by reason."""
    bad_examples: dict[str, tuple[str, ...]]
    """Names of a few of them, by reason."""
    duplicates: int
    """Records with the same pixels as an earlier one."""
    mean: tuple[float, ...]
    """Of each channel over the training split, in pixel values."""
    std: tuple[float, ...]
    """Standard deviation of each channel over the training split, in pixel values."""
    warnings: tuple[str, ...]
    inputs: tuple[InputSummary, ...] = ()
    """The inputs beside the image."""


def summarise(data: PreparedData) -> DataSummary:
    """Count the records of a data set, and collect warnings."""
    classes = data.classes
    counts: dict[str, tuple[int, ...]] = {
        split: tuple(int(count) for count in data.counts(indices))
        for split in _SPLITS
        if (indices := data.splits.get(split)) is not None
    }
    records: dict[str, int] = {split: len(data.splits[split]) for split in _SPLITS if split in data.splits}
    reasons = Counter(record.reason for record in data.bad)
    examples = {
        reason: tuple(_example(sample) for sample in data.bad if sample.reason == reason)[:EXAMPLES]
        for reason in reasons
    }
    return DataSummary(
        image_shape=data.info.image.shape,
        bit_depth=data.info.image.bit_depth,
        value_range=data.info.image.source_range,
        clipped_values=data.clipped[0],
        classes=classes,
        counts=counts,
        records=records,
        bytes=data.nbytes,
        bad=dict(reasons.most_common()),
        bad_examples=examples,
        duplicates=data.duplicates,
        mean=data.info.image.mean,
        std=data.info.image.std,
        warnings=(
            *data.notices,
            *(() if data.unseen_classes else _warnings(classes, counts, data.one_class)),
            *_name_warnings(classes),
            *_duplicate_warnings(data),
            *_range_warnings(data),
            *_column_warnings(data),
        ),
        inputs=tuple(map(_input_summary, data.info.extra_inputs.values())),
    )


def _input_summary(info: InputInfo) -> InputSummary:
    match info:
        case NumberInput():
            about = f"mean {info.mean:.4g}, standard deviation {info.std:.4g}"
        case CategoryInput():
            about = f"{len(info.categories)} categories: {_list(list(info.categories), 'categories')}"
        case TextInput():
            about = f"{len(info.vocabulary):,} words; the first {info.length} of a text are used"
        case ImageInfo():
            return InputSummary(info.column or "", "image", 0.0, "fitted like the first image")
    return InputSummary(info.column, info.kind, info.missing, about)


def _column_warnings(data: PreparedData) -> list[str]:
    columns = columns_of(data.info).values()
    unknown = [
        f"no category in {each.column} occurs twice in the training split; it may be text, or of no use"
        for each in columns
        if isinstance(each, CategoryInput) and not each.categories
    ]
    return unknown + [warning for each in columns if (warning := precision_warning(each)) is not None]


def remarks(summary: DataSummary) -> list[str]:
    """Return what was skipped, by reason with its count and examples, and the warnings; one line each."""
    lines = []
    for reason, count in summary.bad.items():
        names = summary.bad_examples.get(reason, ())
        lines.append(f"skipped {count:,}: {reason} ({', '.join(names)}{', …' if count > len(names) else ''})")
    return lines + [f"warning: {warning}" for warning in summary.warnings]


def _example(sample: BadSample) -> str:
    return f"{sample.name}: {sample.detail}" if sample.detail else sample.name


def _warnings(classes: tuple[str, ...], counts: dict[str, tuple[int, ...]], one_class: bool) -> list[str]:
    found = []
    for split, numbers in counts.items():
        missing = [name for name, number in zip(classes, numbers, strict=True) if number == 0]
        if sum(numbers) and missing:
            found.append(f"the {split} split has no image of {_list(missing)}")
    train: tuple[int, ...] = counts.get("train", ())
    fewest, most = min(train, default=0), max(train, default=0)
    if fewest and most >= 10 * fewest:
        rare, common = classes[train.index(fewest)], classes[train.index(most)]
        found.append(
            f"imbalanced classes: {most} training images of '{common}', {fewest} of '{rare}'"
            + ("; consider the objective balanced_accuracy or macro_f1" if one_class else "")
        )
    return found


def _duplicate_warnings(data: PreparedData) -> list[str]:
    found = []
    if data.lost_classes:
        lost = _list(list(data.lost_classes))
        found.append(
            f"no usable image of {lost}: left out of the classes" if data.one_class else f"no image has {lost}"
        )
    if data.duplicates:
        found.append(f"{_images(data.duplicates, 'duplicate ')}; duplicates are kept in the same split")
    if data.contradictions:
        what = "class" if data.one_class else "target"
        verb = "appears" if data.contradictions == 1 else "appear"
        found.append(f"{_images(data.contradictions)} {verb} with more than one {what}")
    unused = len(data.targets) - sum(len(records) for records in data.splits.values())
    if unused:
        found.append(f"{_images(unused)} left out: the same pixels or group are in a later split")
    return found


def _images(count: int, kind: str = "") -> str:
    return f"{count:,} {kind}image{'' if count == 1 else 's'}"


def _name_warnings(classes: tuple[str, ...]) -> list[str]:
    """Warn of classes that may be one and the same, or stand for a missing label."""
    same: dict[str, list[str]] = {}
    for name in classes:
        same.setdefault(" ".join(name.casefold().split()), []).append(name)
    alike = [name for names in same.values() if len(names) > 1 for name in names]
    absent = [name for name in classes if name in _ABSENT]
    quoted = [name for name in classes if len(name) > 2 and name[0] == name[-1] and name[0] in "'\""]
    found = []
    if alike:
        found.append(f"classes whose names differ in case or spaces only: {_list(alike)}")
    if absent:
        found.append(f"classes that may stand for missing labels: {_list(absent)}; clear these cells if they do")
    if quoted:
        found.append(f"classes whose names are in quotes: {_list(quoted)}")
    return found


def _range_warnings(data: PreparedData) -> list[str]:
    values, images = data.clipped
    if not values or data.info.image.source_range is None:
        return []
    low, high = data.info.image.source_range
    return [
        f"{values:,} values in {images:,} images are outside the value range {low:g} to {high:g} and were clipped; "
        "set another range with dataset.value_range"
    ]


def _list(names: list[str], what: str = "classes") -> str:
    shown = ", ".join(f"'{name}'" for name in names[:EXAMPLES])
    return shown if len(names) <= EXAMPLES else f"{shown} and {len(names) - EXAMPLES} more {what}"
