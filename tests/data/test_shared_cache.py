"""Decoded data that machines share: one decodes, the others fetch; what is half there is not read."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support.images import write_digits

from automap.data import build
from automap.data.prepare import prepare
from automap.exceptions import StorageError
from automap.spec.candidate import load_component
from automap.spec.kinds import Dataset
from automap.store import remote


@pytest.fixture
def digits(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "SHARD_BYTES", 64 * 100)
    return load_component(Dataset, {"type": "folder", "path": write_digits(tmp_path / "data")})


def prepared(dataset, machine: Path, url: str):
    """Return the data and what was done to get at it."""
    done: list[str] = []
    data = prepare(
        dataset, cache=machine, shared=url, progress=lambda _, __, what: done.append(what) if what not in done else None
    )
    return data, done


def assert_same(one, other):
    everything = np.arange(len(one.targets))
    np.testing.assert_array_equal(one.images(everything), other.images(everything))
    np.testing.assert_array_equal(one.targets, other.targets)
    assert one.fingerprint == other.fingerprint
    assert list(one.names) == list(other.names)


def test_what_one_machine_has_decoded_the_others_fetch(tmp_path, digits):
    url = f"file://{tmp_path}/shared"
    first, done = prepared(digits, tmp_path / "a", url)
    assert done == ["listing", "decoding", "sharing, MB"]
    second, done = prepared(digits, tmp_path / "b", url)
    assert done == ["listing", "fetching, MB"]
    assert_same(first, second)
    assert prepared(digits, tmp_path / "b", url)[1] == ["listing"]


def test_a_machine_that_has_decoded_for_itself_shares_it_later(tmp_path, digits):
    first = prepare(digits, cache=tmp_path / "a")
    url = f"file://{tmp_path}/shared"
    assert prepared(digits, tmp_path / "a", url)[1] == ["listing", "sharing, MB"]
    second, done = prepared(digits, tmp_path / "b", url)
    assert done == ["listing", "fetching, MB"]
    assert_same(first, second)


def shared_folder(tmp_path) -> Path:
    return next((tmp_path / "shared").iterdir())


def test_a_cache_that_is_half_there_is_not_read_and_is_completed(tmp_path, digits):
    url = f"file://{tmp_path}/shared"
    prepared(digits, tmp_path / "a", url)
    there = shared_folder(tmp_path)
    (there / "manifest.json").unlink()
    kept = there / "images-00000.npy"
    before = kept.stat().st_mtime_ns
    (there / "images-00001.npy").write_bytes(b"cut")
    assert prepared(digits, tmp_path / "b", url)[1] == ["listing", "decoding", "sharing, MB"]
    assert kept.stat().st_mtime_ns == before
    assert prepared(digits, tmp_path / "c", url)[1] == ["listing", "fetching, MB"]


def test_what_is_damaged_there_is_named_and_nothing_of_it_is_read(tmp_path, digits):
    url = f"file://{tmp_path}/shared"
    prepared(digits, tmp_path / "a", url)
    (shared_folder(tmp_path) / "images-00001.npy").write_bytes(b"cut")
    with pytest.raises(StorageError, match=r"images-00001.npy is missing or has another size; delete that folder"):
        prepared(digits, tmp_path / "b", url)
    assert not list((tmp_path / "b").glob("*/manifest.json"))
    shutil.rmtree(shared_folder(tmp_path))
    assert prepared(digits, tmp_path / "b", url)[1] == ["listing", "decoding", "sharing, MB"]


def test_fetching_goes_on_where_it_was_killed(tmp_path, digits, monkeypatch):
    url = f"file://{tmp_path}/shared"
    first, _ = prepared(digits, tmp_path / "a", url)
    fetched: list[str] = []
    pull = remote.pull_file

    def killed_after_three(place, path):
        if len(fetched) == 3:
            raise KeyboardInterrupt
        fetched.append(path.name)
        return pull(place, path)

    monkeypatch.setattr(remote, "pull_file", killed_after_three)
    with pytest.raises(KeyboardInterrupt):
        prepared(digits, tmp_path / "b", url)
    monkeypatch.setattr(remote, "pull_file", lambda place, path: fetched.append(path.name) or pull(place, path))
    second, _ = prepared(digits, tmp_path / "b", url)
    assert len(fetched) == len(set(fetched))
    assert_same(first, second)


def test_what_cannot_be_shared_stays_on_this_machine(tmp_path, digits):
    (tmp_path / "shared").write_text("a file where a folder should be")
    with pytest.raises(StorageError, match=r"file://.*/shared"):
        prepared(digits, tmp_path / "a", f"file://{tmp_path}/shared")
    _, done = prepared(digits, tmp_path / "a", f"file://{tmp_path}/elsewhere")
    assert done == ["listing", "sharing, MB"]


def test_a_spec_names_the_place_where_data_is_shared(tmp_path, digits):
    spec = tmp_path / "spec.yaml"
    spec.write_text("dataset: {type: folder, path: data}\ncache: shared\n")
    program = Path(sys.executable).with_name("automap")
    for machine in ("a", "b"):
        command = [program, "check", spec, "--no-build", "--format", "json"]
        done = subprocess.run(
            command,
            env={"AUTOMAP_CACHE": str(tmp_path / machine), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["valid"]
    [here] = (tmp_path / "b").glob("*/manifest.json")
    assert here.read_bytes() == (shared_folder(tmp_path) / "manifest.json").read_bytes()
