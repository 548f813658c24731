"""The example plugins keep automap's promises."""

import pytest
from automap_example_plugin.conv_mixer import ConvMixer
from automap_example_plugin.gaussian_noise import GaussianNoise

from automap.testing import check_architecture, check_augmentation


@pytest.mark.parametrize("patch_size", [1, 2])
def test_conv_mixer(patch_size):
    check_architecture(ConvMixer(width=32, depth=2, patch_size=patch_size))


def test_gaussian_noise():
    check_augmentation(GaussianNoise(strength=30.0))


def test_values_out_of_range_are_refused():
    with pytest.raises(ValueError, match="depth"):
        ConvMixer(depth=0)
    with pytest.raises(ValueError, match="strength"):
        GaussianNoise(strength=-1.0)
