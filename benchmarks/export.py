"""Exports of all seven tasks in every format: what changes in metrics, and what size and latency they have.

    python benchmarks/export.py                               # about 20 minutes on two cores
    python benchmarks/export.py --tasks classification --formats onnx openvino --epochs 2

For each task one small network is trained for a few epochs on the data of the task's spec, exported in each format in
float32 and, where the format has it, in int8. Differences are those of the task's usual metric on the same validation
images, computed again from the file in its own runtime; latency is the median of one image, in turns with Keras.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from automap import load_spec
from automap.data.prepare import prepare
from automap.exceptions import AutomapError
from automap.models.export.export import export_model
from automap.models.load import load_model
from automap.models.model import LoadedModel
from automap.spec.draw import boundary_candidates
from automap.training.request import TrialRequest
from automap.training.run_trial import run_trial

ROOT = Path(__file__).resolve().parent.parent
DATA = {
    "segmentation": "digits_on_photographs",
    "detection": "scattered_digits",
    "enhancement": "photographs",
    "multi_label": "several_digits",
    "regression": "noise",
    "face_recognition": "glyphs",
}
TASKS = ("classification", *DATA)
FORMATS = ("keras", "saved_model", "onnx", "litert", "openvino")
QUANTIZED = ("onnx", "litert", "openvino")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", nargs="*", choices=TASKS, default=TASKS)
    parser.add_argument("--formats", nargs="*", choices=FORMATS, default=FORMATS)
    parser.add_argument("--epochs", type=int, default=4)
    options = parser.parse_args()
    table = Table("task", "format", "metric", "Keras", "difference", "bytes", "latency", "Keras's latency")
    for task in options.tasks:
        with tempfile.TemporaryDirectory() as folder:
            model = trained(task, Path(folder), options.epochs)
            for format_ in options.formats:
                for int8 in (False, True)[: 2 if format_ in QUANTIZED else 1]:
                    table.add_row(task, *measured(model, format_, int8, Path(folder, f"{format_}-{int8}")))
                    print(f"{task} {format_} {'int8' if int8 else 'float32'}", file=sys.stderr)
    Console(width=140).print(table)
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")


def trained(task: str, folder: Path, epochs: int) -> LoadedModel:
    """Train the first network of a task's spec for a few epochs."""
    (folder / "specs").mkdir()
    name = "digits" if task == "classification" else task
    shutil.copy(ROOT / "specs" / f"{name}.yaml", folder / "specs")
    if task in DATA:
        make = [sys.executable, ROOT / "examples" / "make_data.py", task, folder / "data" / DATA[task]]
        subprocess.run(make, check=True, stdout=subprocess.DEVNULL)
    spec = load_spec(folder / "specs" / f"{name}.yaml")
    _, candidate = next(boundary_candidates(spec))
    training = candidate.training.model_copy(update={"epochs": epochs})
    request = TrialRequest(
        candidate=candidate.model_copy(update={"training": training}),
        seed=0,
        directory=folder / "trial",
        objective=spec.objectives[0],
    )
    result = run_trial(request, prepare(spec.dataset))
    if result.state != "complete":
        sys.exit(f"{task}: {result.reason}")
    return load_model(folder / "trial")


def measured(model: LoadedModel, format_: str, int8: bool, folder: Path) -> list[str]:
    """Export a model; return the cells of its row."""
    name = f"{format_} {'int8' if int8 else 'float32'}"
    metric = model.task.default_objective
    try:
        exported = export_model(model, format_, folder, int8=int8, max_loss=float("inf"))
    except AutomapError as error:
        return [name, metric, str(error)[:60]]
    found = exported.verification
    before, after = found.metrics[metric]
    return [
        name,
        metric,
        f"{before:.4f}",
        f"{after - before:+.5f}",
        f"{exported.size:,}",
        f"{found.exported.median:.2f} ms",
        f"{found.keras.median:.2f} ms",
    ]


if __name__ == "__main__":
    main()
