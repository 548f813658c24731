"""Test-time augmentation: what is seen in the mirror is where it is in the image."""

import numpy as np
import pytest
from support.onnx_models import SIDE, TASKS, write_onnx

from automap.models.flipping import with_flips
from automap.models.load import load_model


@pytest.mark.parametrize("task", TASKS)
def test_answers_of_models_that_see_no_direction_stay(tmp_path, task):
    image = np.random.default_rng(0).integers(0, 255, (SIDE, SIDE, 3)).astype(np.uint8)
    model = load_model(write_onnx(tmp_path, task))
    [plain], [flipped] = model.predict([image]), with_flips(model).predict([image])
    if task == "face_recognition":
        assert np.dot(flipped.embedding, flipped.embedding) == pytest.approx(np.dot(plain.embedding, plain.embedding))
        return
    for one, other in zip(plain.rows(3), flipped.rows(3), strict=True):
        assert list(one) == list(other)
        for name, value in one.items():
            assert other[name] == (pytest.approx(value, abs=1e-5) if isinstance(value, float) else value)
    if hasattr(plain, "pixels"):
        np.testing.assert_array_equal(plain.pixels, flipped.pixels)
