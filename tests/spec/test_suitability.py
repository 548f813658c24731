"""Unsuitable combinations are refused when the spec is read, with alternatives."""

import pytest

from automap.spec.errors import SpecError
from automap.spec.load import load_spec
from automap.spec.suitability import tasks_that_learn_from

NUMBERS = "dataset: {type: csv, path: t.csv, number_columns: age}\n"
LABELS = "dataset: {type: csv, path: t.csv, label_columns: [a, b]}\n"
CLASSES = "dataset: {type: folder, path: d}\n"
FACES = CLASSES + "task: face_recognition\n"


def read(folder, text):
    path = folder / "s.yaml"
    path.write_text(text, encoding="utf-8")
    return load_spec(path)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (
            NUMBERS + "augmentation: mix_up\n",
            2,
            "augmentation 'mix_up' blends images and their labels, but the targets of the task",
        ),
        (
            NUMBERS + "augmentation: [{choices: [none, {choices: [cut_mix]}]}]\n",
            2,
            "the targets of the task 'regression' cannot be blended",
        ),
        (
            "dataset: {type: masks, path: d}\naugmentation: mix_up\n",
            2,
            "does not keep segmentation_masks aligned with the image",
        ),
        (
            FACES + "augmentation: cut_mix\nloss: {choices: [arcface, triplet]}\n",
            4,
            "'triplet' needs one class for each image",
        ),
        (NUMBERS + "loss: cross_entropy\n", 2, "losses that do: absolute_error, huber, squared_error"),
        (
            NUMBERS + "loss: {choices: [huber, {choices: [ssim]}]}\n",
            2,
            "loss 'ssim' does not serve the task 'regression'",
        ),
        (LABELS + "loss: focal\n", 2, "losses that do: binary_cross_entropy, binary_focal"),
        (CLASSES + "loss: arcface\n", 2, "losses that do: cross_entropy, focal, squared_error"),
    ],
)
def test_unsuitable_components_are_refused_with_their_line(tmp_path, text, line, message):
    with pytest.raises(SpecError) as caught:
        read(tmp_path, text)
    assert message in str(caught.value)
    assert f"s.yaml:{line}:" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        CLASSES + "augmentation: [mix_up, cut_mix]\n",
        LABELS + "augmentation: mix_up\n",
        FACES + "augmentation: mix_up\nloss: {choices: [arcface, cosface]}\n",
        FACES + "augmentation: random_flip\nloss: {choices: [triplet, circle]}\n",
    ],
)
def test_suitable_components_are_accepted(tmp_path, text):
    assert read(tmp_path, text).loss is not None


def test_the_tasks_of_a_kind_of_target_start_with_the_one_that_is_inferred():
    assert tasks_that_learn_from("label") == ("classification", "face_recognition")
    assert tasks_that_learn_from("numbers") == ("regression",)
    assert tasks_that_learn_from("smells") == ()
