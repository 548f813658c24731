"""Finding, or making, the exported file that a server runs."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from automap.data.cache.reader import cache_directory
from automap.exceptions import RunError, UserError
from automap.models.export.artifact import find_artifact, require_packages
from automap.store.files import CARD_FILE, NETWORK_FILE
from automap.store.remote import is_remote

EXPORTED = "model.onnx"
_EXPORT = "import sys; from automap.cli.main import main; main(sys.argv[1:])"


@contextmanager
def served_artifact(model: str, storage: str | None = None) -> Iterator[Path]:
    """Yield the exported file of a model; one that is not exported is exported to ONNX, once, into the cache.

    Args:
        model: an exported file, or whatever `load_model` takes.
        storage: URL of the database that holds the study.

    Raises:
        UserError: if there is no such model, or it cannot be exported.
        RunError: if the export fails.
    """
    if not is_remote(model) and (artifact := find_artifact(Path(model))) is not None:
        yield artifact
        return
    from automap.api.models import model_location

    location = model_location(model, storage)
    if is_remote(location):
        with tempfile.TemporaryDirectory(prefix="automap-serve-") as folder:
            _export(location, Path(folder))
            yield Path(folder, EXPORTED)
    else:
        yield _cached_export(Path(location))


def _cached_export(place: Path) -> Path:
    folder = place.parent if place.name == NETWORK_FILE else place
    digest = hashlib.blake2b(digest_size=16)
    for name in (NETWORK_FILE, CARD_FILE):
        digest.update((folder / name).read_bytes())
    target = cache_directory() / "served" / digest.hexdigest()
    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{target}.lock"):
        if not (target / EXPORTED).is_file():
            _export(str(folder), target)
    return target / EXPORTED


def _export(location: str, target: Path) -> None:
    """Export in a process of its own: TensorFlow would stay in this one."""
    require_packages(("onnx", "onnxruntime", "tf2onnx"), "to export to onnx")
    command = [sys.executable, "-c", _EXPORT, "export", location, "--format", "onnx", "--output", str(target)]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        said = done.stderr.strip().removeprefix("error: ") or f"ended with exit code {done.returncode}"
        raise (UserError if done.returncode == 2 else RunError)(f"the export to ONNX failed: {said}")
