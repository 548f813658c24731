"""The corpus beyond `check`: a search that reports skipped samples, and predictions for files of every kind."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from corpus.case import class_folders, fill, picture, save, write
from support.program import run_automap

from automap.data.decode.image import decode

SPEC = """\
dataset: {type: folder, path: data, max_bad: 20%}
architecture: {type: cnn, filters: [8], dropout: 0.0}
augmentation: []
optimizer: {type: adamw, learning_rate: 3e-3, weight_decay: 0.0}
training: {epochs: 1, batch_size: 32}
budget: {trials: 1}
finalists: {top: 1, seeds: 1}
"""


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """Search once on a folder with splits, junk, a stray, a pipe and a HEIC image."""
    root = tmp_path_factory.mktemp("searched")
    class_folders(root / "data/train", "cat", "dog", each=30)
    class_folders(root / "data/dev", "cat", "dog", each=8, first=100)
    save(root / "data/train/stray.png", 500)
    write(root / "data/train/cat/phone.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 64)
    os.mkfifo(root / "data/dev/cat/pipe.png")
    write(root / "data/train/Thumbs.db", "junk")
    (root / "data/logs").mkdir()
    write(root / "spec.yaml", SPEC)
    return root, run_automap("search", "spec.yaml", cwd=root, AUTOMAP_CACHE=str(root / "cache"))


@pytest.mark.slow
def test_a_search_reports_skipped_samples(searched):
    _, done = searched
    assert done.returncode == 0, done.stderr
    assert "skipped 1: not in the folder of a class (train/stray.png)" in done.stderr
    assert "skipped 1: not a regular file (dev/cat/pipe.png)" in done.stderr
    assert "warning: folders without images: 1 (logs)" in done.stderr
    assert "(train/cat/phone.heic)" in done.stderr


@pytest.mark.slow
def test_files_of_every_kind_are_predicted_or_named(searched):
    root, _ = searched
    new = fill(root / "new", 3, 700)
    for index, (suffix, kind) in enumerate({".jfif": "JPEG", ".pnm": "PPM", ".jpx": "JPEG2000"}.items()):
        save(new / f"x{index}{suffix}", 800 + index, format=kind)
    write(new / "phone.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 64)
    write(new / "empty.png", b"")
    write(new / "ehthumbs.db", b"junk")
    os.mkfifo(new / "pipe.png")
    done = run_automap("predict", "automap.runs/spec/winner", "new", "--format", "json", cwd=root)
    answered = {Path(each["image"]).name for each in json.loads(done.stdout)}
    assert answered == {"700.png", "701.png", "702.png", "x0.jfif", "x1.pnm", "x2.jpx"}
    assert "pipe.png: not a regular file" in done.stderr
    assert "empty.png: zero bytes" in done.stderr
    assert "phone.heic: " in done.stderr
    assert "ehthumbs.db" not in done.stderr


def test_heic_without_pillow_heif_is_named_with_its_remedy(tmp_path):
    image = write(tmp_path / "phone.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 64)
    code = (
        "import sys; sys.modules['pillow_heif'] = None\n"
        "from pathlib import Path; from automap.data.decode.image import decode\n"
        f"decode(Path({str(image)!r}), (8, 8, 3), 'pad')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "HEIC image; to read it, install pillow-heif: pip install 'automap[heic]'" in done.stderr


def test_heic_is_read_with_pillow_heif(tmp_path):
    heif = pytest.importorskip("pillow_heif")
    heif.from_pillow(picture(3, (32, 32), "RGB")).save(tmp_path / "phone.heic", quality=95)
    found = decode(tmp_path / "phone.heic", (32, 32, 3), "pad").astype(float)
    assert abs(found - np.asarray(picture(3, (32, 32), "RGB"))).mean() < 12
