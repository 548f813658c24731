"""Nothing outside a run directory is deleted or overwritten."""

from pathlib import Path

import pytest

from automap.exceptions import StorageError
from automap.store.files import MODEL_FILES, WEIGHT_FILES, run_folder_name
from automap.store.run_files import copy_files, delete_weights, has_weights, require_real_folder, run_folders


def filled(folder: Path, *more: str) -> Path:
    folder.mkdir()
    for name in (*WEIGHT_FILES, "result.json", *more):
        (folder / name).write_text(name)
    return folder


def test_only_known_names_are_deleted(tmp_path: Path) -> None:
    folder = filled(
        tmp_path / "trial-00000", ".123-checkpoint.npz", ".pulled-model.keras", "notes.txt", "a-model.keras"
    )
    (folder / "validation.npz").unlink()
    (folder / "validation.npz").mkdir()
    delete_weights(folder)
    assert {path.name for path in folder.iterdir()} == {"result.json", "notes.txt", "a-model.keras", "validation.npz"}


def test_a_linked_folder_is_left_alone(tmp_path: Path) -> None:
    elsewhere = filled(tmp_path / "elsewhere")
    runs = tmp_path / "runs"
    runs.mkdir()
    link = runs / "trial-00000"
    link.symlink_to(elsewhere)
    assert list(run_folders(runs)) == []
    assert not has_weights(link)
    delete_weights(link)
    assert len(list(elsewhere.iterdir())) == len(WEIGHT_FILES) + 1
    with pytest.raises(StorageError, match="is a symbolic link"):
        require_real_folder(link)


def test_a_linked_file_is_deleted_and_its_target_is_not(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("kept")
    folder = tmp_path / "trial-00000"
    folder.mkdir()
    (folder / "model.keras").symlink_to(tmp_path / "precious")
    delete_weights(folder)
    assert list(folder.iterdir()) == []
    assert (tmp_path / "precious").read_text() == "kept"


def test_the_winner_is_replaced_and_never_written_through_a_link(tmp_path: Path) -> None:
    elsewhere = filled(tmp_path / "elsewhere")
    source, winner = filled(tmp_path / "trial-00001"), tmp_path / "winner"
    winner.symlink_to(elsewhere)
    for _ in range(2):
        copy_files(source, MODEL_FILES, winner)
        assert not winner.is_symlink()
        assert {path.name for path in winner.iterdir()} == set(MODEL_FILES)
    assert len(list(elsewhere.iterdir())) == len(WEIGHT_FILES) + 1
    assert {path.name for path in tmp_path.iterdir()} == {"elsewhere", "trial-00001", "winner"}


def test_the_winner_contains_no_linked_files(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    source = filled(tmp_path / "trial-00001")
    (source / "model.json").unlink()
    (source / "model.json").symlink_to(tmp_path / "secret")
    copy_files(source, MODEL_FILES, tmp_path / "winner")
    assert {path.name for path in (tmp_path / "winner").iterdir()} == {*MODEL_FILES} - {"model.json"}


@pytest.mark.parametrize(("trial", "seed"), [(0, "/../../x"), ("../x", 0), (1.5, 0), (None, 0)])
def test_a_folder_name_is_made_of_integers(trial: object, seed: object) -> None:
    with pytest.raises(StorageError, match="the database is damaged: expected an integer"):
        run_folder_name("final", trial, seed)  # type: ignore[arg-type]
