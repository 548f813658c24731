"""The text of a spec that ``automap init`` writes."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path
from statistics import median
from typing import cast

from automap.data.recognise.layouts import Layout
from automap.data.recognise.survey import Survey
from automap.interfaces.augmentation import Augmentation
from automap.interfaces.dataset import Dataset
from automap.interfaces.task import Task
from automap.spec.plugins import load_plugin
from automap.spec.suitability import suits, tasks_that_learn_from
from automap.spec.yaml import dump_yaml

UNEVEN = 5
"""From this ratio of the largest to the smallest class, accuracy misleads."""
MOST_CLASSES = 8
PERSONS, PERSON_IMAGES = 20, 20
"""At least so many classes, with at most so many images each (the median), may be persons."""

_ALTERNATIVE = """\

# Many classes with few images each: if they are persons, and others are to be recognised too, write
# task: {task}
"""

_REST = """\

# What may vary. If left out, automap searches over the recommended architectures, augmentations and optimizers.
# automap plugins list shows them all. A value fixes a field; {{low, high}} or {{choices}} searches over it:
# architecture:
#   choices:
#     - resnet
#     - {{type: cnn, filters: {{choices: [[32, 64], [32, 64, 64]]}}}}
# augmentation: [{augmentation}]
# optimizer: {{type: adamw, learning_rate: {{low: 1e-4, high: 1e-2, log: true}}}}
# training: {{epochs: 30, batch_size: {{choices: [32, 64, 128]}}}}

# What to optimize. A second objective, such as latency, gives a Pareto front.
objectives: [{objective}]{why}
# constraints: [{{metric: parameters, max: 1_000_000}}]

# When the search ends, and how many of the best candidates are then trained again and tested.
budget: {{time: 1h}}
finalists: {{top: 3, seeds: 3}}
"""


def draft_spec(layout: Layout, found: Survey, output: Path | None, task: str | None = None) -> str:
    """Write a spec for a data set.

    Args:
        layout: the data set, its path as the user named it.
        found: its contents.
        output: the file that the text is for; paths in a spec start at its folder.
        task: the task, if the user named one; None to infer it from the data set.
    """
    inferred, *others = tasks_that_learn_from(found.target) or (task,)
    chosen = task or inferred
    model = cast(type[Task], load_plugin(Task.group, str(chosen)))
    uneven = chosen == "classification" and max(found.classes.values()) >= UNEVEN * min(found.classes.values())
    rest = _REST.format(
        augmentation=", ".join(_augmentations(found, model)),
        objective="balanced_accuracy" if uneven else model.default_objective,
        why="  # counts each class equally: some have few images" if uneven else "",
    )
    about = "" if chosen == inferred else f"\ntask: {chosen}\n"
    if task is None and _identities(found):
        about = _ALTERNATIVE.format(task=others[0]) if others else ""
    return _head(layout.path, found, output) + _name(output) + _dataset(layout, found, output) + about + rest


def _augmentations(found: Survey, task: type[Task]) -> list[str]:
    usual = ["random_translation"] if found.grey else ["random_flip", "random_crop"]
    models = {name: cast(type[Augmentation], load_plugin(Augmentation.group, name)) for name in usual}
    return [name for name, model in models.items() if suits(model, task)] or ["random_flip"]


def _identities(found: Survey) -> bool:
    """Return whether there are many classes with few images each, as with persons."""
    counts = found.classes.values()
    return found.target == "label" and len(counts) >= PERSONS and median(counts) <= PERSON_IMAGES


def _head(path: Path, found: Survey, output: Path | None) -> str:
    spec = output or "SPEC"
    lines = [f"Found in {path}:", *(f"  {line}" for line in _seen(found))]
    lines += ["", f"  automap check {spec}     shows the complete spec and the data"]
    lines += [f"  automap search {spec}    runs the search"]
    return "".join(f"# {line}".rstrip() + "\n" for line in lines)


def _seen(found: Survey) -> list[str]:
    named = f"in {len(found.classes)} classes: {_classes(found)}" if found.classes else f"with {found.target} targets"
    lines = [f"{found.images:,} images {named}"]
    if found.splits:
        lines.append("its own splits: " + ", ".join(f"{name} {n:,}" for name, n in found.splits.items()))
    if found.sizes:
        lines.append(f"{_sizes(found)}, {'grey' if found.grey else 'colour'}")
    for reason, names in found.bad.items():
        more = ", …" if len(names) > 1 else ""
        lines.append(f"skipped {len(names):,}: {_printable(reason)} ({_printable(names[0])}{more})")
    lines += [_printable(notice) for notice in found.notices]
    return lines


def _classes(found: Survey) -> str:
    shown = [f"{_printable(name)} {count:,}" for name, count in list(found.classes.items())[:MOST_CLASSES]]
    hidden = len(found.classes) - len(shown)
    return ", ".join(shown) + (f" and {hidden} more" if hidden else "")


def _sizes(found: Survey) -> str:
    if len(set(found.sizes)) == 1:
        width, height = found.sizes[0]
        return f"{width} x {height} pixels"
    widths, heights = zip(*found.sizes, strict=True)
    smallest, largest = min(found.sizes, key=_area), max(found.sizes, key=_area)
    middle = f"{median(widths):.0f} x {median(heights):.0f}"
    return f"{smallest[0]} x {smallest[1]} to {largest[0]} x {largest[1]} pixels, median {middle}"


def _area(size: tuple[int, int]) -> int:
    return size[0] * size[1]


def _printable(text: str) -> str:
    """Return text without line breaks and control characters, so that a comment stays a comment."""
    return "".join(character if character.isprintable() else "?" for character in text)


def _dataset(layout: Layout, found: Survey, output: Path | None) -> str:
    fields = {"type": layout.type, "path": layout.path, **layout.fields}
    data = {name: _path_in_spec(each, output) if isinstance(each, Path) else each for name, each in fields.items()}
    lines = [f"  # {_printable(note)}\n" for note in layout.notes]
    lines += [f"  {line}\n" for line in dump_yaml(data).splitlines()]
    if (most := most_bad(found)) is not None:
        lines.append(f"  max_bad: {most}  # some images cannot be used: see above\n")
    lines.append(f"  # image_size: {_image_size(found)}  # after decoding; if left out, chosen from the data\n")
    if not found.splits:
        lines.append("  # splits: {validation: 0.15, test: 0.15, seed: 0}\n")
    return "\ndataset:\n" + "".join(lines)


def most_bad(found: Survey) -> float | None:
    """Return the share of bad samples that a spec must allow; None if the default allows it."""
    default = float(Dataset.model_fields["max_bad"].default)
    if found.bad_share <= 0.5 * default:
        return None
    # Of large data sets the share is an estimate.
    return min(1.0, math.ceil(min(found.bad_share * 1.2, found.bad_share + 0.1) * 100) / 100)


def _name(output: Path | None) -> str:
    """Return the line of the study's name; empty if the file's own name serves."""
    stem = output.stem if output else "study"
    name = re.sub(r"[^\w.-]+", "_", stem).strip(".-_")[:100] or "study"
    return "" if name == stem else "\n" + dump_yaml({"name": name})


def _path_in_spec(path: Path, output: Path | None) -> str:
    folder = (output.parent if output else Path()).absolute()
    try:
        return os.path.relpath(path.expanduser().absolute(), folder)
    except ValueError:  # Windows: another drive has no relative path.
        return str(path.absolute())


def _image_size(found: Survey) -> int:
    side = median(min(size) for size in found.sizes) if found.sizes else 64
    return next((size for size in (16, 32, 48, 64, 96, 128, 160, 192) if size >= side), 224)
