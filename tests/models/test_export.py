"""Exported artifacts: the same answers in their own runtimes, for every task and format."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace

import keras
import numpy as np
import pytest
from PIL import Image
from support.arrays import digits
from support.candidates import TINY, candidate
from support.infos import data_info
from support.program import call_automap
from support.training import train

from automap.exceptions import UserError
from automap.models.export.artifact import find_artifact, open_artifact
from automap.models.export.export import export_model
from automap.models.load import load_model
from automap.models.predict import predict
from automap.spec.plugins import find_plugins
from automap.store.files import SAMPLES_FILE
from automap.training.build import build_network
from automap.training.model_io import save_model

pytestmark = pytest.mark.slow

FORMATS = sorted(find_plugins("automap.exporters"))
RANDOM = np.random.default_rng(0)
SIDE = 32


def labels(classes):
    return {"classes": classes, "class_counts": (5,) * len(classes)}


TASKS = {
    "classification": (
        data_info,
        ("label", labels(("a", "b", "c"))),
        "cross_entropy",
        lambda n: RANDOM.integers(0, 3, n),
    ),
    "multi_label": (
        data_info,
        ("labels", labels(("a", "b"))),
        "binary_cross_entropy",
        lambda n: RANDOM.integers(0, 2, (n, 2)).astype(np.uint8),
    ),
    "regression": (
        data_info,
        ("numbers", {"names": ("x", "y"), "target_mean": (3.0, -1.0), "target_std": (2.0, 0.5)}),
        "huber",
        lambda n: RANDOM.normal(size=(n, 2)),
    ),
    "segmentation": (
        data_info,
        ("mask", labels(("a", "b"))),
        "dice_cross_entropy",
        lambda n: RANDOM.integers(0, 2, (n, SIDE, SIDE)).astype(np.uint8),
    ),
    "detection": (
        data_info,
        ("boxes", {**labels(("a", "b")), "max_boxes": 1}),
        "fcos",
        lambda n: np.tile(np.array([[[4, 4, 20, 20, 1]]], np.float32), (n, 1, 1)),
    ),
    "enhancement": (
        data_info,
        ("image", {"scale": 2}),
        "charbonnier",
        lambda n: RANDOM.integers(0, 255, (n, 2 * SIDE, 2 * SIDE, 3)).astype(np.uint8),
    ),
    "face_recognition": (data_info, ("label", labels(("a", "b", "c"))), "arcface", lambda n: RANDOM.integers(0, 3, n)),
}


@pytest.fixture(scope="module")
def images():
    from skimage.data import astronaut

    return np.stack([astronaut()[8 * n : 8 * n + SIDE, 4 * n : 4 * n + SIDE] for n in range(40)])


@pytest.fixture(scope="module", params=TASKS)
def model(request, tmp_path_factory, images):
    """An untrained network of each task, with real images to verify it on."""
    make, (kind, target), loss, targets = TASKS[request.param]
    folder = tmp_path_factory.mktemp(request.param)
    info = make(kind, image_shape=(SIDE, SIDE, 3), mean=(110.0, 100.0, 90.0), std=(60.0, 50.0, 55.0), **target)
    keras.utils.set_random_seed(1)
    chosen = candidate({"type": "resnet", "blocks": 1, "width": 8}, task={"type": request.param}, loss=loss)
    save_model(folder, build_network(chosen, info), chosen, info, {"threshold": 0.5})
    arrays = {"input_image": images, "calibration_image": images, "targets": targets(len(images))}
    np.savez(folder / SAMPLES_FILE, records=np.arange(40), total=np.array(40), fingerprint=np.array("f"), **arrays)
    return load_model(folder)


@pytest.mark.parametrize("format_", FORMATS)
def test_every_task_gives_the_same_answers_in_every_format(model, images, tmp_path, format_):
    exported = export_model(model, format_, tmp_path / "out", int8=False)
    assert exported.verification.images == 40
    assert exported.verification.largest_difference < 1e-3
    assert {path.name.split(".")[0] for path in (tmp_path / "out").iterdir()} <= {"model", "saved_model", "MODEL_CARD"}
    opened = load_model(tmp_path / "out")
    assert opened.card == model.card
    for ours, theirs in zip(model.predict(list(images[:3])), opened.predict(list(images[:3])), strict=True):
        assert list(ours.rows()[0]) == list(theirs.rows()[0])
    card = (tmp_path / "out/MODEL_CARD.md").read_text()
    assert "40 of 40 validation images" in card
    assert opened.task.decoding in card
    with pytest.raises(UserError, match="cannot be exported again") if format_ != "keras" else pytest.raises(UserError):
        export_model(opened, format_, tmp_path / "again")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("digits")
    result = train(candidate({**TINY, "filters": [16, 32]}, epochs=4), digits(), folder / "model")
    assert result.state == "complete", result.reason
    for index, image in enumerate(digits().images(digits().splits["test"][:12])):
        Image.fromarray(image[..., 0]).save(folder / f"{index:02}.png")
    return folder


def test_the_command_exports_and_an_artifact_predicts_without_tensorflow(trained, tmp_path):
    done = call_automap("export", trained / "model", "--format", "onnx", "--output", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "verified on 256 of 360 validation images" in done.stdout
    given = ("predict", trained / "model", trained / "00.png", trained / "11.png", "--format", "jsonl")
    expected = [json.loads(line) for line in call_automap(*given).stdout.splitlines()]
    for name, format_ in {"model.onnx": "onnx", "model.tflite": "litert", "model.xml": "openvino"}.items():
        assert (
            call_automap("export", trained / "model", "--format", format_, "--output", tmp_path / format_).returncode
            == 0
        )
        code = (
            "import sys; from automap.cli.main import main\n"
            "try: main(sys.argv[1:])\n"
            "finally: assert not {'tensorflow', 'keras', 'jax'} & set(sys.modules), 'imported'"
        )
        command = [sys.executable, "-c", code, "predict", tmp_path / format_ / name, *given[2:]]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        found = [json.loads(line) for line in ran.stdout.splitlines()]
        assert [each["label"] for each in found] == [each["label"] for each in expected]
        assert [each["probability"] for each in found] == pytest.approx([e["probability"] for e in expected], abs=1e-4)


@pytest.mark.parametrize("format_", ["onnx", "litert", "openvino"])
def test_int8_is_smaller_and_nearly_as_accurate(trained, tmp_path, format_):
    model = load_model(trained / "model")
    full = export_model(model, format_, tmp_path / "full")
    small = export_model(model, format_, tmp_path / "small", int8=True)
    before, after = small.verification.metrics["accuracy"]
    assert after > before - 0.01
    assert small.size < full.size
    assert "int8" in json.loads(_metadata(small.path))["precision"]


def _metadata(path):
    from automap.models.export.artifact import OPENERS

    return OPENERS[path.suffix][0](path)[1]


def test_a_differing_export_is_refused_and_removed(trained, tmp_path, monkeypatch):
    model = load_model(trained / "model")
    # The file is made from this model, and compared with one of other weights.
    other = load_model(trained / "model")
    network = other.runtime.network
    network.set_weights([weight + 0.3 * RANDOM.normal(size=weight.shape) for weight in network.get_weights()])
    from automap.models.export import export

    monkeypatch.setattr(export, "_raw_network", lambda *_: _raw(network, model))
    done = call_automap("export", trained / "model", "--format", "onnx", "--output", tmp_path / "out")
    assert done.returncode == 1
    assert "nothing was written" in done.stderr
    assert not (tmp_path / "out").exists()


def _raw(network, model):
    image = keras.Input(model.info.image.shape, dtype="uint8", name="image")
    return keras.Model({"image": image}, network({"image": keras.ops.cast(image, "float32")}))


def test_models_that_cannot_be_exported_are_reported(trained, tmp_path, monkeypatch):
    def refused(*arguments):
        done = call_automap("export", *arguments, "--output", tmp_path / "out")
        assert done.returncode == 2, done.stderr
        return done.stderr

    assert "unknown exporter 'onxx'; did you mean 'onnx'?" in refused(trained / "model", "--format", "onxx")
    assert "keras cannot be quantized" in refused(trained / "model", "--format", "keras", "--int8")
    shutil.copytree(trained / "model", tmp_path / "old")
    (tmp_path / "old" / SAMPLES_FILE).unlink()
    assert "keeps no validation images" in refused(tmp_path / "old", "--format", "keras")
    (tmp_path / "old" / SAMPLES_FILE).write_bytes(b"torn")
    assert f"{SAMPLES_FILE} is damaged" in refused(tmp_path / "old", "--format", "keras")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert "pip install 'automap[export]'" in refused(trained / "model", "--format", "onnx")


@pytest.mark.parametrize("name", ["model.onnx", "model.tflite", "model.xml"])
def test_a_damaged_artifact_is_named(tmp_path, name):
    (tmp_path / name).write_bytes(b"torn" * 100)
    with pytest.raises(UserError, match=f"{name} is damaged, or was not exported by automap"):
        open_artifact(find_artifact(tmp_path / name))


def test_the_samples_are_real_images_of_the_validation_split(trained):
    samples = load_model(trained / "model").samples()
    data = digits()
    assert set(samples.records) <= set(data.splits["validation"])
    np.testing.assert_array_equal(samples.inputs["image"], data.images(samples.records))
    np.testing.assert_array_equal(samples.targets, data.targets[samples.records])
    assert len(samples.calibration["image"]) == 100


def test_predictions_of_a_model_without_samples_need_none(trained):
    model = replace(load_model(trained / "model"), samples_file=None)
    assert next(predict(model, [trained / "00.png"])).answer is not None
