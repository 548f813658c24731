"""The built-in data sets on realistic files."""

import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from support.images import digits, write_digits

from automap.data.prepare import prepare
from automap.data.summary import summarise
from automap.exceptions import DataError
from automap.interfaces.dataset import Dataset
from automap.interfaces.sample import BadSample, Sample
from automap.spec.candidate import load_component


def dataset(kind: str, **fields):
    return load_component(Dataset, {"type": kind, **fields})


def good(found):
    return [record for record in found.samples() if isinstance(record, Sample)]


def bad(found):
    return {record.name: record.reason for record in found.samples() if isinstance(record, BadSample)}


def test_a_folder_takes_its_classes_from_the_first_level(tmp_path):
    write_digits(tmp_path / "data")
    (tmp_path / "data/0/deeper/still").mkdir(parents=True)
    Image.new("L", (16, 16)).save(tmp_path / "data/0/deeper/still/x.png")
    records = good(dataset("folder", path=tmp_path / "data"))
    assert {record.target for record in records} == {"0", "1", "2"}
    assert next(record.target for record in records if record.name.endswith("x.png")) == "0"
    assert all(record.split is None for record in records)


def test_folders_named_as_splits_are_splits(tmp_path):
    write_digits(tmp_path / "data/train", each=20)
    write_digits(tmp_path / "data/Val", each=5, first=30)
    # Five of the test images were trained on, too.
    write_digits(tmp_path / "data/test", each=10, first=15)
    data = prepare(dataset("folder", path=tmp_path / "data"), cache=tmp_path / "cache")
    names = {split: {data.names[index] for index in records} for split, records in data.splits.items()}
    assert all(name.startswith("test/") for name in names["test"])
    assert len(names["test"]) == 30
    assert all(name.startswith("Val/") for name in names["validation"])
    assert len(names["train"]) == 3 * 15
    assert "15 images left out: the same pixels or group are in a later split" in summarise(data).warnings


def test_duplicates_and_contradictions_are_reported(tmp_path):
    root = write_digits(tmp_path / "data")
    picture = next((root / "0").glob("*.png"))
    (root / "0/copy.png").write_bytes(picture.read_bytes())
    (root / "1/copy.png").write_bytes(picture.read_bytes())
    warnings = summarise(prepare(dataset("folder", path=root), cache=tmp_path / "cache")).warnings
    assert "2 duplicate images; duplicates are kept in the same split" in warnings
    assert "1 image appears with more than one class" in warnings


def test_unreadable_images_are_reported_with_the_reason(tmp_path):
    root = write_digits(tmp_path / "data")
    (root / "0/notes.txt").write_text("hello")
    (root / "0/empty.png").write_bytes(b"")
    (root / "1/broken.png").write_bytes((root / "1").glob("*.png").__next__().read_bytes()[:40])
    (root / "1/.DS_Store").write_text("junk")
    (root / "2/gone.png").symlink_to(tmp_path / "nowhere.png")
    folder = dataset("folder", path=root, max_bad=0.5)
    assert bad(folder) == {
        "0/notes.txt": "not an image",
        "0/empty.png": "zero bytes",
        "2/gone.png": "cannot be read: No such file or directory",
    }
    data = prepare(folder, cache=tmp_path / "cache")
    assert {record.name: record.reason for record in data.bad}["1/broken.png"] in {
        "truncated",
        "damaged",
        "not an image",
    }
    assert summarise(data).bad["not an image"] >= 1
    with pytest.raises(DataError, match=r"could not use 4 of 40 samples, more than dataset\.max_bad allows \(1\.0%\)"):
        prepare(dataset("folder", path=root), cache=tmp_path / "cache")


def test_links_are_followed_but_not_in_circles(tmp_path):
    root = write_digits(tmp_path / "data")
    (root / "0/again").symlink_to(root, target_is_directory=True)
    (root / "3").symlink_to(write_digits(tmp_path / "elsewhere", classes=1) / "0", target_is_directory=True)
    records = good(dataset("folder", path=root))
    assert {record.target for record in records} == {"0", "1", "2", "3"}
    assert len(records) < 200


def test_a_folder_in_which_all_folders_link_to_each_other_is_read_once(tmp_path):
    root = write_digits(tmp_path / "data", classes=8, each=2)
    for one in range(8):
        for other in range(8):
            (root / str(one) / f"to-{other}").symlink_to(root / str(other), target_is_directory=True)
    records = good(dataset("folder", path=root))
    assert len(records) == 8 * 16


