"""Detection: metrics against pycocotools, target assignment by hand, heads on every architecture, and learning."""

import contextlib
import io

import keras
import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from scipy.special import expit
from support.candidates import candidate
from support.infos import data_info

from automap.data.decode.geometry import fit
from automap.spec.plugins import find_plugins
from automap.tasks.detection.answer import DetectionAnswer
from automap.tasks.detection.average_precision import Found, Truth, average_precision, iou
from automap.tasks.detection.decode import find_boxes, suppress
from automap.tasks.detection.task import Detection
from automap.training.build import build_network
from automap_losses.fcos import Fcos
from automap_losses.fcos_loss import FcosLoss, assign, centerness, giou

INFO = data_info(
    "boxes",
    image_shape=(64, 64, 1),
    classes=("a", "b", "c"),
    class_counts=(5, 5, 5),
    train_size=10,
    mean=(0.0,),
    std=(1.0,),
    max_boxes=4,
)


def random_images(seed, images=20, classes=3, crowded=0.0):
    """Boxes, and what a fair detector would say of them."""
    random = np.random.default_rng(seed)
    found, truth = [], []
    for _ in range(images):
        count = random.integers(0, 6)
        corner = random.uniform(0, 150, (count, 2))
        boxes = np.concatenate([corner, corner + random.uniform(4, 120, (count, 2))], axis=1)
        labels = random.integers(0, classes, count)
        truth.append(Truth(boxes, labels, random.random(count) < crowded, np.zeros(count, bool)))
        seen = np.repeat(boxes, 2, axis=0) + random.normal(0, 6, (2 * count, 4))
        seen[:, 2:] = np.maximum(seen[:, 2:], seen[:, :2] + 1)
        said = np.where(random.random(2 * count) < 0.8, np.repeat(labels, 2), random.integers(0, classes, 2 * count))
        found.append(Found(seen, random.random(2 * count), said))
    return found, truth


def by_pycocotools(found, truth, classes):
    def rows(values):
        return [
            {
                "id": number,
                "image_id": image,
                "category_id": int(label) + 1,
                "bbox": [box[0], box[1], box[2] - box[0], box[3] - box[1]],
                "area": float((box[2] - box[0]) * (box[3] - box[1])),
                "iscrowd": 0,
                **extra,
            }
            for number, (image, box, label, extra) in enumerate(values, start=1)
        ]

    with contextlib.redirect_stdout(io.StringIO()):
        there = COCO()
        there.dataset = {
            "images": [{"id": image} for image in range(len(truth))],
            "categories": [{"id": index + 1} for index in range(classes)],
            "annotations": rows(
                (i, box, label, {"iscrowd": int(crowd)})
                for i, each in enumerate(truth)
                for box, label, crowd, _ in zip(*each, strict=True)
            ),
        }
        there.createIndex()
        said = COCO()
        said.dataset = {
            **there.dataset,
            "annotations": rows(
                (i, box, label, {"score": float(score)})
                for i, each in enumerate(found)
                for box, score, label in zip(*each, strict=True)
            ),
        }
        said.createIndex()
        judge = COCOeval(there, said, "bbox")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    return judge.stats


@pytest.mark.parametrize("crowded", [0.0, 0.4])
@pytest.mark.parametrize("seed", range(6))
def test_metrics_equal_those_of_cocos_own_program(seed, crowded):
    found, truth = random_images(seed, crowded=crowded)
    ours = average_precision(found, truth, 3)
    theirs = by_pycocotools(found, truth, 3)
    assert ours.precision == pytest.approx(theirs[0], abs=5e-5)
    assert ours.precision_at_half == pytest.approx(theirs[1], abs=5e-5)
    assert ours.recall == pytest.approx(theirs[8], abs=5e-5)


@pytest.mark.parametrize(
    ("label", "score"), [(-4.0, 1.0), (-2.0, 0.5), (-5.0, 0.5)], ids=["its crowd", "a crowd of others", "larger"]
)
def test_matches_of_crowd_regions_are_ignored(label, score):
    evaluator = Detection().evaluator(INFO)
    targets = np.array([[[10, 10, 20, 20, 1], [30, 30, 60, 60, label], [0, 0, 0, 0, -1]]], np.float32)
    sure, surer = 5.0, 9.0
    outputs = np.array(
        [
            [15, 15, 8, 5, 5, 5, 5, sure, -9, sure, -9],
            [45, 45, 8, 5, 5, 5, 5, surer, -9, surer, -9],
        ],
        np.float32,
    )
    evaluator.update(targets, outputs[None], {})
    assert evaluator.compute()["ap50"] == pytest.approx(score, abs=0.01)


