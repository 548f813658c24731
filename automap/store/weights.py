"""Files of pretrained weights: where they lie, and whether they are the ones that a study began with."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from automap.exceptions import UserError
from automap.interfaces.architecture import FROM_SCRATCH, IMAGENET, Architecture, unpinned
from automap.store.files import NETWORK_FILE
from automap.store.remote import is_remote, pull, pull_file

ENDINGS = (".keras", ".h5", ".safetensors", ".npz", ".pth", ".pt")
"""Of files of weights that can be read."""


def weights_place(architecture: Architecture) -> str:
    """Return the path or URL of the weights that an architecture's `pretrained` names.

    Raises:
        UserError: if they are the ImageNet weights and this machine does not have them.
    """
    place, _ = unpinned(architecture.pretrained)
    if place != IMAGENET:
        return place
    found = architecture.imagenet_weights()
    if found is None:
        raise UserError(f"pretrained: imagenet: {architecture.how_to_get_weights()}")
    return str(found)


def pinned(architecture: Architecture) -> Architecture:
    """Return an architecture whose `pretrained` names the SHA-256 of its weights too.

    Raises:
        UserError: if this machine does not have them, or they are not those of the SHA-256 that it names already.
        StorageError: if their URL cannot be read.
    """
    if architecture.pretrained == FROM_SCRATCH:
        return architecture
    named, wanted = unpinned(architecture.pretrained)
    with local_weights(weights_place(architecture)) as path:
        file = existing_file(path)
        found = _digest(file, file.stat().st_mtime_ns)
    if wanted not in (None, found):
        raise UserError(
            f"pretrained: {named}: the weights on this machine have the SHA-256 {found[:12]}…; expected "
            f"{str(wanted)[:12]}…, those that the study was started with"
        )
    return architecture.replace(pretrained=f"{named}@sha256:{found}")


def describe_weights(architecture: Architecture) -> str | None:
    """Return which weights an architecture starts from, or how to get some; None if it has none to start from.

    Raises:
        UserError: if this machine does not have the weights that it names.
    """
    if architecture.pretrained != FROM_SCRATCH:
        named, digest = unpinned(pinned(architecture).pretrained)
        return f"{named}: {weights_place(architecture)} (SHA-256 {str(digest)[:12]}…)"
    if type(architecture).how_to_get_weights is Architecture.how_to_get_weights:
        return None
    if architecture.imagenet_weights() is not None:
        return "none: trained from scratch, though its ImageNet weights are on this machine"
    return f"none: trained from scratch; {architecture.how_to_get_weights()}"


@lru_cache(maxsize=32)
def _digest(path: Path, _: int) -> str:
    # Every trial asks; the time of change says whether it is still the same file.
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def local_weights(place: str) -> Iterator[Path]:
    """Give the path of a file or folder on this machine; what a URL names is fetched for as long as the block runs."""
    if not is_remote(place):
        yield Path(place)
        return
    with tempfile.TemporaryDirectory() as folder:
        if place.endswith(ENDINGS):
            path = Path(folder, place.rpartition("/")[2])
            pull_file(place, path)
        else:
            path = Path(folder)
            pull(place, path)
        yield path


def existing_file(path: Path) -> Path:
    """Return the file of weights at a path: the path itself, or the network in the folder of a model.

    Raises:
        UserError: if there is none.
    """
    file = path / NETWORK_FILE if path.is_dir() else path
    if not file.is_file():
        raise UserError(f"pretrained: no such file: {file}")
    return file