def test_images_next_to_class_folders_are_reported(tmp_path):
    root = write_digits(tmp_path / "data")
    Image.new("L", (16, 16)).save(root / "stray.png")
    (root / "LICENSE").write_text("free")
    assert bad(dataset("folder", path=root)) == {"stray.png": "not in the folder of a class"}
    Image.new("L", (16, 16)).save(write_digits(tmp_path / "split/train").parent / "train/stray.png")
    assert bad(dataset("folder", path=tmp_path / "split")) == {"train/stray.png": "not in the folder of a class"}


def test_pipes_and_undecodable_names_do_not_stop_the_scan(tmp_path):
    root = write_digits(tmp_path / "data")
    os.mkfifo(root / "0/pipe.png")
    Image.new("L", (16, 16), 9).save(os.fsencode(root / "0") + b"/caf\xe9.png", "PNG")
    folder = dataset("folder", path=root, max_bad=0.5)
    assert bad(folder) == {"0/pipe.png": "not a regular file"}
    assert r"0/caf\xe9.png" in list(prepare(folder, cache=tmp_path / "cache").names)
    os.mkdir(os.fsencode(root) + b"/\xe9")
    with pytest.raises(DataError, match=r"the name of the folder .* is not valid UTF-8"):
        good(folder)


def test_composed_and_decomposed_letters_are_one_class(tmp_path):
    for index, name in enumerate(("café", "cafe\u0301", "tea")):
        (tmp_path / name).mkdir()
        for grey in range(4):
            Image.new("L", (16, 16), 60 * grey + index).save(tmp_path / name / f"{grey}.png")
    assert {record.target for record in good(dataset("folder", path=tmp_path))} == {"café", "tea"}


def test_classes_without_usable_images_are_reported(tmp_path):
    root = write_digits(tmp_path / "data")
    (root / "lost").mkdir()
    (root / "lost/x.png").write_bytes(b"broken")
    data = prepare(dataset("folder", path=root, max_bad=0.5), cache=tmp_path / "cache")
    assert data.info.target.classes == ("0", "1", "2")
    assert "no usable image of 'lost': left out of the classes" in summarise(data).warnings


def test_names_may_be_in_any_script(tmp_path):
    for name in ("Ромашка", "バラ", "🌻 sun"):
        (tmp_path / name).mkdir()
        for index in range(4):
            Image.new("L", (16, 16), 60 * index).save(tmp_path / name / f"{name} {index}.png")
    data = prepare(dataset("folder", path=tmp_path), cache=tmp_path.parent / "cache")
    assert set(data.info.target.classes) == {"Ромашка", "バラ", "🌻 sun"}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda root: None, "there is no folder"),
        (lambda root: root.write_text("x"), "is a file"),
        (lambda root: root.mkdir(), "holds no folders"),
        (lambda root: (root / "only").mkdir(parents=True), "no images"),
        (lambda root: write_digits(root, classes=1), "are of one class .*two or more classes are needed"),
        (lambda root: write_digits(root, classes=1, each=1), "are of one class .*two or more classes are needed"),
        (lambda root: write_digits(root, classes=2, each=1), "too few"),
    ],
)
def test_a_folder_that_cannot_be_trained_on_is_refused(tmp_path, make, message):
    make(tmp_path / "data")
    with pytest.raises(DataError, match=message):
        prepare(dataset("folder", path=tmp_path / "data"), cache=tmp_path / "cache")


def test_a_folder_of_broken_files_only_is_refused(tmp_path):
    for name in "ab":
        (tmp_path / "data" / name).mkdir(parents=True)
        (tmp_path / "data" / name / "x.png").write_bytes(b"broken")
    with pytest.raises(DataError, match=r"could not read any of the 2 images \(a/x.png: not an image"):
        prepare(dataset("folder", path=tmp_path / "data", max_bad=1.0), cache=tmp_path / "cache")


def write_table(folder, text):
    write_digits(folder / "images", classes=2, each=6)
    (folder / "table.csv").write_text(text, encoding="utf-8-sig")
    return folder / "table.csv"


def test_a_table_names_images_labels_groups_and_splits(tmp_path):
    files = sorted((write_digits(tmp_path / "images", classes=2, each=6)).rglob("*.png"))
    lines = ["file;kind;patient;part"]
    lines += [
        f"{f.relative_to(tmp_path)};{f.parent.name};p{i // 3};{'test' if i % 6 > 3 else 'train'}"
        for i, f in enumerate(files)
    ]
    (tmp_path / "t.csv").write_text("\n".join([*lines, "nowhere.png;0;p9;train", ";1;p9;train", "x.png;;p9;train"]))
    table = dataset(
        "csv",
        path=tmp_path / "t.csv",
        image_column="file",
        label_column="kind",
        group_column="patient",
        split_column="part",
    )
    records = good(table)
    assert len(records) == 12
    assert {record.group for record in records} == {"p0", "p1", "p2", "p3"}
    assert {record.split for record in records} == {"train", "test"}
    assert sorted(bad(table).values()) == ["cannot be read: No such file or directory", "no image named", "no label"]


