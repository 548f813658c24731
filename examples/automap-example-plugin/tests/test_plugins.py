"""What automap asks of an architecture and of an augmentation, on real images."""

from __future__ import annotations

import subprocess
import sys

import keras
import numpy as np
import pytest
from automap_example_plugin.conv_mixer import ConvMixer
from automap_example_plugin.gaussian_noise import GaussianNoise
from sklearn.datasets import load_digits


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    """Return 256 handwritten digits, (256, 8, 8, 1), float32, 0 to 255, and their labels."""
    data = load_digits()
    return data.images[:256, ..., None].astype("float32") * (255 / 16), data.target[:256]


@pytest.mark.parametrize("shape", [(8, 8, 1), (28, 28, 1), (33, 47, 3)])
@pytest.mark.parametrize("patch_size", [1, 2, 4])
def test_feature_maps_have_the_size_that_their_stride_says(shape, patch_size):
    features = ConvMixer(patch_size=patch_size, depth=1).build(keras.Input(shape))
    for stride, feature in features.items():
        assert tuple(feature.shape[1:3]) == (-(-shape[0] // stride), -(-shape[1] // stride))


def test_the_architecture_learns(digits):
    images, labels = digits
    inputs = keras.Input(images.shape[1:])
    (features,) = ConvMixer(width=32, depth=2).build(keras.layers.Rescaling(1 / 128, -1)(inputs)).values()
    outputs = keras.layers.Dense(10)(keras.layers.GlobalAveragePooling2D()(features))
    model = keras.Model(inputs, outputs)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(3e-3), loss, metrics=["accuracy"])
    history = model.fit(images, labels, batch_size=32, epochs=8, verbose=0).history
    assert history["accuracy"][-1] > 0.9


def test_noise_keeps_shape_type_and_range_and_differs_between_images(digits):
    images = np.repeat(digits[0][:1], 16, axis=0)
    batch = {"images": keras.ops.convert_to_tensor(images), "labels": keras.ops.ones((16, 10))}
    for layer in GaussianNoise(strength=30.0).build():
        batch = layer(batch, training=True)
    noisy = keras.ops.convert_to_numpy(batch["images"])
    assert noisy.shape == images.shape
    assert noisy.dtype == images.dtype
    assert noisy.min() >= 0
    assert noisy.max() <= 255
    assert len({image.tobytes() for image in noisy}) == 16
    assert np.all(keras.ops.convert_to_numpy(batch["labels"]) == 1)


def test_noise_is_added_in_training_only(digits):
    batch = {"images": keras.ops.convert_to_tensor(digits[0])}
    for layer in GaussianNoise().build():
        batch = layer(batch, training=False)
    assert np.array_equal(keras.ops.convert_to_numpy(batch["images"]), digits[0])


def test_reading_the_hyperparameters_imports_no_keras():
    code = (
        "import sys; from automap_example_plugin import conv_mixer, gaussian_noise;"
        "conv_mixer.ConvMixer(); gaussian_noise.GaussianNoise(); assert 'keras' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_values_out_of_range_are_refused():
    with pytest.raises(ValueError, match="depth"):
        ConvMixer(depth=0)
    with pytest.raises(ValueError, match="strength"):
        GaussianNoise(strength=-1.0)
