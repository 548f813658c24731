"""The decode-once cache: records are read back as written, even after crashes and damage."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from support.images import digits, write_digits

from automap.data.cache import build
from automap.data.prepare import open_prepared, prepare
from automap.exceptions import DataError, StorageError
from automap.interfaces.dataset import Dataset
from automap.spec.candidate import load_component

some = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def folder(path, **fields):
    return load_component(Dataset, {"type": "folder", "path": path, **fields})


def write_arrays(path, images, targets):
    np.savez(path, x=images, y=targets)
    return load_component(Dataset, {"type": "npz", "path": path})


@some
@given(arrays(np.uint8, st.tuples(st.integers(8, 40), st.just(8), st.just(9), st.just(3))))
def test_written_records_are_read_back_in_any_order(tmp_path_factory, images):
    folder = tmp_path_factory.mktemp("cache")
    images[:, 0, 0, 0] = np.arange(len(images))  # No two alike, so that they can be split.
    data = prepare(write_arrays(folder / "a.npz", images, np.arange(len(images)) % 2), cache=folder / "cache")
    order = np.random.default_rng(0).permutation(len(images))
    np.testing.assert_array_equal(data.images(order), images[order])
    assert data.info.image.shape == (8, 9, 3)
    np.testing.assert_array_equal(data.targets, np.arange(len(images)) % 2)


def test_records_of_many_shards_come_in_the_order_asked_for(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "SHARD_BYTES", 64 * 100)
    images, targets = digits()
    data = prepare(write_arrays(tmp_path / "a.npz", images, targets), cache=tmp_path / "cache")
    assert len(list(data.path.glob("images-*.npy"))) == 18
    order = np.random.default_rng(0).permutation(len(images))
    np.testing.assert_array_equal(data.images(order)[..., 0], images[order])


def test_a_cache_is_built_once_and_again_only_if_something_changed(tmp_path):
    root = write_digits(tmp_path / "data")
    first = prepare(folder(root), cache=tmp_path / "cache")
    made = first.path.stat().st_mtime_ns
    again = prepare(folder(root, splits={"seed": 5}), cache=tmp_path / "cache")
    assert again.path.stat().st_mtime_ns == made
    assert again.fingerprint != first.fingerprint
    smaller = prepare(folder(root, image_size=8), cache=tmp_path / "cache")
    assert smaller.path != first.path
    os.utime(next((root / "0").iterdir()), (1, 1))
    assert prepare(folder(root), cache=tmp_path / "cache").path != first.path


def test_the_size_is_fitted_to_the_images(tmp_path):
    assert prepare(folder(write_digits(tmp_path / "a", size=20)), cache=tmp_path / "c").info.image.shape == (20, 20, 1)
    write_digits(tmp_path / "b", size=70)
    write_digits(tmp_path / "b", size=100, first=12)
    assert prepare(folder(tmp_path / "b"), cache=tmp_path / "c").info.image.shape == (64, 64, 1)


def test_a_copy_of_the_data_has_the_same_fingerprint_and_any_change_another(tmp_path):
    root = write_digits(tmp_path / "data")
    first = prepare(folder(root), cache=tmp_path / "cache")
    copy = shutil.copytree(root, tmp_path / "copy", copy_function=shutil.copyfile)
    assert prepare(folder(copy), cache=tmp_path / "cache").fingerprint == first.fingerprint
    (copy / "0" / sorted(os.listdir(copy / "0"))[0]).rename(copy / "1/moved.png")
    assert prepare(folder(copy), cache=tmp_path / "cache").fingerprint != first.fingerprint


def test_mean_and_deviation_are_those_of_all_training_pixels(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (60, 8, 9, 3), np.uint8) // np.array([1, 2, 3], np.uint8)
    data = prepare(write_arrays(tmp_path / "a.npz", images, np.arange(60) % 3), cache=tmp_path / "cache")
    pixels = images[data.splits["train"]].reshape(-1, 3).astype(float)
    np.testing.assert_allclose(data.info.image.mean, pixels.mean(0), rtol=1e-12)
    np.testing.assert_allclose(data.info.image.std, pixels.std(0), rtol=1e-9)


def test_names_are_a_sequence(tmp_path):
    data = prepare(folder(write_digits(tmp_path / "data")), cache=tmp_path / "cache")
    names = sorted(str(path.relative_to(tmp_path / "data")) for path in (tmp_path / "data").rglob("*.png"))
    assert list(data.names) == names
    assert (data.names[-1], data.names[2:5], len(data.names)) == (names[-1], names[2:5], len(names))
    with pytest.raises(IndexError):
        data.names[len(names)]


@pytest.mark.parametrize("damage", [lambda file: file.unlink(), lambda file: os.truncate(file, 100)])
@pytest.mark.parametrize("name", ["images-00000.npy", "targets.npy", "names.bin"])
def test_missing_cache_files_are_reported(tmp_path, name, damage):
    root = write_digits(tmp_path / "data")
    damage(prepare(folder(root), cache=tmp_path / "cache").path / name)
    with pytest.raises(
        StorageError,
        match=f"{name} is missing or has another size; .*delete that folder or run: automap check SPEC --rebuild",
    ):
        prepare(folder(root), cache=tmp_path / "cache")


def test_a_damaged_manifest_is_reported(tmp_path):
    root = write_digits(tmp_path / "data")
    (prepare(folder(root), cache=tmp_path / "cache").path / "manifest.json").write_text("{")
    with pytest.raises(
        StorageError, match=r"manifest\.json: .*Invalid JSON.*delete that folder or run: automap check SPEC --rebuild"
    ):
        prepare(folder(root), cache=tmp_path / "cache")


@pytest.mark.parametrize("damage", [lambda byte: byte ^ 1, lambda _: 0], ids=["flipped", "zeroed"])
@pytest.mark.parametrize("name", ["targets.npy", "names.bin", "hashes.npy", "moments.npy", "images-00000.npy"])
def test_damage_is_noticed_before_a_file_is_used(tmp_path, name, damage):
    root = write_digits(tmp_path / "data")
    dataset = folder(root)
    before = prepare(dataset, cache=tmp_path / "cache")
    intact = before.images(np.arange(36))
    file = before.path / name
    content = bytearray(file.read_bytes())
    content[-200 if len(content) > 300 else -1] = damage(content[-200 if len(content) > 300 else -1])
    if content == file.read_bytes():
        content[:] = bytes(len(content))
    file.write_bytes(content)
    expected = rf"cache .*: {name} is damaged: its checksum does not match; .* automap check SPEC --rebuild"
    if name.startswith("images"):
        # Pixels are verified before their first use: to open a million of them must not read them all.
        after = prepare(dataset, cache=tmp_path / "cache")
        with pytest.raises(StorageError, match=expected):
            after.images(np.arange(3))
        with pytest.raises(StorageError, match=expected):
            after.raise_if_damaged()
    else:
        with pytest.raises(StorageError, match=expected):
            prepare(dataset, cache=tmp_path / "cache")
    rebuilt = prepare(dataset, cache=tmp_path / "cache", rebuild=True)
    np.testing.assert_array_equal(rebuilt.images(np.arange(36)), intact)
    rebuilt.raise_if_damaged()


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_manifest_of_any_content_is_the_manifest_or_an_error(manifest, data):
    file, dataset, cache, original = manifest
    if data.draw(st.booleans()):
        content = data.draw(st.binary(max_size=200))
    else:
        changed = json.loads(original)
        key = data.draw(st.sampled_from(sorted(changed)))
        json_values = st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
            max_leaves=5,
        )
        if data.draw(st.booleans()):
            changed[key] = data.draw(json_values)
        else:
            del changed[key]
        content = json.dumps(changed).encode()
    file.write_bytes(content)
    try:
        unchanged = json.loads(content) == json.loads(original)
    except ValueError:
        unchanged = False
    if unchanged:
        assert prepare(dataset, cache=cache).path == file.parent
    else:
        with pytest.raises(StorageError, match=r"manifest\.json"):
            prepare(dataset, cache=cache)


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    place = tmp_path_factory.mktemp("manifest")
    dataset = folder(write_digits(place / "data"))
    file = prepare(dataset, cache=place / "cache").path / "manifest.json"
    return file, dataset, place / "cache", file.read_bytes()


@pytest.mark.parametrize("content", [b"[" * 200_000, b"null", b"\xff\xfe", b""])
def test_hostile_manifests_are_errors(manifest, content):
    file, dataset, cache, original = manifest
    file.write_bytes(content)
    with pytest.raises(StorageError, match=r"manifest\.json"):
        prepare(dataset, cache=cache)
    file.write_bytes(original)


def test_prepared_data_is_reopened_without_the_files(tmp_path):
    root = write_digits(tmp_path / "data")
    dataset = folder(root)
    data = prepare(dataset, cache=tmp_path / "cache")
    shutil.rmtree(root)
    again = open_prepared(dataset, data.identity, cache=tmp_path / "cache")
    assert (again.info, again.fingerprint, again.notices) == (data.info, data.fingerprint, data.notices)
    np.testing.assert_array_equal(again.splits["train"], data.splits["train"])


def test_other_data_than_the_studys_are_refused(tmp_path):
    mine = folder(write_digits(tmp_path / "a"))
    theirs = folder(write_digits(tmp_path / "b", first=12))
    identity = prepare(theirs, cache=tmp_path / "there").identity
    with pytest.raises(DataError, match="the data set differs from the study's"):
        open_prepared(mine, identity, cache=tmp_path / "here")
    # The same images elsewhere are the same data set.
    copy = folder(shutil.copytree(tmp_path / "b", tmp_path / "c"))
    assert open_prepared(copy, identity, cache=tmp_path / "here").fingerprint == identity.fingerprint


WITHOUT = """
import os, sys
sys.modules["fcntl"] = None
for name in ("sched_getaffinity", "sched_setaffinity"):
    delattr(os, name)