def test_a_parquet_table_is_the_same_table(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    files = sorted((write_digits(tmp_path / "images", classes=2, each=3)).rglob("*.png"))
    columns = {"image": [str(f.relative_to(tmp_path)) for f in files], "label": [int(f.parent.name) for f in files]}
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    assert {record.target for record in good(dataset("csv", path=tmp_path / "t.parquet"))} == {"0", "1"}


def test_labels_of_a_table_that_are_missing_or_numbers(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    write_digits(tmp_path / "images", classes=1, each=3)
    names = [str(path.relative_to(tmp_path)) for path in sorted(tmp_path.rglob("*.png"))]
    pq.write_table(
        pa.table({"image": [*names, "images"], "label": [1.0, float("nan"), None, 2.0]}), tmp_path / "t.parquet"
    )
    table = dataset("csv", path=tmp_path / "t.parquet")
    assert [record.target for record in good(table)] == ["1"]
    assert sorted(bad(table).values()) == ["is a folder", "no label", "no label"]


def test_a_table_with_a_delimiter_of_its_own(tmp_path):
    write_digits(tmp_path / "images", classes=1, each=1)
    name = next(path.relative_to(tmp_path) for path in tmp_path.rglob("*.png"))
    (tmp_path / "t.csv").write_text(f"image#label\n\n{name}#a;b\n{name}\0#c\n")
    table = dataset("csv", path=tmp_path / "t.csv", delimiter="#")
    assert [record.target for record in good(table)] == ["a;b"]
    assert list(bad(table).values()) == ["cannot be read: not a valid path"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty; expected a line that names the columns"),
        ("picture,label\n\n\na.png,1\n", "no column 'image'; it has picture, label"),
        ("picture,label\na.png,1\n", "no column 'image'; it has picture, label"),
        ("image,class\na.png,1\n", "no column 'label'"),
    ],
)
def test_a_missing_column_is_named(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        good(dataset("csv", path=write_table(tmp_path, text)))


def test_arrays_are_shared_out_or_keep_their_splits(tmp_path):
    images, targets = digits()
    np.savez(tmp_path / "a.npz", x=images[:100] / 255.0, y=targets[:100])
    np.savez(
        tmp_path / "b.npz",
        x_train=images[:80],
        y_train=targets[:80],
        x_test=images[80:100],
        y_test=targets[80:100, None],
    )
    np.save(tmp_path / "x.npy", images[:50])
    np.save(tmp_path / "y.npy", targets[:50])
    whole = prepare(dataset("npz", path=tmp_path / "a.npz"), cache=tmp_path / "cache")
    np.testing.assert_array_equal(whole.images(np.arange(100))[..., 0], images[:100])
    kept = prepare(dataset("npz", path=tmp_path / "b.npz"), cache=tmp_path / "cache")
    assert set(kept.splits["test"]) == set(range(80, 100))
    assert len(good(dataset("npz", path=tmp_path / "x.npy", labels_path=tmp_path / "y.npy"))) == 50


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"a": np.zeros(3), "b": np.zeros(3)}, "has neither 'x' and 'y'"),
        ({"x": np.zeros((3, 8)), "y": np.zeros(3)}, "expected .images, height, width."),
        ({"x": np.zeros((3, 8, 8)), "y": np.zeros(4)}, "expected one label for each image"),
        ({"x": np.zeros((3, 8, 8)), "y": np.float64(1)}, "expected one label for each image"),
        ({"x": np.full((3, 8, 8), "a"), "y": np.zeros(3)}, "expected numbers"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(tmp_path, arrays, message):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(DataError, match=message):
        good(dataset("npz", path=tmp_path / "a.npz"))


def test_a_pickle_in_an_array_file_runs_nothing(tmp_path):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    np.save(tmp_path / "x.npy", np.array([Evil()], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match="cannot be read as NumPy arrays"):
        good(dataset("npz", path=tmp_path / "x.npy", labels_path=tmp_path / "x.npy"))
    assert not (tmp_path / "ran").exists()


def write_examples(path, files, compression=None, **more):
    import tensorflow as tf

    def feature(value):
        if isinstance(value, bytes):
            return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
        if isinstance(value, float):
            return tf.train.Feature(float_list=tf.train.FloatList(value=[value]))
        return tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))

    with tf.io.TFRecordWriter(str(path), options=compression) as writer:
        for file in files:
            fields = {"image/encoded": file.read_bytes(), "image/class/label": int(file.parent.name), **more}
            features = {name: feature(value) for name, value in fields.items() if value is not None}
            example = tf.train.Example(features=tf.train.Features(feature=features))
            writer.write(example.SerializeToString())


