"""The temporary folder of remote runs, and the run directory: private, and no link is followed."""

import os
import stat
from pathlib import Path

import pytest
from support.searching import write_tiny

from automap import load_spec
from automap.exceptions import StorageError
from automap.workers.driver import runs_can_be_kept
from automap.workers.run_folder import private_folder


def test_a_temporary_folder_is_private(tmp_path: Path) -> None:
    (tmp_path / "automap-0").mkdir(mode=0o755)
    private_folder(tmp_path / "automap-0" / "study")
    for path in (tmp_path / "automap-0", tmp_path / "automap-0" / "study"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_a_temporary_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "automap-0").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StorageError, match="is a link or belongs to another user"):
        private_folder(tmp_path / "automap-0" / "study")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make a folder of another user")
def test_a_temporary_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    (tmp_path / "automap-0").mkdir()
    os.chown(tmp_path / "automap-0", 12345, -1)
    with pytest.raises(StorageError, match="belongs to another user"):
        private_folder(tmp_path / "automap-0" / "study")


def test_checking_the_run_directory_keeps_existing_files(tmp_path: Path) -> None:
    spec = load_spec(write_tiny(tmp_path, trials=1))
    spec.run_directory.mkdir(parents=True)
    target = tmp_path / "precious"
    target.write_text("kept")
    (spec.run_directory / ".probe").symlink_to(target)
    runs_can_be_kept(spec)
    assert target.read_text() == "kept"
    assert [path.name for path in spec.run_directory.iterdir()] == [".probe"]


def test_remote_runs_leave_the_system_folder_of_temporary_files_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    temporary.chmod(0o1777)
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    spec = load_spec(write_tiny(tmp_path, trials=1)).model_copy(update={"runs": "memory://runs"})
    runs_can_be_kept(spec)
    assert stat.S_IMODE(temporary.stat().st_mode) == 0o1777
    assert stat.S_IMODE(spec.run_directory.stat().st_mode) == 0o700
