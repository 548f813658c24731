"""Enhancement's metrics against scikit-image, its heads at every scale."""

import keras
import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from support.infos import data_info

from automap.spec.plugins import find_plugins, load_plugin
from automap.tasks.enhancement.task import Enhancement

RANDOM = np.random.default_rng(0)
CLEAN = astronaut()[:64, 180:260]
NOISY = (CLEAN + RANDOM.normal(0, 20, CLEAN.shape)).clip(0, 255).astype(np.uint8)


def info(shape, scale=1):
    channels = shape[2]
    return data_info(
        "image", image_shape=shape, train_size=9, mean=(0.0,) * channels, std=(1.0,) * channels, scale=scale
    )


def reference(target, image):
    similarity = structural_similarity(
        target, image, channel_axis=-1, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    return peak_signal_noise_ratio(target, image, data_range=255), similarity


@pytest.mark.parametrize("channels", [1, 3])
def test_metrics_equal_those_of_scikit_image(channels):
    clean, noisy = CLEAN[..., :channels], NOISY[..., :channels]
    halfway = (clean.astype(float) + noisy) / 2 / 255
    evaluator = Enhancement().evaluator(info(clean.shape))
    evaluator.update(clean[None], halfway[None], {"image": noisy[None]})
    found = evaluator.compute()
    pixels = (halfway * 255).round().astype(np.uint8)
    assert (found["psnr"], found["ssim"]) == pytest.approx(reference(clean, pixels), abs=1e-6)
    assert (found["input_psnr"], found["input_ssim"]) == pytest.approx(reference(clean, noisy), abs=1e-6)
    assert set(found) == set(Enhancement.metrics) - {"loss"}


def test_a_smaller_input_is_judged_as_a_bicubic_filter_enlarges_it():
    small = np.asarray(Image.fromarray(CLEAN).resize((40, 32), Image.Resampling.BICUBIC))
    large = np.asarray(Image.fromarray(small).resize((80, 64), Image.Resampling.BICUBIC))
    evaluator = Enhancement().evaluator(info(small.shape, 2))
    evaluator.update(CLEAN[None], CLEAN[None] / 255, {"image": small[None]})
    found = evaluator.compute()
    assert found["psnr"] == 100
    assert found["input_psnr"] == pytest.approx(reference(CLEAN, large)[0])


@pytest.mark.parametrize("decoder", ["unet", "fpn"])
@pytest.mark.parametrize("scale", [1, 2, 4])
@pytest.mark.parametrize("architecture", list(find_plugins("automap.architectures")))
def test_an_untrained_network_returns_its_input(architecture, scale, decoder):
    described = info((32, 32, 3), scale)
    images = keras.Input(described.image.shape)
    features = load_plugin("automap.architectures", architecture)().build(images)
    network = keras.Model(images, Enhancement(decoder=decoder).outputs(features, {"image": images}, described))
    given = CLEAN[:32, :32][None]
    found = np.asarray(network(given.astype("float32")))
    assert found.shape == (1, 32 * scale, 32 * scale, 3)
    if scale == 1:
        np.testing.assert_allclose(found, given / 255, atol=1e-6)
    else:
        assert np.abs(found.mean() - (given / 255).mean()) < 0.01


def test_channels_become_pixels_in_their_order():
    from automap.tasks.enhancement.head import depth_to_space

    inputs = keras.Input((2, 3, 4))
    found = keras.Model(inputs, depth_to_space(inputs, 2, 1))(np.arange(24.0).reshape(1, 2, 3, 4))
    np.testing.assert_array_equal(np.asarray(found)[0, :2, :4, 0], [[0, 1, 4, 5], [2, 3, 6, 7]])


def test_answers_carry_the_image_outside_json():
    [answer] = Enhancement().decode(CLEAN[None] / 255, info(CLEAN.shape))
    np.testing.assert_array_equal(answer.pixels, CLEAN)
    assert answer.model_dump(mode="json") == {"height": 64, "width": 80}
    assert answer.rows() == [{"height": 64, "width": 80}]
    drawn = Enhancement().drawing(info(CLEAN.shape)).draw(Image.fromarray(NOISY), answer)
    np.testing.assert_array_equal(np.asarray(drawn), np.concatenate([NOISY, CLEAN], axis=1))


def test_pixels_of_16_bits_are_measured_and_returned_at_16_bits():
    clean, noisy = (each[..., :1].astype(np.uint16) * 257 for each in (CLEAN, NOISY))
    described = info(clean.shape)
    image = described.image.model_copy(update={"bit_depth": 16})
    described = described.model_copy(update={"inputs": {"image": image}})
    evaluator = Enhancement().evaluator(described)
    evaluator.update(clean[None], noisy[None] / 65535, {"image": noisy[None]})
    found = evaluator.compute()
    assert (found["psnr"], found["ssim"]) == pytest.approx(reference(CLEAN[..., :1], NOISY[..., :1]), abs=1e-6)
    [answer] = Enhancement().decode(clean[None] / 65535, described)
    assert answer.pixels.dtype == np.uint16
    np.testing.assert_array_equal(answer.pixels, clean)
    assert np.asarray(Enhancement().loss_target(Enhancement().prepare(clean, described))).max() <= 1