@pytest.mark.parametrize("compression", [None, "GZIP"])
def test_tfrecord_files_hold_encoded_images(tmp_path, compression):
    files = sorted(write_digits(tmp_path / "images", classes=2, each=4).rglob("*.png"))
    write_examples(tmp_path / "a.tfrecord", files, compression)
    data = prepare(dataset("tfrecord", path=tmp_path / "*.tfrecord"), cache=tmp_path / "cache")
    assert data.info.target.classes == ("0", "1")
    assert data.info.image.shape == (16, 16, 1)
    pictures = np.stack([np.asarray(Image.open(file)) for file in files])
    np.testing.assert_array_equal(data.images(np.arange(8))[..., 0], pictures)


@pytest.mark.parametrize(
    ("label", "named"), [("Ромашка".encode(), "Ромашка"), (-7, "-7"), (2**40, str(2**40)), (2.0, "2")]
)
def test_labels_of_examples_are_texts_or_numbers(tmp_path, label, named):
    files = sorted(write_digits(tmp_path / "images", classes=1, each=2).rglob("*.png"))
    write_examples(tmp_path / "a.tfrecord", files, kind=label)
    records = good(dataset("tfrecord", path=tmp_path, label_feature="kind"))
    assert [record.target for record in records] == [named, named]
    assert bad(dataset("tfrecord", path=tmp_path, image_feature="kind", label_feature="none")) != {}


def test_a_missing_feature_lists_the_existing_ones(tmp_path):
    files = sorted(write_digits(tmp_path / "images", classes=1, each=2).rglob("*.png"))
    write_examples(tmp_path / "a.tfrecord", files)
    with pytest.raises(
        DataError, match=r"no feature 'picture' \(a.tfrecord:0: there are image/class/label, image/encoded\)"
    ):
        prepare(dataset("tfrecord", path=tmp_path, image_feature="picture"), cache=tmp_path / "cache")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda content: b"not a record" * 9, "no record starts at byte 0"),
        (lambda content: content[:-9], "is cut short"),
        (lambda content: content[:3], "no record starts at byte 0"),
        (lambda content: content[:12] + b"\xff" * 40 + content[52:], "is not a tf.train.Example"),
    ],
)
def test_damaged_tfrecord_files_are_refused(tmp_path, damage, message):
    files = sorted(write_digits(tmp_path / "images", classes=1, each=2).rglob("*.png"))
    write_examples(tmp_path / "a.tfrecord", files)
    (tmp_path / "a.tfrecord").write_bytes(damage((tmp_path / "a.tfrecord").read_bytes()))
    with pytest.raises(DataError, match=f"cannot be read as TFRecord: .*{message}"):
        good(dataset("tfrecord", path=tmp_path))


def test_keras_datasets_without_a_network_explain_manual_download(tmp_path):
    code = (
        "from automap.spec.candidate import load_component; from automap.interfaces.dataset import Dataset\n"
        "list(load_component(Dataset, {'type': 'keras', 'name': 'mnist'}).samples())"
    )
    # A proxy that refuses is a network that is not there, on machines that have one too.
    refused = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9", "no_proxy": ""}
    environment = {**os.environ, **refused, "AUTOMAP_CACHE": str(tmp_path), "KERAS_HOME": str(tmp_path / "keras")}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert "Keras could not download mnist" in done.stderr
    assert "Run again with a network" in done.stderr


def test_keras_datasets_are_read_from_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOMAP_CACHE", str(tmp_path))
    images, targets = digits()
    (tmp_path / "downloads").mkdir()
    np.savez(
        tmp_path / "downloads/mnist.npz",
        x_train=images[:90],
        y_train=targets[:90],
        x_test=images[90:120],
        y_test=targets[90:120],
    )
    data = prepare(dataset("keras", name="mnist"))
    assert len(data.splits["test"]) == 30
    assert len(data.splits["validation"]) > 0


def test_a_damaged_download_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOMAP_CACHE", str(tmp_path))
    (tmp_path / "downloads").mkdir()
    (tmp_path / "downloads/mnist.npz").write_bytes(b"half")
    with pytest.raises(DataError, match=r"mnist\.npz is damaged .* delete it"):
        good(dataset("keras", name="mnist"))


def test_arrays_of_true_and_false_are_black_and_white(tmp_path):
    images, targets = digits()
    np.savez(tmp_path / "a.npz", x=images[:20] > 100, y=targets[:20])
    data = prepare(dataset("npz", path=tmp_path / "a.npz"), cache=tmp_path / "cache")
    np.testing.assert_array_equal(data.images(np.array([3]))[0, ..., 0], np.where(images[3] > 100, 255, 0))
