"""Targets in the image follow its geometry; all kinds of target survive the cache."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from skimage.data import astronaut

from automap import DataError, Dataset, Sample
from automap.data.decode.image import decode_record
from automap.data.decode.mask import decode_mask
from automap.data.prepare import prepare
from automap.data.sources.degraded import Degraded
from automap.data.sources.masks import Masks
from automap.data.sources.pairs import Pairs
from automap.interfaces.data_info import ImageInfo

PHOTOGRAPH = astronaut()[:200, :300]
RESIZES = ["pad", "crop", "stretch"]


class InMemory(Dataset):
    """Records that a test made; not installed as a plugin."""

    found: tuple = ()

    def samples(self):
        yield from self.found


def in_memory(kind, records, **fields):
    class Mine(InMemory):
        target = kind

    return Mine(found=tuple(records), **fields)


def decode_placed(image, shape, resize):
    pixels, geometry, _ = decode_record(image, ImageInfo(shape=shape, resize=resize))
    return pixels, geometry


def image_and_mask(size=(120, 200), box=(40, 30, 140, 90)):
    """Return a black image with a white rectangle, and the mask of the rectangle."""
    image = np.zeros((*size, 3), np.uint8)
    left, top, right, bottom = box
    image[top:bottom, left:right] = 255
    return image, (image[..., 0] > 0).astype(np.uint8)


@pytest.mark.parametrize("resize", RESIZES)
@given(
    height=st.integers(40, 300),
    width=st.integers(40, 300),
    side=st.integers(32, 96),
    edges=st.randoms(use_true_random=False),
)
@settings(max_examples=40, deadline=None)
def test_masks_and_boxes_lie_where_the_image_shows_them(resize, height, width, side, edges):
    left, top = edges.randint(0, width - 20), edges.randint(0, height - 20)
    box = (left, top, edges.randint(left + 12, width), edges.randint(top + 12, height))
    image, mask = image_and_mask((height, width), box)
    pixels, geometry = decode_placed(image, (side, side, 3), resize)
    placed = decode_mask(mask, geometry)
    white = pixels[..., 0] > 127
    # Both are the same rectangle, up to a pixel at each edge, which two filters round in their own way.
    differing = (placed == 1) != white
    assert differing.sum() <= 2 * (white.sum(axis=0).max(initial=0) + white.sum(axis=1).max(initial=0)) + 4
    outside = np.ones((side, side), bool)
    x0, y0, x1, y1 = geometry.inner
    outside[y0:y1, x0:x1] = False
    assert (placed[outside] == 255).all()
    assert (placed[~outside] != 255).all()
    moved = geometry.box(box)
    if geometry.visible(box) > 0.25 and (placed == 1).any():
        rows, columns = np.nonzero(placed == 1)
        found = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        np.testing.assert_allclose(moved, found, atol=1.01)


@pytest.mark.parametrize("resize", ["pad", "stretch"])
def test_a_box_of_the_record_goes_back_to_where_it_was(resize):
    _, geometry = decode_placed(PHOTOGRAPH, (64, 64, 3), resize)
    np.testing.assert_allclose(geometry.box_in_image(geometry.box((30, 40, 200, 120))), (30, 40, 200, 120), atol=1e-6)


@pytest.mark.parametrize("resize", RESIZES)
def test_the_answer_for_a_record_goes_back_to_the_image(resize):
    _, mask = image_and_mask()
    _, geometry = decode_placed(np.repeat(mask[..., None], 3, axis=2) * 255, (64, 64, 3), resize)
    back = geometry.in_image(Image.fromarray(decode_mask(mask, geometry)), Image.Resampling.NEAREST)
    left, top, right, bottom = (round(edge) for edge in geometry.shown)
    shown = np.s_[top:bottom, left:right]
    assert back.size == (200, 120)
    assert (np.asarray(back)[shown] == mask[shown]).mean() > 0.95


def test_masks_are_rotated_with_their_image():
    image, mask = image_and_mask()
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", exif=exif, quality=95)
    pixels, geometry = decode_placed(buffer.getvalue(), (200, 120, 3), "pad")
    for drawn in (mask, np.rot90(mask, -1)):  # Over what is stored, and over what is shown.
        placed = decode_mask(np.ascontiguousarray(drawn), geometry)
        assert ((placed == 1) == (pixels[..., 0] > 127)).mean() > 0.99


def test_a_large_jpeg_that_is_opened_smaller_keeps_its_geometry():
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((1201, 1603, 3), np.uint8)).save(buffer, "JPEG")
    _, geometry = decode_placed(buffer.getvalue(), (64, 64, 3), "pad")
    assert geometry.source == (1201, 1603)
    np.testing.assert_allclose(geometry.shown, (0, 0, 1603, 1201))


def write_masks(folder, count=12, **save):
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    for index in range(count):
        image, mask = image_and_mask(box=(10 + 5 * index, 20, 90 + 5 * index, 80))
        image = np.clip(image.astype(int) + PHOTOGRAPH[:120, index : index + 200] // 4, 0, 255).astype(np.uint8)
        Image.fromarray(image).save(folder / "images" / f"{index}.png")
        Image.fromarray(mask * save.get("value", 1)).save(folder / "masks" / f"{index}.png")
    return folder


def test_masks_come_out_of_the_cache_as_they_went_in(tmp_path):
    data = prepare(
        Masks(path=write_masks(tmp_path / "d"), classes=("ground", "box"), image_size=(120, 200)), cache=tmp_path
    )
    assert data.targets.shape == (12, 120, 200)
    assert data.targets.dtype == np.uint8
    assert data.info.target.classes == ("ground", "box")
    assert data.info.target.class_counts == (data.info.train_size,) * 2
    masks = data.targets[np.arange(12)]
    for name, mask in zip(data.names, masks, strict=True):
        expected = np.asarray(Image.open(tmp_path / "d" / "masks" / name))
        np.testing.assert_array_equal(mask, expected)


def test_mask_values_and_ignored_values_can_be_declared(tmp_path):
    folder = write_masks(tmp_path / "d", value=255)
    data = prepare(Masks(path=folder, values=(0, 255)), cache=tmp_path)
    assert data.info.target.classes == ("0", "255")
    assert set(np.unique(data.targets[np.arange(3)])) <= {0, 1, 255}
    for classes in ((), ("ground", "box")):
        with pytest.raises(DataError, match=r"show fewer than two classes.*values: \[0, 255\]"):
            prepare(Masks(path=folder, classes=classes), cache=tmp_path)
    with pytest.raises(DataError, match=r"its mask has a value that is not in dataset\.values.*\(255\)"):
        prepare(Masks(path=folder, values=(0, 7), ignore=3), cache=tmp_path)


def test_missing_or_mismatched_masks_are_reported(tmp_path):
    folder = write_masks(tmp_path / "d")
    (folder / "masks" / "3.png").unlink()
    Image.new("L", (7, 9)).save(folder / "masks" / "4.png")
    Image.new("RGB", (200, 120)).save(folder / "masks" / "5.png")
    data = prepare(Masks(path=folder, max_bad=0.5), cache=tmp_path)
    reasons = {record.name: record.reason for record in data.bad}
    assert reasons["3.png"] == "no mask of the same name"
    assert reasons["4.png"] == "its mask has another size"
    assert "colour image" in reasons["5.png"]


def test_a_changed_mask_makes_another_cache(tmp_path):
    folder = write_masks(tmp_path / "d")
    before = prepare(Masks(path=folder), cache=tmp_path)
    Image.fromarray(np.ones((120, 200), np.uint8)).save(folder / "masks" / "0.png")
    after = prepare(Masks(path=folder), cache=tmp_path)
    assert before.path != after.path
    assert before.fingerprint != after.fingerprint


def test_pairs_are_fitted_alike(tmp_path):
    for kind, scale in (("inputs", 1), ("targets", 2)):
        (tmp_path / "d" / kind).mkdir(parents=True)
        for index in range(8):
            part = Image.fromarray(PHOTOGRAPH[index : index + 120, : 200 - index])
            part.resize((100 * scale, 60 * scale)).save(tmp_path / "d" / kind / f"{index}.png")
    data = prepare(Pairs(path=tmp_path / "d", factor=2, image_size=32), cache=tmp_path)
    assert data.info.target.scale == 2
    assert data.targets.shape == (8, 64, 64, 3)
    small = np.asarray(Image.fromarray(data.targets[np.arange(8)][0]).resize((32, 32), Image.Resampling.BOX)).astype(
        float
    )
    assert np.abs(small - data.images(np.arange(8))[0]).mean() < 4
    with pytest.raises(DataError, match="instead of 100×60"):
        prepare(Pairs(path=tmp_path / "d"), cache=tmp_path)


def write_photograph(folder):
    folder.mkdir()
    for index in range(4):
        Image.fromarray(astronaut()[index * 128 :, 150:278, 0][:128]).save(folder / f"{index}.png")
    return folder


def test_noise_is_reproducible_with_the_given_deviation(tmp_path):
    dataset = Degraded(path=write_photograph(tmp_path / "d"), patch=32, noise=10)
    data = prepare(dataset, cache=tmp_path)
    again = prepare(dataset, cache=tmp_path / "other")
    rows = np.arange(len(data.names))
    assert len(rows) == 4 * 16
    np.testing.assert_array_equal(data.images(rows), again.images(rows))
    clean = data.targets[rows].astype(float)
    error = (data.images(rows) - clean)[(clean > 50) & (clean < 205)]
    assert error.std() == pytest.approx(10, rel=0.05)
    assert abs(error.mean()) < 0.2
    np.testing.assert_array_equal(clean[0, :, :, 0], np.asarray(Image.open(tmp_path / "d" / "0.png"))[:32, :32])


def test_patches_of_a_photograph_stay_together(tmp_path):
    data = prepare(Degraded(path=write_photograph(tmp_path / "d"), patch=32, jpeg=20), cache=tmp_path)
    files = [{data.names[int(row)].split("#")[0] for row in rows} for rows in data.splits.values()]
    assert not files[0] & files[1]
    assert not files[0] & files[2]


@pytest.mark.parametrize(
    "fields", [{"blur": 2.0}, {"downscale": 4}, {"low_light": 0.3}, {"jpeg": 5}, {"downscale": 2, "noise": 5}]
)
def test_every_degradation_makes_an_image_worse(tmp_path, fields):
    data = prepare(Degraded(path=write_photograph(tmp_path / "d"), patch=32, **fields), cache=tmp_path)
    scale = fields.get("downscale", 1)
    rows = np.arange(4)
    images, targets = data.images(rows), data.targets[rows]
    assert targets.shape == (4, 32, 32, 1)
    assert images.shape == (4, 32 // scale, 32 // scale, 1)
    if "low_light" in fields:
        np.testing.assert_allclose(images, targets * 0.3, atol=0.51)
    enlarged = np.repeat(np.repeat(images, scale, axis=1), scale, axis=2)
    assert 0.5 < np.abs(enlarged - targets.astype(float)).mean() < 180


@pytest.mark.parametrize("patch", [32, None])
def test_clean_images_of_12_bits_keep_their_contrast(tmp_path, patch):
    (tmp_path / "deep").mkdir()
    photograph = astronaut()[:512, 150:278, 0]
    for index in range(4):
        # 12 bits in a 16-bit file: the whole range of the file would leave it nearly black.
        twelve = photograph[index * 128 :][:128].astype(np.uint16) * 16
        Image.fromarray(twelve).save(tmp_path / "deep" / f"{index}.png")
    data = prepare(Degraded(path=tmp_path / "deep", patch=patch, low_light=0.5), cache=tmp_path)
    rows = np.arange(len(data.names))
    images, targets = data.images(rows), data.targets[rows]
    low, high = int(photograph.min()) * 16, int(photograph.max()) * 16
    assert data.info.image.source_range == (low, high)
    assert targets.min() == 0
    assert targets.max() == 255
    np.testing.assert_allclose(images, targets * 0.5, atol=0.51)


def test_boxes_are_kept_in_pixels_of_the_record(tmp_path):
    image = PHOTOGRAPH
    records = [
        Sample(
            f"{index}",
            {"image": image + np.uint8(index)},
            [("cat", 30, 20, 150, 100), ("dog", index, 0, index + 3, 200)],
            str(index),
        )
        for index in range(10)
    ]
    data = prepare(in_memory("boxes", records, image_size=(100, 150), resize="stretch"), cache=tmp_path)
    assert data.info.target.classes == ("cat", "dog")
    assert data.info.target.max_boxes == 2
    boxes = np.asarray(data.targets)
    np.testing.assert_allclose(boxes[4], [[15, 10, 75, 50, 0], [2, 0, 3.5, 100, 1]])


def test_boxes_that_are_hardly_visible_are_dropped(tmp_path):
    records = [
        Sample(
            f"{index}",
            {"image": PHOTOGRAPH + np.uint8(index)},
            [("a", 0, 0, 60, 50)] + [("b", 100, 0, 160, 50)] * (index % 2),
            f"{index}",
        )
        for index in range(10)
    ]
    data = prepare(in_memory("boxes", records, image_size=64, resize="crop"), cache=tmp_path)
    boxes = np.asarray(data.targets)
    assert data.info.target.classes == ("b",)
    assert data.info.target.max_boxes == 1
    assert sorted(boxes[:, 0, 4].tolist()) == [-1.0] * 5 + [0.0] * 5


def test_labels_and_numbers_are_kept(tmp_path):
    images = [PHOTOGRAPH + np.uint8(index) for index in range(12)]
    labels = [
        Sample(str(i), {"image": image}, ("x",) if i % 3 else ("x", "y"), str(i)) for i, image in enumerate(images)
    ]
    data = prepare(in_memory("labels", labels, image_size=32), cache=tmp_path)
    assert data.info.target.classes == ("x", "y")
    order = [int(name) for name in data.names[:]]
    np.testing.assert_array_equal(np.asarray(data.targets), [[1, index % 3 == 0] for index in order])
    numbers = [Sample(str(i), {"image": image}, (i, 2.5), str(i)) for i, image in enumerate(images)]
    data = prepare(in_memory("numbers", numbers, image_size=32), cache=tmp_path)
    np.testing.assert_array_equal(np.asarray(data.targets)[:, 0], [int(name) for name in data.names[:]])
    trained = np.asarray(data.targets)[data.splits["train"]]
    assert data.info.target.mean == pytest.approx(trained.mean(axis=0))
    assert data.info.target.std == pytest.approx(trained.std(axis=0))
