"""The spec that automap proposes for a user's images."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

from automap.data.prepare import prepare
from automap.data.recognise.draft import draft_spec
from automap.data.recognise.layouts import Layout
from automap.data.recognise.recognise import recognise
from automap.data.recognise.survey import SAMPLE, Survey, survey
from automap.exceptions import UserError
from automap.interfaces.dataset import Dataset
from automap.interfaces.task import Task
from automap.spec.plugins import load_plugin
from automap.spec.spec import Spec
from automap.spec.yaml import load_yaml

_LAYOUTS = {
    "label": "a folder of images for each class, or a table with a column of classes",
    "labels": "a table with columns of 0 and 1, or with a column of labels separated by ;",
    "numbers": "a table with a column of numbers",
    "mask": "the folders images and masks, or COCO annotations with shapes",
    "boxes": "boxes in COCO's, Pascal VOC's or YOLO's files",
    "image": "the folders inputs and targets, or a folder of good images",
}


@dataclass(frozen=True)
class Proposal:
    """A spec for a data set; returned by `automap.propose_spec`."""

    text: str
    """The commented spec."""
    found: Survey
    """What the data set contains."""
    output: Path | None
    """The file that the spec is for."""

    def write(self, *, overwrite: bool = False) -> Path:
        """Write the spec to `output` and return that path.

        Args:
            overwrite: whether an existing file is replaced.

        Raises:
            UserError: if the proposal has no `output`, the file exists, or it cannot be written.
        """
        if self.output is None:
            raise UserError("pass the file to write as the argument output of propose_spec")
        try:
            with self.output.open("w" if overwrite else "x", encoding="utf-8") as file:
                file.write(self.text)
        except FileExistsError:
            raise UserError(
                f"{self.output} exists already; overwrite it with --force, or overwrite=True in Python"
            ) from None
        except OSError as error:
            raise UserError(f"cannot write {self.output}: {error.strerror}") from None
        return self.output


def propose_spec(
    path: str | Path, output: str | Path | None = None, *, type_: str | None = None, task: str | None = None
) -> Proposal:
    """Inspect images and draft a commented spec for them.

    Args:
        path: a folder, a table or arrays of images.
        output: the file that the spec is for, which `Proposal.write` writes; relative paths start at its folder.
        type_: type of the data set; None to recognise it.
        task: the task; None to infer it from the data set.

    Raises:
        UserError: if the data set is not recognised, or the task cannot learn from it.

    Example:
        >>> automap.propose_spec("data/flowers", "flowers.yaml").write()  # doctest: +SKIP
    """
    path, output = Path(path), None if output is None else Path(output)
    wanted = _targets_of(task) if task is not None else None
    layout = recognise(path, type_, wanted)
    found = survey(layout.type, {"path": layout.path, **layout.fields})
    if wanted is not None and found.target not in wanted:
        _refuse(path, layout.type, found.target, str(task), wanted)
    if found.images <= SAMPLE:
        found = _verified(layout, found)
    text = draft_spec(layout, found, output, task)
    _must_load(text, output)
    return Proposal(text, found, output)


def _verified(layout: Layout, found: Survey) -> Survey:
    """Decode a small data set as a search would, so that `check` accepts the spec, and count its bad samples exactly.

    Raises:
        DataError: if it cannot be trained on.
    """
    model = cast(type[Dataset], load_plugin(Dataset.group, layout.type))
    dataset = model.model_validate({"path": layout.path, **layout.fields, "max_bad": 1.0})
    with TemporaryDirectory() as temporary:
        prepared = prepare(dataset, cache=Path(temporary))
        bad, good = prepared.bad, len(prepared.targets)
    reasons: dict[str, list[str]] = {}
    for sample in bad:
        reasons.setdefault(sample.reason, []).append(sample.name)
    named = {reason: tuple(names) for reason, names in reasons.items()}
    return replace(found, bad=named, bad_share=len(bad) / (len(bad) + good))


def _targets_of(task: str) -> frozenset[str]:
    return cast(type[Task], load_plugin(Task.group, task)).targets


def _refuse(path: Path, type_: str, target: str, task: str, wanted: frozenset[str]) -> None:
    laid_out = "; or ".join(_LAYOUTS.get(kind, f"a data set with {kind} targets") for kind in sorted(wanted))
    raise UserError(
        f"--task {task}: {path} is a data set of the type {type_} with {target} targets; this task needs {laid_out}"
    )


def _must_load(text: str, output: Path | None) -> None:
    """Validate the draft like a spec file, so that `check` and `search` accept what `init` writes."""
    folder = (output.parent if output else Path()).absolute()
    Spec.model_validate(load_yaml(output or "spec.yaml", text).data, context={"folder": folder})
