"""A small search for each task on real images, beside the baseline that a person would try first.

    python benchmarks/tasks.py [segmentation|detection|enhancement|multi_label|regression|face_recognition]

Runs the spec of the task on data that `examples/make_data.py` writes, in a folder of its own, and compares the finalist
on the test split with the baseline on the same images. Needs scikit-image.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from automap import Array

ROOT = Path(__file__).resolve().parent.parent


def searched(task: str, data: str, folder: Path) -> tuple[dict[str, float], str, float]:
    """Write the data of a task, search its spec; return the finalist's test metrics, its architecture, the seconds."""
    (folder / "specs").mkdir()
    shutil.copy(ROOT / "specs" / f"{task}.yaml", folder / "specs")
    make = [sys.executable, ROOT / "examples" / "make_data.py", task, folder / "data" / data]
    subprocess.run(make, check=True)
    program = [Path(sys.executable).with_name("automap")]
    started = time.perf_counter()
    subprocess.run([*program, "search", folder / "specs" / f"{task}.yaml"], check=True, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - started
    storage = f"sqlite:///{folder / 'specs' / 'automap.db'}"
    command = [*program, "leaderboard", "--storage", storage, "--format", "json"]
    board = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    best = next(row for row in board["rows"] if row["test"])
    test = {name: value["mean"] for name, value in best["test"].items()}
    return test, best["candidate"]["architecture"]["type"], seconds


def prepared(task: str, folder: Path, split: str = "test") -> tuple[Array, Array, list[str]]:
    """Return images, targets and names of a split of a spec."""
    from automap import load_spec
    from automap.data.prepare import prepare

    data = prepare(load_spec(folder / "specs" / f"{task}.yaml").dataset)
    rows = data.splits[split]
    return data.images(rows), data.targets[rows], [data.names[int(row)] for row in rows]


def segmentation(folder: Path) -> None:
    """Digits on photographs against Otsu's threshold, the better of brighter and darker for each image."""
    from skimage.filters import threshold_otsu
    from sklearn.metrics import jaccard_score

    found, architecture, seconds = searched("segmentation", "digits_on_photographs", folder)
    images, masks, _ = prepared("segmentation", folder)
    decided = []
    for image, mask in zip(images[..., 0], masks, strict=True):
        above = (image > threshold_otsu(image)).astype(np.uint8)
        # Nobody tells Otsu whether digits are bright or dark: it is given the better guess.
        decided.append(max((above, 1 - above), key=lambda guess, mask=mask: (guess == mask).mean()))
    otsu = jaccard_score(masks.ravel(), np.stack(decided).ravel(), average="macro")
    print(f"segmentation  mean_iou {found['mean_iou']:.3f} ({architecture})  Otsu {otsu:.3f}  search {seconds:.0f} s")


def detection(folder: Path) -> None:
    """Digits on photographs against what is brighter than its surroundings, named after the nearest training digit."""
    from sklearn.neighbors import KNeighborsClassifier

    from automap.data.targets.boxes import class_of
    from automap.tasks.detection.average_precision import Found, Truth, average_precision

    found, architecture, seconds = searched("detection", "scattered_digits", folder)
    (images, boxes, _), (known, taught, _) = prepared("detection", folder), prepared("detection", folder, "train")
    crops = [
        (crop(image, box), int(box[4])) for image, own in zip(known, taught, strict=True) for box in own[own[:, 4] >= 0]
    ]
    nearest = KNeighborsClassifier(5).fit(*(np.array(column) for column in zip(*crops, strict=True)))
    there = [own[own[:, 4] >= 0] for own in boxes]
    truth = [Truth(own[:, :4], *class_of(own[:, 4])) for own in there]
    guessed = []
    for image in images:
        blobs = bright_boxes(image[..., 0])
        shares = nearest.predict_proba([crop(image, blob) for blob in blobs]) if len(blobs) else np.empty((0, 10))
        guessed.append(Found(blobs, shares.max(axis=1, initial=0), shares.argmax(axis=1)))
    baseline = average_precision(guessed, truth, 10).precision_at_half
    print(
        f"detection     ap50 {found['ap50']:.3f} ap {found['ap']:.3f} ({architecture})  "
        f"bright blobs and nearest digits ap50 {baseline:.3f}  search {seconds:.0f} s"
    )


def bright_boxes(image: Array) -> Array:
    """Return the boxes ``(n, 4)`` of connected pixels that Otsu's threshold calls bright, of 30 pixels and more."""
    from skimage.filters import threshold_otsu
    from skimage.measure import label, regionprops

    regions = regionprops(label(image > threshold_otsu(image)))
    boxes = [[*region.bbox[1::-1], *region.bbox[:1:-1]] for region in regions if region.area >= 30]
    return np.array(boxes, float).reshape(-1, 4)


def crop(image: Array, box: Array) -> Array:
    """Return the pixels in a box, enlarged or reduced to 20 × 20, flat."""
    from PIL import Image

    return np.asarray(Image.fromarray(image[..., 0]).resize((20, 20), box=tuple(map(float, box[:4])))).ravel()


def enhancement(folder: Path) -> None:
    """Noise of sigma 25 on photographs that were never trained on, against non-local means of the whole photograph."""
    found, architecture, seconds = searched("enhancement", "photographs", folder)
    images, targets, names = prepared("enhancement", folder)
    denoised = non_local_means(images[..., 0], names)
    baseline = np.mean([psnr(*pair) for pair in zip(targets[..., 0], denoised, strict=True)])
    print(
        f"enhancement   psnr {found['psnr']:.2f} dB ({architecture})  noisy {found['input_psnr']:.2f} dB  "
        f"non-local means {baseline:.2f} dB  gain {found['psnr'] - baseline:+.2f} dB  search {seconds:.0f} s"
    )


def non_local_means(patches: Array, names: list[str], sigma: float = 25.0) -> Array:
    """Put the patches of each photograph together again, denoise it as a whole, and cut it as before."""
    from skimage.restoration import denoise_nl_means

    side = patches.shape[1]
    places = [(name.split("#")[0], *map(int, name.split("#")[1].split(","))) for name in names]
    found = np.empty(patches.shape)
    for photograph in sorted({place[0] for place in places}):
        mine = [index for index, place in enumerate(places) if place[0] == photograph]
        whole = np.zeros((max(places[i][1] for i in mine) + side, max(places[i][2] for i in mine) + side))
        for index in mine:
            _, top, left = places[index]
            whole[top : top + side, left : left + side] = patches[index]
        # Settings of scikit-image's own example for a known sigma.
        unit = denoise_nl_means(
            whole / 255, h=0.6 * sigma / 255, sigma=sigma / 255, patch_size=5, patch_distance=6, fast_mode=False
        )
        for index in mine:
            _, top, left = places[index]
            found[index] = unit[top : top + side, left : left + side] * 255
    return found.clip(0, 255).round()


def psnr(target: Array, image: Array) -> float:
    """Return the peak signal-to-noise ratio in decibels."""
    return float(10 * np.log10(255**2 / np.square(target.astype(float) - image).mean()))


def multi_label(folder: Path) -> None:
    """Digits on photographs against the labels of the five nearest training images."""
    from sklearn.metrics import average_precision_score
    from sklearn.neighbors import KNeighborsRegressor

    found, architecture, seconds = searched("multi_label", "several_digits", folder)
    (images, labels, _), (known, taught, _) = prepared("multi_label", folder), prepared("multi_label", folder, "train")
    nearest = KNeighborsRegressor(5).fit(known.reshape(len(known), -1).astype(float), taught)
    scores = nearest.predict(images.reshape(len(images), -1).astype(float))
    baseline = average_precision_score(labels, scores)
    print(
        f"multi_label   mean_average_precision {found['mean_average_precision']:.3f} ({architecture})  "
        f"nearest images {baseline:.3f}  search {seconds:.0f} s"
    )


def regression(folder: Path) -> None:
    """The strength of noise on photographs that were never trained on, against Immerkær's estimate (1996)."""
    from scipy.ndimage import convolve

    found, architecture, seconds = searched("regression", "noise", folder)
    images, sigmas, _ = prepared("regression", folder)
    # What of a patch is neither flat, nor a slope or an edge: its mean size is that of the noise.
    mask = np.outer([1, -2, 1], [1, -2, 1])
    rest = [convolve(image[..., 0].astype(float), mask)[1:-1, 1:-1] for image in images]
    estimates = np.array([np.sqrt(np.pi / 2) / 6 * np.abs(each).mean() for each in rest])
    baseline = np.abs(estimates - np.asarray(sigmas)[:, 0]).mean()
    print(f"regression    mae {found['mae']:.2f} ({architecture})  Immerkær {baseline:.2f}  search {seconds:.0f} s")


def face_recognition(folder: Path) -> None:
    """Characters that were never trained on, each image against all others, compared with the pixels themselves."""
    from sklearn.metrics import roc_auc_score

    found, architecture, seconds = searched("face_recognition", "glyphs", folder)
    images, targets, _ = prepared("face_recognition", folder)
    identities = np.asarray(targets)
    pixels = images.reshape(len(images), -1).astype(float)
    pixels -= pixels.mean(axis=1, keepdims=True)
    pixels /= np.linalg.norm(pixels, axis=1, keepdims=True)
    similar, same = pixels @ pixels.T, identities[:, None] == identities
    pairs = np.triu_indices(len(images), 1)
    area = roc_auc_score(same[pairs], similar[pairs])
    np.fill_diagonal(similar, -np.inf)
    first = (identities[similar.argmax(axis=1)] == identities).mean()
    print(
        f"recognition   rank1 {found['rank1']:.3f} auroc {found['auroc']:.3f} ({architecture})  "
        f"pixels rank1 {first:.3f} auroc {area:.3f}  search {seconds:.0f} s"
    )


TASKS: dict[str, Callable[[Path], None]] = {
    "segmentation": segmentation,
    "detection": detection,
    "enhancement": enhancement,
    "multi_label": multi_label,
    "regression": regression,
    "face_recognition": face_recognition,
}


def main() -> None:
    """Run the tasks that are named, or all."""
    for name in sys.argv[1:] or TASKS:
        if name not in TASKS:
            sys.exit(f"unknown task '{name}'; there are: {', '.join(TASKS)}")
        with tempfile.TemporaryDirectory() as folder:
            TASKS[name](Path(folder))


if __name__ == "__main__":
    main()
