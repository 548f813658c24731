"""Tiled prediction equals prediction of the whole image."""

import numpy as np
import pytest
from scipy.ndimage import uniform_filter
from skimage.data import camera

from automap.models.tiles import by_tiles


@pytest.mark.parametrize("size", [(5, 9), (32, 32), (33, 70), (100, 64), (150, 201)])
@pytest.mark.parametrize("scale", [1, 2])
def test_neutral_settings_keep_the_image(size, scale):
    image = camera()[: size[0], : size[1], None]
    found = by_tiles(lambda tiles: tiles.repeat(scale, axis=1).repeat(scale, axis=2), image, (32, 32))
    np.testing.assert_array_equal(found, image.repeat(scale, axis=0).repeat(scale, axis=1))


def test_no_seam_shows_where_a_filter_looks_no_further_than_the_margin():
    image = camera()[:150, :130, None].astype(float)
    found = by_tiles(lambda tiles: uniform_filter(tiles, (1, 7, 7, 1)), image, (32, 32))
    np.testing.assert_allclose(found, uniform_filter(image, (7, 7, 1)), atol=1e-9)
