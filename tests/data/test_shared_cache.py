"""Shared caches: one machine decodes, the others fetch; incomplete caches are not read."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from support.images import write_digits
from support.searching import ended, query, start, write_tiny

from automap.data.cache import build
from automap.data.cache.manifest import checksum, parse_manifest
from automap.data.prepare import prepare
from automap.exceptions import StorageError
from automap.interfaces.dataset import Dataset
from automap.spec.candidate import load_component
from automap.spec.load import load_spec
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


def test_other_machines_fetch_decoded_data(tmp_path, digits):
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


def test_damaged_shared_caches_are_reported_and_not_read(tmp_path, digits):
    url = f"file://{tmp_path}/shared"
    prepared(digits, tmp_path / "a", url)
    (shared_folder(tmp_path) / "images-00001.npy").write_bytes(b"cut")
    with pytest.raises(StorageError, match=r"images-00001.npy is missing or has another size; delete that folder"):
        prepared(digits, tmp_path / "b", url)
    assert not list((tmp_path / "b").glob("*/manifest.json"))
    shutil.rmtree(shared_folder(tmp_path))
    assert prepared(digits, tmp_path / "b", url)[1] == ["listing", "decoding", "sharing, MB"]


def test_a_killed_fetch_resumes(tmp_path, digits, monkeypatch):
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


KILLED_FETCH = """
import os, signal, sys
from pathlib import Path
from automap.data import prepare
from automap.data.cache import build
from automap.spec.candidate import load_component
from automap.interfaces.dataset import Dataset
from automap.store import remote

build.SHARD_BYTES = 64 * 100
pull, fetched = remote.pull_file, []

def killed_in_the_fourth(place, path):
    if len(fetched) == 3:
        path.with_name(f".pulled-{path.name}").write_bytes(b"half")
        os.kill(os.getpid(), signal.SIGKILL)
    fetched.append(path)
    return pull(place, path)

