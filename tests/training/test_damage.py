"""Whatever replaces a checkpoint or result, the trial restarts with a note."""

import json
import os
import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from support.arrays import digits
from support.candidates import candidate
from support.training import train

from automap.exceptions import UserError
from automap.interfaces.scheduler import Decision
from automap.store.files import CHECKPOINT_FILE, RESULT_FILE
from automap.training.build import BatchPlan
from automap.training.checkpoint import checkpointed_parts, restore_checkpoint
from automap.training.progress import Progress
from automap.training.request import Paused
from automap.training.step_reuse.compiled_cache import CompiledModels
from automap.training.trial_result import read_result
from automap.training.weights.files import read_weights

SMALL = {"type": "cnn", "filters": [2], "dense": 0}


def mutated(content: bytes, chance: random.Random) -> bytes:
    """Return a file as a torn write, a bad disk or another program may leave it."""
    kind, start = chance.randrange(6), chance.randrange(len(content))
    end = min(len(content), start + chance.choice([1, 2, 16, 512]))
    match kind:
        case 0:
            return content[:start]
        case 1:
            return content[:start] + bytes(end - start) + content[end:]
        case 2:
            return content[:start] + chance.randbytes(end - start) + content[end:]
        case 3:
            return content[:start] + content[end:]
        case 4:
            return content[:start] + bytes([content[start] ^ (1 << chance.randrange(8))]) + content[start + 1 :]
        case _:
            return content[:start] + content[start:end] * 3 + content[end:]


@pytest.fixture(scope="module")
def paused(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("paused")
    with pytest.raises(Paused):
        train(candidate(SMALL), digits(100), folder, report=lambda _: Decision.PAUSE)
    return folder / CHECKPOINT_FILE


def test_thousands_of_damaged_checkpoints_are_never_an_error(paused: Path, tmp_path: Path) -> None:
    model, _ = CompiledModels().build(candidate(SMALL), digits(100), BatchPlan(60, 1))
    chance, content, path = random.Random(0), paused.read_bytes(), tmp_path / CHECKPOINT_FILE
    identity = json.loads(str(_about(paused)))["identity"]
    found = restore_checkpoint(paused, identity, model)
    assert found is not None
    assert (found.steps, found.notes) == (1, [])
    for _ in range(2000):
        path.write_bytes(mutated(content, chance))
        assert checkpointed_parts(path, identity) in (1, 2)
        read = restore_checkpoint(path, identity, model)
        assert read is not None
        # A few mutations change nothing that is read: padding, or a name in the archive's comment.
        assert read.notes[:1] == [] or read.notes[0].startswith("restarted: the checkpoint ")
        assert (read.steps == 1) == (not read.notes)


def _about(path: Path) -> object:
    with np.load(path) as file:
        return file["about"]


def test_thousands_of_damaged_results_are_never_an_error(tmp_path: Path) -> None:
    train(candidate(SMALL, epochs=1), digits(100), tmp_path)
    path, chance = tmp_path / RESULT_FILE, random.Random(0)
    content = path.read_bytes()
    identity = json.loads(content)["identity"]
    for _ in range(5000):
        path.write_bytes(mutated(content, chance))
        progress = Progress()
        result = read_result(path, identity, progress)
        assert result is None or not progress.notes


def folder(path: Path) -> None:
    (path / "of").mkdir(parents=True)


INSTEAD: dict[str, Callable[[Path], object]] = {
    "nothing": lambda path: path.write_bytes(b""),
    "list": lambda path: path.write_text("[]"),
    "deep": lambda path: path.write_text("[" * 200_000),
    "number": lambda path: path.write_text('{"identity": 1, "result": 2}'),
    "folder": folder,
    "pipe": os.mkfifo,
    "link": lambda path: path.symlink_to("/etc/hostname"),
    "loop": lambda path: path.symlink_to(path),
}


@pytest.mark.parametrize("name", [CHECKPOINT_FILE, RESULT_FILE])
@pytest.mark.parametrize("what", INSTEAD)
def test_anything_in_place_of_a_file_means_a_fresh_start_with_a_note(tmp_path: Path, name: str, what: str) -> None:
    INSTEAD[what](tmp_path / name)
    result = train(candidate(SMALL, epochs=1), digits(100), tmp_path)
    assert result.state == "complete"
    assert result.notes[0].startswith("restarted: ")
    assert "could not be read" in result.notes[0] or "belongs to another training" in result.notes[0]
    assert (tmp_path / RESULT_FILE).is_file()
    assert not (tmp_path / CHECKPOINT_FILE).exists()
    assert Path("/etc/hostname").read_text()


def test_a_trial_in_a_linked_folder_writes_nothing(tmp_path: Path) -> None:
    from automap.exceptions import StorageError

    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "trial-00000").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StorageError, match="is a link"):
        train(candidate(SMALL, epochs=1), digits(100), tmp_path / "trial-00000")
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_damaged_weights_are_read_or_refused(tmp_path: Path) -> None:
    save_file = pytest.importorskip("safetensors.numpy").save_file
    arrays = {"a": np.ones((3, 3), np.float32), "b": np.zeros(4, np.float32)}
    save_file(arrays, tmp_path / "w.safetensors")
    np.savez(tmp_path / "w.npz", **arrays)
    chance = random.Random(0)
    for path in sorted(tmp_path.iterdir()):
        content = path.read_bytes()
        for _ in range(300):
            path.write_bytes(mutated(content, chance))
            with suppress(UserError):
                read_weights(path)