def test_difficult_objects_are_neither_missed_nor_wrongly_found_as_in_the_voc_protocol():
    no = np.zeros(2, bool)
    boxes = np.array([[0, 0, 10, 10], [30, 30, 50, 50]], float)
    truth = Truth(boxes, np.array([0, 0]), no, np.array([False, True]))
    twice_the_difficult_one = np.array([[30, 30, 50, 49], [31, 30, 50, 50], [0, 0, 10, 10]], float)
    found = Found(twice_the_difficult_one, np.array([0.9, 0.8, 0.5]), np.zeros(3, int))
    assert average_precision([found], [truth], 1).precision_at_half == pytest.approx(1.0)
    nothing = Found(boxes[:1], np.array([0.9]), np.zeros(1, int))
    assert average_precision([nothing], [truth], 1).recall == pytest.approx(1.0)
    elsewhere = Found(np.array([[70, 70, 90, 90], [0, 0, 10, 10]], float), np.array([0.9, 0.5]), np.zeros(2, int))
    assert average_precision([elsewhere], [truth], 1).precision_at_half == pytest.approx(0.5)


@pytest.mark.parametrize(("label", "learned"), [(-2.0, False), (-5.0, False), (-1.0, True)])
def test_the_loss_ignores_what_is_predicted_in_ignored_boxes(label, learned):
    points = grid(8)
    boxes = np.array([[[0, 0, 16, 16, 1], [32, 32, 64, 64, label]]], np.float32)
    inside = ((points[:, :2] > 32) & (points[:, :2] < 64)).all(axis=-1)
    output = np.concatenate([points, np.full((len(points), 8), -4.0, np.float32)], axis=-1)
    surer = np.where(inside[:, None], np.concatenate([points, np.full((len(points), 8), 4.0)], axis=-1), output)
    loss = FcosLoss(2.0, 0.25, 1.0)
    before, after = (float(loss.call(boxes, said[None].astype(np.float32))) for said in (output, surer))
    assert (abs(after - before) > 0.1) is learned


def test_splits_without_boxes_have_no_score():
    with pytest.raises(ValueError, match="no image has a box"):
        average_precision(
            [Found(np.empty((0, 4)), np.empty(0), np.empty(0))],
            [Truth(np.empty((0, 4)), np.empty(0), np.empty(0, bool), np.empty(0, bool))],
            2,
        )


def test_overlaps_by_hand():
    first = np.array([[0, 0, 10, 10], [0, 0, 0, 0]])
    assert iou(first, np.array([[5, 0, 15, 10], [0, 0, 10, 10]])).tolist() == [[1 / 3, 1.0], [0.0, 0.0]]


def test_nms_keeps_the_most_probable_box():
    boxes = np.array([[0, 0, 10, 10], [1, 0, 10, 10], [1, 0, 10, 10], [40, 40, 50, 50]])
    assert suppress(boxes, np.array([0, 0, 1, 0])).tolist() == [0, 2, 3]


