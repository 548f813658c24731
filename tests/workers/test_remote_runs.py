"""A run directory at a URL: other machines find all files there, and no local files are left."""

import errno
import json
import shutil
import tempfile
from pathlib import Path

import pytest
from PIL import Image
from support.images import digits
from support.searching import assert_nothing_is_lost, ended, kill, query, start, wait_for, workers_of, write_tiny

from automap.exceptions import ConnectionLost, StorageError
from automap.store import remote


def test_files_come_back_as_they_went(tmp_path: Path) -> None:
    url, here, there = f"file://{tmp_path}/kept", tmp_path / "here", tmp_path / "there"
    here.mkdir()
    (here / "a.bin").write_bytes(bytes(range(256)) * 5000)
    remote.push(here / "a.bin", f"{url}/run-1")
    (here / "a.bin").write_bytes(b"newer")
    remote.push(here / "a.bin", f"{url}/run-1")
    remote.pull(f"{url}/run-1", there)
    assert (there / "a.bin").read_bytes() == b"newer"
    assert remote.list_files(url) == [("run-1", "a.bin")]
    remote.delete(f"{url}/run-1", ["a.bin", "missing"])
    assert remote.list_files(url) == []


def test_a_missing_folder_has_no_files(tmp_path: Path) -> None:
    remote.pull(f"file://{tmp_path}/none", tmp_path / "here")
    assert not (tmp_path / "here").exists()
    assert remote.read_text(f"file://{tmp_path}/none/result.json") is None


def test_a_file_is_never_seen_half_on_a_shared_file_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url, source = f"file://{tmp_path}/kept", tmp_path / "a.bin"
    # Collected there, it would have to be copied if the shared folder is another file system.
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "not there"))
    source.write_bytes(b"old")
    remote.push(source, url)
    source.write_bytes(b"newer")
    copy = shutil.copyfileobj

    def broken(source, target, length):
        copy(source, target, length)
        raise OSError(errno.EIO, "the network went away")

    monkeypatch.setattr(shutil, "copyfileobj", broken)
    with pytest.raises(ConnectionLost):
        remote.push(source, url)
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["a.bin"]
    assert (tmp_path / "kept" / "a.bin").read_bytes() == b"old"


def test_leftovers_of_killed_processes_are_not_fetched_and_are_deleted(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    for name in ("a.bin", ".a.bin.0123", "b.bin"):
        (kept / name).write_bytes(b"x")
    remote.pull(f"file://{kept}", tmp_path / "here")
    assert sorted(path.name for path in (tmp_path / "here").iterdir()) == ["a.bin", "b.bin"]
    remote.delete(f"file://{kept}", ["a.bin"])
    assert [path.name for path in kept.iterdir()] == ["b.bin"]


@pytest.mark.parametrize(
    ("url", "message"),
    [("nonsense://bucket/x", "Protocol not known: nonsense"), ("s3://bucket/x", "Install s3fs")],
)
def test_a_url_that_cannot_be_used_is_named(url: str, message: str) -> None:
    with pytest.raises(StorageError, match=message):
        remote.check_remote(url)


@pytest.mark.slow
def test_a_killed_search_resumes_on_a_machine_that_shares_only_the_url(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, storage = tmp_path / "kept", f"sqlite:///{tmp_path}/automap.db"
    spec = write_tiny(tmp_path, trials=2, epochs=60, storage=storage)
    spec.write_text(f"{spec.read_text()}runs: file://{kept}\n")
    checkpoint = kept / "tiny" / "trial-00000" / "checkpoint.npz"
    for scratch in ("a", "b"):
        (tmp_path / scratch).mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "a"))
    first = start("search", spec, folder=tmp_path)
    wait_for(checkpoint.exists)
    wait_for(lambda: query(storage, "SELECT max(epoch) FROM automap_runs")[0][0] >= 10)
    kill([first.pid, *workers_of(first)])
    monkeypatch.setenv("TMPDIR", str(tmp_path / "b"))
    code, said = ended(start("search", spec, folder=tmp_path))
    assert code == 0, said
    [(attempts, notes)] = query(
        storage,
        "SELECT attempts, notes FROM automap_runs r JOIN automap_results s ON s.run_id = r.id WHERE r.trial = 0",
    )
    assert attempts == 2
    assert "restarted" not in notes
    assert not checkpoint.exists()
    assert list((tmp_path / "b").rglob("*.keras")) == list((tmp_path / "b").rglob("checkpoint.npz")) == []
    # The folder itself is what other machines reach by the URL.
    (tmp_path / "automap.runs").mkdir()
    (tmp_path / "automap.runs" / "tiny").symlink_to(kept / "tiny")
    assert_nothing_is_lost(spec, storage, 2)
    assert len(list(kept.rglob("model.keras"))) == len(["best", "winner"])
    Image.fromarray(digits()[0][0]).save(tmp_path / "zero.png")
    asked = start("predict", f"file://{kept}/tiny/winner", "zero.png", "--format", "json", folder=tmp_path)
    code, said = ended(asked)
    assert code == 0, said
    assert json.loads(said)