remote.pull_file = killed_in_the_fourth
dataset = load_component(Dataset, {"type": "folder", "path": sys.argv[1]})
prepare.prepare(dataset, cache=Path(sys.argv[2]), shared=sys.argv[3])
"""


@pytest.mark.parametrize("still_there", [True, False])
def test_a_killed_fetch_leaves_no_temporary_files(tmp_path, digits, still_there):
    url = f"file://{tmp_path}/shared"
    first, _ = prepared(digits, tmp_path / "a", url)
    command = [sys.executable, "-c", KILLED_FETCH, tmp_path / "data", tmp_path / "b", url]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    [building] = (tmp_path / "b").glob("*.building")
    kept = {path.name: path.stat().st_mtime_ns for path in building.iterdir() if not path.name.startswith(".")}
    assert len(kept) == 3
    if not still_there:
        shutil.rmtree(shared_folder(tmp_path))
    second, done = prepared(digits, tmp_path / "b", url)
    assert done == (["listing", "fetching, MB"] if still_there else ["listing", "decoding", "sharing, MB"])
    assert_same(first, second)
    files = {path.name for path in second.path.iterdir()}
    assert files == {*json.loads((second.path / "manifest.json").read_text())["files"], "manifest.json"}
    assert not [name for name in files if name.startswith(".")]
    if still_there:
        assert {name: (second.path / name).stat().st_mtime_ns for name in kept} == kept


@pytest.mark.parametrize(
    ("manifest", "reason"),
    [
        ("{", "Invalid JSON"),
        ("[]", "should be an object"),
        ("{}", "Field required"),
        ('{"files": {"a.npy": -1}}', "greater than or equal to 0"),
        ('{"files": {"../../escaped.npy": 3}}', "should match pattern"),
    ],
)
def test_a_manifest_that_is_damaged_or_leads_elsewhere_is_refused(tmp_path, digits, manifest, reason):
    url = f"file://{tmp_path}/shared"
    prepared(digits, tmp_path / "a", url)
    there = shared_folder(tmp_path)
    (there / "escaped.npy").write_bytes(b"abc")
    (there / "manifest.json").write_text(manifest)
    with pytest.raises(StorageError, match=rf"shared cache file://.*manifest.json: .*{reason}.*; delete that folder"):
        prepared(digits, tmp_path / "b", url)
    assert not (tmp_path / "escaped.npy").exists()


def test_a_cache_that_cannot_be_shared_is_kept_locally(tmp_path, digits, monkeypatch):
    url, push = f"file://{tmp_path}/shared", remote.push

    def full(path, place):
        if path.name == "images-00001.npy":
            raise StorageError(f"{place}: No space left on device; free some space, then run the same command again")
        push(path, place)

    with monkeypatch.context() as patched:
        patched.setattr(remote, "push", full)
        with pytest.raises(StorageError, match=r"file://.*free some space.* \(the decoded data set stays in .*/a/"):
            prepared(digits, tmp_path / "a", url)
    assert not (shared_folder(tmp_path) / "manifest.json").exists()
    assert prepared(digits, tmp_path / "a", url)[1] == ["listing", "sharing, MB"]


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("file://{}/a file", "Not a directory"),
        ("nonsense://bucket/x", "Protocol not known: nonsense"),
        ("s3://bucket/x", "Install s3fs"),
    ],
)
def test_an_unusable_shared_cache_is_reported_before_decoding(tmp_path, digits, url, reason):
    (tmp_path / "a file").write_text("where a folder should be")
    place, told = url.format(tmp_path), []
    with pytest.raises(StorageError) as error:
        prepare(digits, cache=tmp_path / "a", shared=place, progress=lambda _, __, what: told.append(what))
    for said in (place, reason, "without 'cache' in the spec"):
        assert said in str(error.value)
    assert set(told) == {"listing"}


def test_a_copy_of_the_data_set_elsewhere_is_the_same_one(tmp_path, digits):
    url = f"file://{tmp_path}/shared"
    first, _ = prepared(digits, tmp_path / "a", url)
    shutil.copytree(tmp_path / "data", tmp_path / "other" / "place")
    copy = load_component(Dataset, {"type": "folder", "path": tmp_path / "other" / "place"})
    second, done = prepared(copy, tmp_path / "b", url)
    assert done == ["listing", "fetching, MB"]
    assert_same(first, second)


def test_of_several_processes_on_a_machine_one_shares(tmp_path, digits):
    first = prepare(digits, cache=tmp_path / "a")
    url = f"file://{tmp_path}/shared"
    with FileLock(tmp_path / "a" / f"{first.path.name}.lock"):
        assert prepared(digits, tmp_path / "a", url)[1] == ["listing"]
    assert prepared(digits, tmp_path / "a", url)[1] == ["listing", "sharing, MB"]


def test_a_file_that_is_damaged_where_it_is_shared_is_refused(tmp_path, digits):
    url = f"file://{tmp_path}/shared"
    prepared(digits, tmp_path / "a", url)
    file = shared_folder(tmp_path) / "images-00001.npy"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(StorageError, match=r"shared cache file://.*images-00001.npy is damaged: its checksum"):
        prepared(digits, tmp_path / "b", url)


def test_damaged_files_are_not_shared(tmp_path, digits):
    data = prepare(digits, cache=tmp_path / "a")
    with (data.path / "images-00001.npy").open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\x7f")
    url = f"file://{tmp_path}/shared"
    with pytest.raises(StorageError, match=r"images-00001\.npy is damaged"):
        prepared(digits, tmp_path / "a", url)
    assert not (shared_folder(tmp_path) / "manifest.json").exists()


def test_two_machines_that_decode_at_once_do_not_disturb_each_other(tmp_path, digits, monkeypatch):
    url, push, done_by_the_other = f"file://{tmp_path}/shared", remote.push, []

    def meanwhile(path, place):
        if not done_by_the_other:
            done_by_the_other.append("being done")
            done_by_the_other[:] = prepared(digits, tmp_path / "b", url)[1]
        push(path, place)

    monkeypatch.setattr(remote, "push", meanwhile)
    first, done = prepared(digits, tmp_path / "a", url)
    assert done == done_by_the_other == ["listing", "decoding", "sharing, MB"]
    third, done = prepared(digits, tmp_path / "c", url)
    assert done == ["listing", "fetching, MB"]
    assert_same(first, third)


def test_object_storage_works_too(tmp_path, digits):
    url = f"memory://{tmp_path.name}/shared"
    first, done = prepared(digits, tmp_path / "a", url)
    assert done == ["listing", "decoding", "sharing, MB"]
    second, done = prepared(digits, tmp_path / "b", url)
    assert done == ["listing", "fetching, MB"]
    assert_same(first, second)


def test_without_fsspec_the_error_says_what_to_install(tmp_path, digits, monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(StorageError, match=r"pip install 'automap\[remote\]'"):
        prepared(digits, tmp_path / "a", "s3://bucket/shared")


def test_the_environment_names_a_place_where_the_spec_does_not(tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOMAP_SHARED_CACHE", "s3://bucket/automap-cache")
    spec = tmp_path / "spec.yaml"
    spec.write_text("dataset: {type: folder, path: data}\n")
    assert load_spec(spec).cache == "s3://bucket/automap-cache"
    spec.write_text("dataset: {type: folder, path: data}\ncache: shared\n")
    assert load_spec(spec).cache == f"file://{tmp_path}/shared"


def test_a_place_that_cannot_be_used_is_wrong_input_of_the_command(tmp_path, digits):
    spec = tmp_path / "spec.yaml"
    spec.write_text("dataset: {type: folder, path: data}\ncache: s3://bucket/x\n")
    command = [Path(sys.executable).with_name("automap"), "check", spec, "--no-build"]
    environment = {"AUTOMAP_CACHE": str(tmp_path / "a"), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "error: s3://bucket/x/" in done.stderr
    assert "Install s3fs" in done.stderr


@pytest.mark.slow
def test_a_search_uses_data_that_another_machine_decoded(tmp_path, monkeypatch):
    spec, storage = write_tiny(tmp_path, trials=1, epochs=1), f"sqlite:///{tmp_path}/automap.db"
    written = f"{spec.read_text()}cache: shared\n"
    for machine, trials in (("a", 1), ("b", 2)):
        monkeypatch.setenv("AUTOMAP_CACHE", str(tmp_path / machine))
        spec.write_text(written.replace("trials: 1", f"trials: {trials}"))
        code, said = ended(start("search", spec, folder=tmp_path))
        assert code == 0, said
        assert query(storage, "SELECT count(*) FROM automap_results") == [(trials,)]
        here = next((tmp_path / machine).glob("*/images-00000.npy"))
        there = shared_folder(tmp_path) / here.name
        assert here.read_bytes() == there.read_bytes()
        # Its last pixel tells what was fetched from what was decoded here.
        there.write_bytes(there.read_bytes()[:-1] + b"\x2a")
        manifest = parse_manifest((there.parent / "manifest.json").read_bytes())
        sums = {**manifest.checksums, there.name: checksum(there)}
        (there.parent / "manifest.json").write_text(manifest.model_copy(update={"checksums": sums}).to_json())
