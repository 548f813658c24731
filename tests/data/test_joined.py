"""Two data sets as one."""

import numpy as np
import pytest
from support.images import digits

from automap.data.joined import JoinedData
from automap.data.prepare import prepare
from automap.exceptions import UserError
from automap.spec.spec import Spec


def prepared(folder, name, labels, images=None):
    shown, _ = digits()
    np.savez(folder / f"{name}.npz", x=shown[: len(labels)] if images is None else images, y=labels)
    spec = Spec.model_validate({"dataset": {"type": "npz", "path": str(folder / f"{name}.npz")}})
    return prepare(spec.dataset, cache=folder / "cache")


def test_new_classes_follow_the_known_ones(tmp_path):
    old = prepared(tmp_path, "old", np.array(["b", "d"] * 20))
    new = prepared(tmp_path, "new", np.array(["a", "d", "c"] * 10))
    joined = JoinedData(old, new)
    assert joined.info.target.classes == ("b", "d", "a", "c")
    assert joined.info.image == old.info.image
    assert joined.info.train_size == len(joined.splits["train"]) == old.info.train_size + new.info.train_size
    assert sum(joined.info.target.class_counts) == joined.info.train_size
    records = np.array([41, 0, 69, 40, 1])
    names = [joined.info.target.classes[index] for index in joined.batch_targets(records)]
    assert names == ["d", "b", "c", "a", "d"]
    np.testing.assert_array_equal(joined.images(records)[[1, 4]], old.images(np.array([0, 1])))
    np.testing.assert_array_equal(joined.images(records)[[0, 2, 3]], new.images(np.array([1, 29, 0])))
    assert joined.part("old").splits["test"].tolist() == np.asarray(old.splits["test"]).tolist()
    assert joined.part("new").splits["test"].tolist() == (np.asarray(new.splits["test"]) + 40).tolist()


def test_images_of_another_size_are_refused(tmp_path):
    old = prepared(tmp_path, "old", np.array(["b", "d"] * 20))
    new = prepared(
        tmp_path,
        "new",
        np.array(["b", "d"] * 20),
        np.random.default_rng(0).integers(0, 255, (40, 16, 16)).astype(np.uint8),
    )
    with pytest.raises(UserError, match="has other images or targets"):
        JoinedData(old, new)