from pathlib import Path
from automap.data.prepare import open_prepared, prepare
from automap.data.processors import restrict_processors, usable_processors
from automap.interfaces.dataset import Dataset
from automap.spec.candidate import load_component
from automap.workers.resources import this_machine

restrict_processors([0])
assert len(usable_processors()) == os.cpu_count()
assert this_machine().cores
dataset = load_component(Dataset, {"type": "folder", "path": sys.argv[1]})
print(len(prepare(dataset, cache=Path(sys.argv[2])).names))
"""


def test_systems_without_file_locks_and_affinity_prepare_data_too(tmp_path):
    command = [sys.executable, "-c", WITHOUT, write_digits(tmp_path / "data"), tmp_path / "cache"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "36", done.stderr


def test_data_that_change_while_they_are_decoded_are_not_kept(tmp_path):
    root = write_digits(tmp_path / "data")

    def change(done, total, what):
        if what == "listing":
            return
        for path in (root / "2").glob("*.png"):
            path.touch()
        (root / "2/new.png").write_bytes(next((root / "0").iterdir()).read_bytes())

    with pytest.raises(DataError, match="changed while it was decoded; run the command again"):
        prepare(folder(root), cache=tmp_path / "cache", progress=change)
    assert not list((tmp_path / "cache").glob("*/manifest.json"))
    assert len(prepare(folder(root), cache=tmp_path / "cache").names) == 37


def test_progress_is_reported_often_and_to_the_end(tmp_path):
    told = []
    prepare(folder(write_digits(tmp_path / "d")), cache=tmp_path / "c", progress=lambda *args: told.append(args))
    assert told[0] == (0, None, "listing")
    assert told[1:] == [(32, 36, "decoding"), (36, 36, "decoding")]


PREPARE = """
import sys
from pathlib import Path
from automap.data.cache import build
from automap.data.prepare import open_prepared, prepare
from automap.spec.candidate import load_component
from automap.interfaces.dataset import Dataset
if __name__ == "__main__":
    build.SHARD_BYTES = int(sys.argv[3])
    data = prepare(load_component(Dataset, {"type": "folder", "path": sys.argv[1], "image_size": 96}), cache=Path(sys.argv[2]))
    print(len(data.names), data.fingerprint)
