"""Damaged and arbitrary files in every reader: samples, reasons or a DataError, and nothing else."""

import gzip
import io
import json
import os
import struct
import subprocess
import tracemalloc
from contextlib import suppress

import numpy as np
import pytest
from corpus.arrays import idx_bomb, masked_check, tfrecord_bomb
from corpus.boxes import content, voc_xml
from corpus.case import save, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.images import digits

from automap.data.recognise.recognise import recognise
from automap.data.sources.coco import Coco
from automap.data.sources.coco_masks import CocoMasks
from automap.data.sources.csv import Csv
from automap.data.sources.folder import Folder
from automap.data.sources.idx import Idx
from automap.data.sources.masks import Masks
from automap.data.sources.npz import Npz
from automap.data.sources.tfrecord import TFRecord
from automap.data.sources.voc import Voc
from automap.data.sources.yolo import Yolo
from automap.data.targets.box_placement import upright_boxes
from automap.exceptions import DataError
from automap.interfaces.sample import BadSample, Notice, Sample
from automap.spec.errors import SpecError
from automap.spec.yaml import load_text_yaml

X, Y = digits()
MUCH_MEMORY = 150e6
quick = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))


def npz():
    buffer = io.BytesIO()
    np.savez(buffer, x=X[:6], y=Y[:6])
    return buffer.getvalue()


def idx(values, code=8):
    head = struct.pack(f">BBBB{values.ndim}I", 0, 0, code, values.ndim, *values.shape)
    return head + values.astype(np.uint8).tobytes()


def message(number, value):
    return bytes([number << 3 | 2, len(value)]) + value


def example(label=b"cat"):
    features = (("image/encoded", message(1, message(1, b"png"))), ("image/class/label", message(1, message(1, label))))
    entries = [message(1, message(1, name.encode()) + message(2, value)) for name, value in features]
    return message(1, b"".join(entries))


def tfrecord(*contents):
    records = []
    for each in contents:
        length = struct.pack("<Q", len(each))
        records.append(length + masked_check(length) + each + b"\0" * 4)
    return b"".join(records)


SHAPES = content(3)
for annotation in SHAPES["annotations"]:
    annotation |= {"segmentation": [[1, 1, 20, 1, 20, 20]], "area": 100, "iscrowd": 0}

READERS = {
    "csv": ("t.csv", b'image,label\nim/0.png,cat\nim/1.png,"dog"\nim/2.png,cat\n', Csv, "t.csv"),
    "coco": ("a.json", json.dumps(SHAPES).encode(), Coco, "a.json"),
    "coco_masks": ("a.json", json.dumps(SHAPES).encode(), CocoMasks, "a.json"),
    "voc": ("Annotations/0.xml", voc_xml(0).encode(), Voc, "."),
    "voc lists": ("ImageSets/Main/train.txt", b"0\n1\n2 1\n", Voc, "."),
    "yolo labels": ("labels/0.txt", b"0 0.5 0.5 0.25 0.25\n1 0.1 0.1 0.1 0.1 0.2 0.2\n", Yolo, "."),
    "yolo names": ("data.yaml", b"path: .\ntrain: images\nnames: [cat, dog]\n", Yolo, "."),
    "yolo classes": ("classes.txt", b"cat\ndog\n", Yolo, "."),
    "npz": ("a.npz", npz(), Npz, "a.npz"),
    "idx images": ("train-images-idx3-ubyte", idx(X[:6]), Idx, "train-images-idx3-ubyte"),
    "idx labels": ("train-labels-idx1-ubyte", idx(Y[:6]), Idx, "train-images-idx3-ubyte"),
    "idx gz": ("train-images-idx3-ubyte.gz", gzip.compress(idx(X[:6])), Idx, "train-images-idx3-ubyte.gz"),
    "tfrecord": ("a.tfrecord", tfrecord(example(), example(b"dog")), TFRecord, "a.tfrecord"),
    "tfrecord gz": ("a.tfrecord", gzip.compress(tfrecord(example(), example(b"dog"))), TFRecord, "a.tfrecord"),
    "class file": (
        "classes.txt",
        b"background\nobject\n",
        lambda path: Masks(path=path, class_file=path / "classes.txt"),
        ".",
    ),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("readers")
    for place in ("im", "images", "JPEGImages", "masks"):
        for index in range(3):
            save(root / f"{place}/{index}.png", index, (64, 48), "RGB" if place != "masks" else "L")
    write(root / "labels/0.txt", "0 0.5 0.5 0.2 0.2\n")
    write(root / "Annotations/0.xml", voc_xml(0))
    write(root / "data.yaml", "names: [cat, dog]\n")
    write(root / "train-images-idx3-ubyte", idx(X[:6]))
    write(root / "train-labels-idx1-ubyte", idx(Y[:6]))
    write(root / "train-labels-idx1-ubyte.gz", idx(Y[:6]))
    return root


TOKENS = [
    b"",
    b"\0",
    b'"',
    b",",
    b"\n",
    b"-",
    b"1e999",
    b"null",
    b"[",
    b"{",
    b"&",
    b"<",
    b"\xff",
    b"9" * 400,
    b"nan",
    b"\xef\xbb\xbf",
    b"../",
]
changes = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 8), st.sampled_from(TOKENS) | st.binary(max_size=4)), max_size=6
)


def changed(content, edits, kept):
    found = bytearray(content[: int(len(content) * kept)])
    for place, removed, inserted in edits:
        start = int(place * len(found))
        found[start : start + removed] = inserted
    return bytes(found)