def grid(stride, side=64):
    middle = (np.arange(side // stride) + 0.5) * stride
    y, x = np.meshgrid(middle, middle, indexing="ij")
    return np.stack([x.ravel(), y.ravel(), np.full(x.size, stride)], axis=-1).astype("float32")


def test_points_answer_for_the_smallest_box_around_them_that_suits_their_level():
    points = np.concatenate([grid(4), grid(16)])[None]
    boxes = np.array([[[8, 8, 24, 24, 1], [0, 0, 64, 64, 2], [12, 12, 20, 20, 0], [0, 0, 0, 0, -1]]], "float32")
    edges, classes, answers = (np.asarray(each) for each in assign(boxes, points))
    x, y, stride = points[0].T
    chosen = np.where(answers[0], classes[0], -1)
    assert chosen[(x == 14) & (y == 14) & (stride == 4)] == 0
    assert chosen[(x == 24) & (y == 40) & (stride == 16)] == 2
    assert (chosen[(stride == 4) & (x > 30)] == -1).all()
    at = np.flatnonzero((x == 14) & (y == 18) & (stride == 4))[0]
    assert edges[0, at].tolist() == [2, 6, 6, 2]


def test_overlap_and_middle_by_hand():
    same = np.array([[4.0, 4, 4, 4]])
    assert float(giou(same, same)[0]) == pytest.approx(1.0)
    assert float(giou(same, np.array([[4.0, 4, 0, 4]]))[0]) == pytest.approx(0.5)
    assert float(centerness(same)[0]) == pytest.approx(1.0)
    assert float(centerness(np.array([[1.0, 2, 4, 2]]))[0]) == pytest.approx(0.5)


def loss_by_loops(boxes, said, gamma, alpha, box_weight):
    """The loss of one image, point by point, from the assignment that is tested above."""
    edges, classes, answers = (np.asarray(each)[0] for each in assign(boxes[None], said[None, :, :3]))
    focal, overlap, centred, weights = 0.0, 0.0, 0.0, 0.0
    for point, own, label, counted in zip(said, edges.astype(float), classes, answers, strict=True):
        (x, y), skipped = point[:2], boxes[boxes[:, 4] < -1]
        ignored = any(left < x < right and top < y < bottom for left, top, right, bottom, _ in skipped)
        for index, logit in enumerate(point[8:] if counted or not ignored else ()):
            right = expit(logit) if counted and index == label else 1 - expit(logit)
            focal -= (alpha if counted and index == label else 1 - alpha) * (1 - right) ** gamma * np.log(right)
        if counted:
            across, down = own[[0, 2]], own[[1, 3]]
            middle = np.sqrt(across.min() / across.max() * down.min() / down.max())
            mine, theirs = (np.concatenate([point[:2] - each[:2], point[:2] + each[2:]]) for each in (own, point[3:7]))
            low, high = np.minimum(mine, theirs), np.maximum(mine, theirs)
            whole = np.prod(high[2:] - low[:2])
            shared = np.prod(np.clip(low[2:] - high[:2], 0, None))
            union = sum(np.prod(each[2:] - each[:2]) for each in (mine, theirs)) - shared
            overlap += middle * (1 - (shared / union - (whole - union) / whole))
            centred -= middle * np.log(expit(point[7])) + (1 - middle) * np.log(1 - expit(point[7]))
            weights += middle
    return (focal + centred) / answers.sum() + box_weight * overlap / weights


def test_the_loss_is_focal_giou_and_the_entropy_of_the_middle():
    random = np.random.default_rng(3)
    points = np.concatenate([grid(4), grid(16)])
    said = np.concatenate([points, random.uniform(1, 20, (len(points), 4)), random.normal(size=(len(points), 4))], 1)
    said = said.astype("float32")
    boxes = np.array([[8, 8, 24, 24, 1], [0, 0, 64, 60, 2], [30, 12, 40, 25, 0], [0, 0, 0, 0, -1]], "float32")
    settings = {"gamma": 1.5, "alpha": 0.3, "box_weight": 2.0}
    loss = Fcos(**settings).build(INFO)
    found = float(loss(boxes[None], said[None]))
    assert found == pytest.approx(loss_by_loops(boxes, said, **settings), rel=1e-4)
    crowded = boxes.copy()
    crowded[3] = [4, 4, 60, 60, -3]
    without = float(loss(crowded[None], said[None]))
    assert without == pytest.approx(loss_by_loops(crowded, said, **settings), rel=1e-4)
    assert without < found


@pytest.mark.parametrize("architecture", sorted(find_plugins("automap.architectures")))
def test_every_architecture_serves_detection(architecture):
    keras.utils.set_random_seed(0)
    chosen = candidate({"type": architecture}, task={"type": "detection", "width": 32}, loss="fcos")
    network = build_network(chosen, INFO)
    outputs = np.asarray(network(np.zeros((2, 64, 64, 1), "float32")))
    assert outputs.shape == (2, outputs.shape[1], 8 + 3)
    assert np.isfinite(outputs).all()
    assert ((outputs[..., :2] > 0) & (outputs[..., :2] < 64)).all()
    # Before training hardly anything is thought to be there.
    assert find_boxes(outputs[0], (64, 64)).scores.max(initial=0) < 0.3


def test_a_saved_detector_is_the_same(tmp_path):
    network = build_network(candidate("cnn", task="detection", loss="fcos"), INFO)
    network.save(tmp_path / "model.keras")
    images = np.random.default_rng(0).uniform(0, 255, (2, 64, 64, 1)).astype("float32")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(np.asarray(again(images)), np.asarray(network(images)), rtol=1e-5, atol=1e-5)


def test_answers_are_boxes_with_their_names():
    output = np.full((1, 3, 11), -9.0, "float32")
    output[0, :, :3] = [[10, 10, 4], [11, 10, 4], [40, 40, 4]]
    output[0, :, 3:7] = 6
    output[0, :, 7] = 9
    output[0, 0, 9] = output[0, 2, 8] = 3
    output[0, 1, 9] = 2
    [answer] = Detection().decode(output, INFO)
    assert [each.label for each in answer.boxes] == ["b", "a"]
    assert answer.boxes[0].box == (4, 4, 16, 16)
    assert list(answer.rows()[0]) == ["label", "probability", "left", "top", "right", "bottom"]
    assert len(answer.rows()) == 2
    placed = answer.in_image(fit((128, 64), (64, 64), "pad"))
    # The image of 128 rows and 64 columns fills the middle of the record at half its size.
    assert placed.boxes[0].box == (0, 8, 0, 32)
    assert DetectionAnswer(boxes=()).rows() == [{}]
    drawn = np.asarray(Detection().drawing(INFO).draw(Image.new("RGB", (64, 128)), placed))
    assert drawn.any()