"""


def prepare_elsewhere(root, cache, shard_bytes=2**20):
    command = [sys.executable, "-c", PREPARE, str(root), str(cache), str(shard_bytes)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_a_killed_build_resumes(tmp_path):
    root, cache = write_digits(tmp_path / "data", classes=10, each=170), tmp_path / "cache"
    shard = 96 * 96 * 50
    process = prepare_elsewhere(root, cache, shard)
    end = time.monotonic() + 60
    while len(list(cache.glob("*.building/part-*.json"))) < 3:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert not list(cache.glob("*/manifest.json"))
    parts = cache.glob("*.building/part-*.json")
    done = [part.with_name(f"images-{part.stem.removeprefix('part-')}.npy") for part in parts]
    made = {shard.name: shard.stat().st_mtime_ns for shard in done}
    again = prepare_elsewhere(root, cache, shard)
    out, errors = again.communicate(timeout=120)
    assert again.returncode == 0, errors
    finished = next(cache.glob("*/manifest.json")).parent
    assert out.startswith(f"{len(list(root.rglob('*.png')))} ")
    assert len(made) >= 3
    assert all((finished / name).stat().st_mtime_ns == time for name, time in made.items())


def children(process):
    found = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=False)
    return [int(line) for line in found.stdout.split()]


def is_running(pid):
    try:
        # A process that has ended, but that nobody has waited for, still has its number.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(true, seconds=60):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.slow
def test_decoders_end_with_the_process_that_was_killed(tmp_path):
    process = prepare_elsewhere(write_digits(tmp_path / "d", classes=10, each=170), tmp_path / "c", 96 * 96 * 50)
    wait_until(lambda: list(tmp_path.glob("c/*.building/part-*.json")))
    decoders = children(process)
    assert len(decoders) >= 2
    process.kill()
    process.wait()  # Not for its output to end: its decoders have that, too.
    wait_until(lambda: not any(is_running(pid) for pid in decoders), seconds=20)


@pytest.mark.slow
def test_a_dead_decoder_is_reported_and_the_build_resumes(tmp_path):
    root, cache = write_digits(tmp_path / "d", classes=10, each=170), tmp_path / "c"
    process = prepare_elsewhere(root, cache, 96 * 96 * 50)
    wait_until(lambda: list(cache.glob("*.building/part-*.json")))
    os.kill(max(children(process)), signal.SIGKILL)
    _, errors = process.communicate(timeout=60)
    assert "WorkerError: a process that decodes images died" in errors
    assert list(cache.glob("*.building/part-*.json"))
    again = prepare_elsewhere(root, cache, 96 * 96 * 50)
    assert again.communicate(timeout=120)[0].startswith(f"{len(list(root.rglob('*.png')))} ")


@pytest.mark.slow
def test_two_processes_build_one_cache(tmp_path):
    root, cache = write_digits(tmp_path / "data", classes=4, each=60), tmp_path / "cache"
    both = [prepare_elsewhere(root, cache) for _ in range(2)]
    outputs = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert outputs[0][0] == outputs[1][0]
    assert len(list(cache.glob("*/manifest.json"))) == 1
    assert not list(cache.glob("*.building"))


def _little_room():
    # A file may not grow beyond this; the system says so in the way that it says that a disk is full.
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))


def test_a_full_disk_is_an_error_and_leaves_no_partial_cache(tmp_path):
    root, cache = write_digits(tmp_path / "data"), tmp_path / "cache"
    command = [sys.executable, "-c", PREPARE, str(root), str(cache), str(2**20)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=_little_room)
    assert "StorageError" in done.stderr
    assert "the decoded data set needs" in done.stderr
    assert not list(cache.glob("*/manifest.json"))
    assert prepare(folder(root, image_size=96), cache=cache).info.image.shape == (96, 96, 1)
