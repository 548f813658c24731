"""Losses of embeddings against plain loops, and the effect of training with them."""

import keras
import numpy as np
import pytest
from keras import ops
from scipy.special import logsumexp
from support.infos import data_info

from automap.spec.plugins import load_plugin

INFO = data_info(
    image_shape=(8, 8, 1),
    classes=("a", "b", "c"),
    class_counts=(4, 4, 4),
    train_size=12,
    mean=(0,),
    std=(1,),
)
RANDOM = np.random.default_rng(0)
IDENTITIES = np.array([0, 0, 0, 1, 1, 1, 1, 2, 2, 0])
LABELS = np.eye(3, dtype="float32")[IDENTITIES]


def units(count: int, size: int = 4) -> np.ndarray:
    rows = RANDOM.normal(size=(count, size))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype("float32")


EMBEDDINGS = units(len(IDENTITIES))


def loss(name: str, **settings):
    return load_plugin("automap.losses", name)(**settings).build(INFO)


def softmax_loss(logits: np.ndarray) -> float:
    return float((logsumexp(logits, axis=1) - logits[np.arange(len(logits)), IDENTITIES]).mean())


@pytest.fixture
def cosines(monkeypatch):
    """The centres that a margin loss is given, and the cosines of the embeddings to them."""
    centres = units(3)
    return centres, EMBEDDINGS.astype("float64") @ centres.T


def with_centres(layer, centres):
    layer(LABELS, EMBEDDINGS)
    layer.centres.assign(5.0 * centres)  # Their length does not matter.
    return float(layer(LABELS, EMBEDDINGS))


def test_arcface_adds_to_the_angle(cosines):
    centres, cos = cosines
    angles = np.arccos(cos) + 0.4 * LABELS
    assert (angles < np.pi).all()
    assert with_centres(loss("arcface", scale=10, margin=0.4), centres) == pytest.approx(
        softmax_loss(10 * np.cos(angles)), rel=1e-4
    )


def test_cosface_takes_from_the_cosine(cosines):
    centres, cos = cosines
    assert with_centres(loss("cosface", scale=10, margin=0.3), centres) == pytest.approx(
        softmax_loss(10 * (cos - 0.3 * LABELS)), rel=1e-4
    )


def test_without_margin_both_equal_the_softmax_of_cosines(cosines):
    centres, cos = cosines
    for name in ("arcface", "cosface"):
        assert with_centres(loss(name, scale=10, margin=0), centres) == pytest.approx(softmax_loss(10 * cos), rel=1e-4)


def test_the_logit_of_arcface_falls_with_the_angle_up_to_the_opposite_side():
    angles = np.linspace(0.01, np.pi - 0.01, 50)
    layer = load_plugin("automap.losses", "arcface")(margin=0.5).build(INFO)
    harder = np.asarray(layer._harder(np.cos(angles).astype("float32")))
    assert (np.diff(harder) < 1e-3).all()
    assert np.isfinite(harder).all()


def test_triplet_takes_the_farthest_of_the_own_and_the_nearest_of_the_others():
    distances = np.linalg.norm(EMBEDDINGS[:, None] - EMBEDDINGS[None], axis=2)
    gaps = []
    for image, identity in enumerate(IDENTITIES):
        own = [distances[image, j] for j in range(10) if IDENTITIES[j] == identity and j != image]
        others = [distances[image, j] for j in range(10) if IDENTITIES[j] != identity]
        gaps.append(max(own) - min(others))
    gaps = np.array(gaps)
    found = float(loss("triplet", margin=0.3)(LABELS, EMBEDDINGS))
    assert found == pytest.approx(np.maximum(0, gaps + 0.3).mean(), rel=1e-4)
    assert float(loss("triplet", margin=0)(LABELS, EMBEDDINGS)) == pytest.approx(
        np.log1p(np.exp(gaps)).mean(), rel=1e-4
    )


def test_circle_by_loops_over_pairs():
    gamma, margin = 20.0, 0.25
    similarities = EMBEDDINGS.astype("float64") @ EMBEDDINGS.T
    values = []
    for image, identity in enumerate(IDENTITIES):
        own = [similarities[image, j] for j in range(10) if IDENTITIES[j] == identity and j != image]
        others = [similarities[image, j] for j in range(10) if IDENTITIES[j] != identity]
        near = sum(np.exp(-gamma * max(0, 1 + margin - s) * (s - (1 - margin))) for s in own)
        far = sum(np.exp(gamma * max(0, s + margin) * (s - margin)) for s in others)
        values.append(np.log1p(near * far))
    assert float(loss("circle", gamma=gamma, margin=margin)(LABELS, EMBEDDINGS)) == pytest.approx(
        np.mean(values), rel=1e-4
    )


@pytest.mark.parametrize("name", ["triplet", "circle"])
def test_an_image_without_a_partner_counts_nothing(name):
    alone = np.eye(3, dtype="float32")
    assert float(loss(name)(alone, units(3))) == 0
    assert float(loss(name)(np.tile(alone[:1], (3, 1)), units(3))) == 0


@pytest.mark.parametrize(("name", "partners"), [("arcface", None), ("cosface", None), ("triplet", 4), ("circle", 4)])
def test_descending_brings_identities_together(name, partners):
    keras.utils.set_random_seed(7)
    component = load_plugin("automap.losses", name)()
    assert component.images_per_class == partners
    layer, start = component.build(INFO), units(10)
    embeddings = keras.Variable(start)

    class Free(keras.Model):
        """Embeddings that are weights themselves."""

        def __init__(self):
            super().__init__()
            self.embeddings, self.measure = embeddings, layer

        def call(self, labels):
            return self.embeddings / ops.norm(self.embeddings, axis=1, keepdims=True)

        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            return self.measure(x, y_pred)

    model = Free()
    model(LABELS)
    layer(LABELS, start)
    model.compile(keras.optimizers.Adam(0.05))
    model.fit(LABELS, batch_size=10, epochs=100, shuffle=False, verbose=0)
    after = np.asarray(model(LABELS))
    same = IDENTITIES[:, None] == IDENTITIES[None]
    similarities = after @ after.T
    assert np.isfinite(after).all()
    before = start @ start.T
    assert similarities[same].mean() - similarities[~same].mean() > 0.8
    assert before[same].mean() - before[~same].mean() < 0.5
