"""Boxes in the formats of COCO, Pascal VOC and YOLO."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from corpus.case import Case, box_scene, write
from PIL import Image

from automap.data.cache.build import MAY_BE_TURNED

COCO, VOC, YOLO = "{type: coco, path: data/a.json}", "{type: voc, path: data}", "{type: yolo, path: data}"
SHAPES = "{type: coco_masks, path: data/a.json, max_bad: 20%}"
LOOSE = "{type: coco, path: data/a.json, max_bad: 60%}"
OUTSIDE, SHARES = (
    "its box lies outside the image",
    "its box lies within the first pixel: its numbers are shares of the image, not pixels",
)


def scene(path: Path, index: int, orientation: int | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(box_scene(16 + index % 8, 8 + index % 5))
    if orientation is None:
        image.save(path)
        return
    exif = Image.Exif()
    exif[0x0112] = orientation
    image.save(path, exif=exif, quality=95)


def content(count: int = 12, suffix: str = ".png") -> dict[str, Any]:
    images = [{"id": i, "file_name": f"{i}{suffix}", "width": 64, "height": 48} for i in range(count)]
    annotations = [
        {"id": i, "image_id": i, "category_id": 1 + i % 2, "bbox": [16 + i % 8, 8 + i % 5, 24, 16]}
        for i in range(count)
    ]
    return {
        "images": images,
        "annotations": annotations,
        "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}],
    }


def coco(change: Callable[[dict[str, Any]], Any] = lambda found: None, orientation: int | None = None):
    def make(root: Path) -> None:
        suffix = ".png" if orientation is None else ".jpg"
        for index in range(12):
            scene(root / f"data/images/{index}{suffix}", index, orientation)
        found = content(suffix=suffix)
        changed = change(found)
        text = changed if isinstance(changed, str) else json.dumps(found)
        write(root / "data/a.json", text)

    return make


def boxed(*places: tuple[int, list[float]]):
    def change(found: dict[str, Any]) -> None:
        for index, box in places:
            found["annotations"][index]["bbox"] = box

    return change


def set_in(part: str, index: int, key: str, value: Any):
    def change(found: dict[str, Any]) -> None:
        found[part][index][key] = value

    return change


def texts(found: dict[str, Any]) -> None:
    for each in found["annotations"]:
        each["category_id"] = str(each["category_id"])


def crowds_only(found: dict[str, Any]) -> None:
    for each in found["annotations"]:
        each["iscrowd"] = int(each["category_id"] == 2)


def no_annotations(found: dict[str, Any]) -> None:
    found["annotations"] = found["annotations"][:9]


def voc_xml(
    index: int, difficult: str = "0", size: tuple[int, int] = (64, 48), edges: tuple[float, ...] | None = None
) -> str:
    left, top = 16 + index % 8, 8 + index % 5
    names, values = ("xmin", "ymin", "xmax", "ymax"), edges or (left + 1, top + 1, left + 24, top + 16)
    box = "".join(f"<{name}>{value}</{name}>" for name, value in zip(names, values, strict=True))
    return (
        f"<annotation><filename>{index}.png</filename><size><width>{size[0]}</width><height>{size[1]}</height></size>"
        f"<object><name>{'dog' if index % 2 else 'cat'}</name><difficult>{difficult}</difficult><bndbox>{box}</bndbox></object></annotation>"
    )


def voc(xml: Callable[[int], str | bytes] = voc_xml, extra: Callable[[Path], Any] = lambda data: None):
    def make(root: Path) -> None:
        for index in range(12):
            scene(root / f"data/JPEGImages/{index}.png", index)
            write(root / f"data/Annotations/{index}.xml", xml(index))
        extra(root / "data")

    return make


def lists(data: Path) -> None:
    write(data / "ImageSets/Main/train.txt", "\ufeff" + "".join(f"{i}\n" for i in range(9)))
    write(data / "ImageSets/Main/val.txt", "".join(f"{i} 1\n" for i in range(9, 12)) + "99\n")


def bomb(index: int) -> str:
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 20}">' for n in range(1, 12))
    return f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "ha">{entities}]><annotation><filename>&a11;</filename></annotation>'


def yolo(
    folders: tuple[str, str] = ("train2017", "val2017"),
    names: str = "names: [cat, dog]\n",
    above: bool = False,
    extra: Callable[[Path], Any] = lambda data: None,
):
    def make(root: Path) -> None:
        for index in range(12):
            folder = folders[index >= 9]
            images, labels = (f"{folder}/{kind}" if above else f"{kind}/{folder}" for kind in ("images", "labels"))
            scene(root / f"data/{images}/{index}.png", index)
            x, y = (16 + index % 8 + 12) / 64, (8 + index % 5 + 8) / 48
            write(root / f"data/{labels}/{index}.txt", f"{index % 2} {x} {y} {24 / 64} {16 / 48}\n")
        write(root / "data/data.yaml", names)
        extra(root / "data")

    return make


def classes_txt(data: Path) -> None:
    (data / "data.yaml").unlink()
    write(data / "classes.txt", "\ufeffcar\nbus\n")


def strays(data: Path) -> None:
    write(data / "labels/train2017/900.txt", "0 0.5 0.5 0.1 0.1\n")
    (data / "labels/train2017/3.txt").unlink()
    write(data / "images/train2017/notes.md", "x")


def phone(data: Path) -> None:
    write(data / "images/train2017/phone.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 64)
    write(data / "labels/train2017/phone.txt", "0 0.5 0.5 0.1 0.1\n")


def capitals(data: Path) -> None:
    (data / "images").rename(data / "Images")
    (data / "labels").rename(data / "Labels")


def image_lists(data: Path) -> None:
    write(data / "a.txt", "".join(f"./images/a/{index}.png\n" for index in range(9)))
    write(data / "b.txt", "".join(f"images/b/{index}.png\n" for index in range(9, 12)))


def shapes(found: dict[str, Any]) -> None:
    for each in found["annotations"]:
        each["segmentation"] = [[16, 8, 40, 8, 40, 24]]
    found["annotations"][0]["segmentation"] = [[160, 8, 170, 8, 165, 24]]
    found["annotations"][1]["segmentation"] = [[0.1, 0.1, 0.5, 0.1, 0.5, 0.9]]
    found["annotations"][2]["segmentation"] = []


def one_less(found: dict[str, Any]) -> None:
    found["images"].pop()


def no_sizes(found: dict[str, Any]) -> None:
    for each in found["images"]:
        del each["width"], each["height"]
    found["annotations"][0]["bbox"] = [100, 100, 5, 5]


ALIASES = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 12)}]\n" for n in range(1, 12))

CASES = [
    Case("COCO", coco(), COCO, 12, classes=("cat", "dog")),
    *(
        Case(f"COCO over stored pixels that EXIF turns by {orientation}", coco(orientation=orientation), COCO, 12)
        for orientation in (5, 6, 7, 8)
    ),
    *(
        Case(
            f"COCO of images that EXIF turns by {orientation}, which no size tells",
            coco(orientation=orientation),
            COCO,
            12,
            warnings=(f"{MAY_BE_TURNED}: 12 (0.jpg, 1.jpg, 2.jpg, …)",),
        )
        for orientation in (2, 3, 4)
    ),
    Case(
        "COCO of images without an object that EXIF turns",
        coco(no_annotations, orientation=3),
        COCO,
        12,
        warnings=(f"{MAY_BE_TURNED}: 9 (0.jpg, 1.jpg, 2.jpg, …)",),
    ),
    Case("an EXIF orientation that does not exist", coco(orientation=9), COCO, 12),
    Case(
        "COCO of another size",
        coco(set_in("images", 3, "width", 640)),
        LOOSE,
        11,
        bad={"its annotations state another size": 1},
    ),
    Case(
        "boxes outside the image",
        coco(boxed((0, [70, 10, 5, 5]), (1, [10, 50, 5, 5]), (2, [-9, -9, 5, 5]))),
        LOOSE,
        9,
        bad={OUTSIDE: 3},
    ),
    Case(
        "boxes without area",
        coco(boxed((0, [10, 10, 0, 5]), (1, [10, 10, 5, 0]))),
        LOOSE,
        10,
        bad={"its box has no area": 2},
    ),
    Case("boxes in shares", coco(boxed(*((i, [0.1, 0.1, 0.5, 0.5]) for i in range(4)))), LOOSE, 8, bad={SHARES: 4}),
    Case(
        "boxes that reach beyond the edge",
        coco(boxed((0, [50, 30, 40, 40]))),
        COCO,
        12,
        warnings=("images with boxes that reach beyond the edge, where they are cut: 1 (0.png)",),
    ),
    Case("category ids as texts", coco(texts), COCO, 12, classes=("cat", "dog")),
    Case(
        "a category id that is a word",
        coco(set_in("categories", 1, "id", "two")),
        COCO,
        error="a.json: categories[1].id: 'two': expected a whole number",
    ),
    Case(
        "a category with crowds only", coco(crowds_only), COCO, 12, classes=("cat",), warnings=("no image has 'dog'",)
    ),
    Case(
        "duplicate category ids",
        coco(set_in("categories", 1, "id", 1)),
        COCO,
        error="a.json: categories[1].id: 1: already used by categories[0]",
    ),
    Case(
        "duplicate category names",
        coco(set_in("categories", 1, "name", "cat")),
        COCO,
        error="a.json: categories[1].name: 'cat': already used by categories[0]",
    ),
    Case(
        "duplicate image ids",
        coco(set_in("images", 4, "id", 3)),
        COCO,
        error="images[4].id: 3: already used by images[3]",
    ),
    Case(
        "JSON of 200,000 levels", coco(lambda found: "[" * 200_000), COCO, error="nested too deeply", init="data/a.json"
    ),
    Case(
        "a number of 5,000 digits",
        coco(lambda found: json.dumps(found).replace('"id": 3', '"id": ' + "3" * 5000)),
        COCO,
        error="a number has more than 4,300 digits",
        init="data/a.json",
    ),
    Case("a byte order mark in JSON", coco(lambda found: "\ufeff" + json.dumps(found)), COCO, 12),
    Case(
        "images without annotations",
        coco(no_annotations),
        COCO,
        12,
        warnings=("images without annotations, used as images without objects: 3 (9.png, 10.png, 11.png)",),
    ),
    Case("VOC", voc(), VOC, 12, classes=("cat", "dog")),
    *(
        Case(
            f"difficult: {text!r}", voc(lambda index, text=text: voc_xml(index, text)), VOC, 12, classes=("cat", "dog")
        )
        for text in (" 0 ", "0.0", "False", "Unspecified", "", "\n0\n")
    ),
    Case(
        "all dogs difficult",
        voc(lambda index: voc_xml(index, " True " if index % 2 else "0")),
        VOC,
        12,
        classes=("cat",),
        warnings=("no image has 'dog'",),
    ),
    Case(
        "difficult: maybe",
        voc(lambda index: voc_xml(index, "maybe" if index == 3 else "0")),
        "{type: voc, path: data, max_bad: 20%}",
        11,
        bad={"its annotations are damaged": 1},
    ),
    Case(
        "VOC's lists with a byte order mark",
        voc(extra=lists),
        VOC,
        12,
        {"validation": 3},
        warnings=("images that a split lists, but that have no annotations: 1 (99 in val.txt)",),
    ),
    Case(
        "VOC of another size",
        voc(lambda index: voc_xml(index, size=(640, 480))),
        VOC,
        error="its annotations state another size",
    ),
    Case(
        "VOC in shares",
        voc(lambda index: voc_xml(index, edges=(0.2, 0.2, 0.8, 0.8))),
        VOC,
        error="shares of the image, not pixels",
    ),
    Case("entities that multiply", voc(bomb), VOC, error="its annotations are damaged"),
    *(
        Case(
            f"YOLO's folders {folders} {'above' if above else 'below'}",
            yolo(folders, above=above),
            YOLO,
            12,
            {"validation": 3},
        )
        for folders in (("train2017", "val2017"), ("Train", "Val"), ("training", "dev"))
        for above in (False, True)
    ),
    Case(
        "YOLO's splits as data.yaml declares them",
        yolo(("a", "b"), "path: ../datasets/data\ntrain: images/a\nval: ../images/b\nnames: {0: cat, 1: dog}\n"),
        YOLO,
        12,
        {"validation": 3},
    ),
    Case(
        "YOLO's splits that do not exist",
        yolo(names="train: nowhere\nnames: [cat, dog]\n"),
        YOLO,
        12,
        warnings=("paths of splits that do not exist: 1 (train: nowhere in data.yaml)",),
    ),
    Case("names no and yes", yolo(names="names: [no, yes]\n"), YOLO, 12, classes=("no", "yes")),
    Case("names 01 and 002", yolo(names="names: [01, 002]\n"), YOLO, 12, classes=("01", "002")),
    Case("names null and ~", yolo(names="names: [null, ~]\n"), YOLO, 12, classes=("null", "~")),
    Case("duplicate names", yolo(names="names: [cat, cat]\n"), YOLO, error="data.yaml: names: duplicate class 'cat'"),
    Case("aliases that multiply", yolo(names=ALIASES + "names: *a11\n"), YOLO, error="values once its aliases are"),
    Case("a tag in data.yaml", yolo(names="names: !!python/object/apply:os.system [ls]\n"), YOLO, error="the tag"),
    Case("a byte order mark in classes.txt", yolo(extra=classes_txt), YOLO, 12, classes=("car", "bus")),
    Case(
        "labels without images and images without labels",
        yolo(extra=strays),
        YOLO,
        12,
        warnings=(
            "label files without an image: 1 (labels/train2017/900.txt)",
            "images without a label file, used as images without objects: 1 (images/train2017/3.png)",
            "files beside the images that are not images: 1 (images/train2017/notes.md)",
        ),
    ),
    Case(
        "duplicate boxes",
        yolo(extra=lambda data: [path.write_text(path.read_text() * 2) for path in data.rglob("3.txt")]),
        YOLO,
        12,
        warnings=("images with duplicate boxes, each used once: 1 (images/train2017/3.png)",),
    ),
    Case("folders in capitals", yolo(extra=capitals), YOLO, 12, {"validation": 3}, ("cat", "dog")),
    Case(
        "nc that is not the number of names",
        yolo(names="nc: 3\nnames: [cat, dog]\n"),
        YOLO,
        12,
        warnings=("files whose nc is not the number of their names: 1 (data.yaml)",),
    ),
    Case(
        "YOLO's lists of images",
        yolo(("a", "b"), "train: a.txt\nval: b.txt\nnames: [cat, dog]\n", extra=image_lists),
        YOLO,
        12,
        {"validation": 3},
    ),
    Case(
        "pixels instead of shares",
        yolo(extra=lambda data: [path.write_text("0 20 20 9 9\n") for path in data.rglob("3.txt")]),
        "{type: yolo, path: data, max_bad: 20%}",
        11,
        bad={"expected shares of the image's width and height, from 0 to 1, after the class; not pixels": 1},
    ),
    Case(
        "a namespace in VOC's XML",
        voc(lambda index: voc_xml(index).replace("<annotation>", '<annotation xmlns="http://x.y">')),
        VOC,
        12,
        classes=("cat", "dog"),
    ),
    Case(
        "crowds only",
        coco(lambda found: [each.update(iscrowd=1) for each in found["annotations"]] and None),
        COCO,
        error="none of the 12 images has a class",
    ),
    Case(
        "category names that differ in spaces",
        coco(set_in("categories", 1, "name", " cat")),
        COCO,
        error="a.json: categories[1].name: ' cat': already used by categories[0]",
    ),
    Case(
        "COCO's paths from Windows",
        coco(
            lambda found: [each.update(file_name=f"images\\{each['file_name']}") for each in found["images"]] and None
        ),
        COCO,
        error="write / instead of backslashes",
    ),
    Case(
        "a URL in COCO",
        coco(set_in("images", 0, "file_name", "https://example.org/0.png")),
        LOOSE,
        11,
        bad={"a URL; download the images and write their paths": 1},
    ),
    Case("COCO cut in the middle", coco(lambda found: json.dumps(found)[:900]), COCO, error="not valid JSON"),
    Case("iscrowd as text", coco(set_in("annotations", 0, "iscrowd", "0")), COCO, 12),
    Case(
        "the first image is missing",
        coco(set_in("images", 0, "file_name", "gone.png")),
        LOOSE,
        11,
        bad={"cannot be read: No such file or directory": 1},
    ),
    Case("no sizes in COCO", coco(no_sizes), LOOSE, 11, bad={"a box lies outside the image or has no area": 1}),
    Case(
        "images that COCO does not list",
        coco(one_less),
        LOOSE,
        11,
        bad={"has annotations, but is not among the images": 1},
        warnings=("image files that no annotation file lists, not used: 1 (11.png)",),
    ),
    Case(
        "polygons outside, in shares and missing",
        coco(shapes),
        SHAPES,
        10,
        bad={
            "its mask: a polygon lies outside the image or has no area": 1,
            "its mask: a polygon lies within the first pixel: its numbers are shares of the image, not pixels": 1,
        },
        warnings=("images with annotations without a shape, which are not drawn: 1 (2.png)",),
    ),
]