def read(dataset, path):
    """Read a data set as a scan does; return its samples, none if it is refused."""
    samples = []
    with suppress(DataError):
        found = dataset(path=path) if isinstance(dataset, type) else dataset(path)
        for each in found.samples():
            assert isinstance(each, Sample | BadSample | Notice)
            assert all(isinstance(text, str) for text in each if isinstance(each, BadSample | Notice))
            samples += [each] if isinstance(each, Sample) else []
        assert all(isinstance(name, str) for name in found.class_names)
    return samples


@pytest.mark.parametrize("reader", READERS)
def test_each_reader_reads_its_intact_file(folder, reader):
    name, content, dataset, path = READERS[reader]
    before = (folder / name).read_bytes() if (folder / name).exists() else None
    write(folder / name, content)
    found = read(dataset, folder / path)
    assert found
    if before is None:
        (folder / name).unlink()
    else:
        write(folder / name, before)


@pytest.mark.parametrize("reader", READERS)
@quick
@given(changes, st.sampled_from([1.0, 1.0, 1.0, 0.9, 0.5, 0.1, 0.0]))
def test_a_damaged_file_has_samples_reasons_or_an_error_of_ours(folder, reader, edits, kept):
    name, content, dataset, path = READERS[reader]
    before = (folder / name).read_bytes() if (folder / name).exists() else None
    write(folder / name, changed(content, edits, kept))
    try:
        read(dataset, folder / path)
    finally:
        if before is None:
            (folder / name).unlink()
        else:
            write(folder / name, before)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@quick
@given(st.data())
def test_any_value_at_any_place_of_a_coco_file_is_read_or_refused(folder, data):
    found = json.loads(json.dumps(SHAPES))
    part = data.draw(st.sampled_from(["images", "annotations", "categories"]))
    entry = data.draw(st.sampled_from(found[part]))
    entry[data.draw(st.sampled_from([*entry, "width", "height"]))] = data.draw(values)
    write(folder / "b.json", json.dumps(found))
    for kind in (Coco, CocoMasks):
        read(kind, folder / "b.json")


@quick
@given(st.text(alphabet=st.sampled_from("[]{}:,&*!#|>-\"' \nab01~<?"), max_size=60))
def test_any_text_is_yaml_of_texts_or_refused(text):
    def texts_only(found):
        if isinstance(found, dict):
            return all(isinstance(key, str) and texts_only(value) for key, value in found.items())
        return found is None or isinstance(found, str) or all(map(texts_only, found))

    with suppress(SpecError):
        assert texts_only(load_text_yaml("data.yaml", text))


@quick
@given(st.lists(st.tuples(*[st.floats(-50, 150)] * 4), max_size=5), st.sampled_from(range(1, 9)), st.booleans())
def test_boxes_lie_within_the_upright_image(places, orientation, as_stored):
    from automap.data.decode.errors import BadImage
    from automap.data.decode.geometry import fit
    from automap.interfaces.sample import Boxes

    geometry = fit((48, 64), (32, 32), "pad")._replace(orientation=orientation)
    boxes = Boxes([("a", *each) for each in places], (64, 48) if as_stored and orientation >= 5 else (48, 64))
    with suppress(BadImage):
        for _, (left, top, right, bottom), _ in upright_boxes(boxes, geometry):
            assert 0 <= left < right <= 64
            assert 0 <= top < bottom <= 48


@pytest.mark.parametrize("bomb", [(idx_bomb, Idx, "data"), (tfrecord_bomb, TFRecord, "data")])
def test_sizes_in_headers_are_not_allocated_unchecked(tmp_path, bomb):
    make, dataset, path = bomb
    make(tmp_path)
    tracemalloc.start()
    with pytest.raises(DataError):
        list(dataset(path=tmp_path / path).samples())
    assert tracemalloc.get_traced_memory()[1] < MUCH_MEMORY
    tracemalloc.stop()


@pytest.mark.timeout(20)
@pytest.mark.parametrize("reader", READERS)
def test_a_named_pipe_is_never_opened(tmp_path, reader):
    name, content, dataset, path = READERS[reader]
    save(tmp_path / "images/0.png")
    save(tmp_path / "masks/0.png")
    save(tmp_path / "JPEGImages/0.png")
    if reader == "voc lists":
        write(tmp_path / "Annotations/0.xml", voc_xml(0))
    if reader == "yolo labels":
        write(tmp_path / "data.yaml", "names: [cat, dog]\n")
    if reader == "idx labels":
        write(tmp_path / "train-images-idx3-ubyte", content)
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(tmp_path / name)
    read(dataset, tmp_path / path)
    for place in (tmp_path, tmp_path / name):
        with suppress(DataError):
            recognise(place)


@pytest.mark.timeout(20)
def test_folders_nested_deeper_than_python_recurses_are_read(tmp_path):
    start = os.getcwd()
    save(tmp_path / "data/dog/1.png")
    (tmp_path / "data/cat").mkdir()
    os.chdir(tmp_path / "data/cat")
    try:
        for _ in range(1500):
            os.mkdir("d")
            os.chdir("d")
    finally:
        os.chdir(start)
    found = list(Folder(path=tmp_path / "data").samples())
    # Python's own rmtree recurses.
    subprocess.run(["rm", "-rf", tmp_path / "data"], check=True)
    assert any(isinstance(each, Sample) for each in found)
