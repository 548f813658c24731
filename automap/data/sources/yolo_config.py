"""YOLO's ``data.yaml`` or ``classes.txt``: the classes, and the images of each split."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from automap.data.sources.files import read_text
from automap.data.sources.layout import composed, split_named
from automap.exceptions import DataError
from automap.interfaces.sample import Notice, SplitName
from automap.spec.errors import SpecError
from automap.spec.yaml import load_text_yaml

_CLASS_FILES = ("classes.txt", "obj.names", "labels/classes.txt")
_NOTHING = frozenset({"", "~", "null", "Null", "NULL"})


class YoloConfig(NamedTuple):
    """The classes, and the splits that ``data.yaml`` declares."""

    names: tuple[str, ...]
    folders: Mapping[str, SplitName]
    """Splits by folder of images, relative to the data set."""
    files: Mapping[str, SplitName]
    """Splits by image, relative to the data set."""
    notices: tuple[Notice, ...]

    def split_of(self, name: Path) -> SplitName | None:
        """Return the declared split of an image, by its path relative to the data set."""
        if (split := self.files.get(composed(name.as_posix()))) is not None:
            return split
        return next((self.folders[str(each)] for each in name.parents if str(each) in self.folders), None)


def read_config(root: Path) -> YoloConfig:
    """Read the classes and declared splits of a data set.

    Args:
        root: its folder.

    Raises:
        DataError: if no file names the classes, or one cannot be read.
    """
    for file in sorted([*root.glob("*.yaml"), *root.glob("*.yml")]):
        content = _content(file) if file.is_file() else None
        if isinstance(content, dict) and content.get("names"):
            return _declared(root, file, content, _class_names(content["names"], file))
    for name in _CLASS_FILES:
        if (root / name).is_file():
            lines = (line.strip() for line in read_text(root / name).splitlines())
            return YoloConfig(_checked([line for line in lines if line], root / name), {}, {}, ())
    raise DataError(
        f"dataset.path: {root} does not name its classes; expected data.yaml with names: [...], or classes.txt"
    )


def _content(file: Path) -> Any:
    try:
        return load_text_yaml(file, read_text(file))
    except SpecError as error:
        [problem, *_] = error.problems
        raise DataError(f"dataset.path: {error.where(problem)}: {problem.message}") from None


def _class_names(names: Any, file: Path) -> tuple[str, ...]:
    """Return class names in the order of their indices.

    Raises:
        DataError: if they are neither a list nor numbered from 0.
    """
    if isinstance(names, dict) and set(names) == {str(index) for index in range(len(names))}:
        names = [names[str(index)] for index in range(len(names))]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise DataError(f"dataset.path: {file}: names: expected a list of classes, or classes numbered from 0")
    return _checked(names, file)


def _checked(names: list[str], file: Path) -> tuple[str, ...]:
    found = [composed(name.strip()) for name in names]
    for index, name in enumerate(found):
        if not name or name in found[:index]:
            fault = f"duplicate class '{name}'" if name else f"class {index} has no name"
            raise DataError(f"dataset.path: {file}: names: {fault}")
    return tuple(found)


def _declared(root: Path, file: Path, content: Mapping[str, Any], names: tuple[str, ...]) -> YoloConfig:
    folders: dict[str, SplitName] = {}
    files: dict[str, SplitName] = {}
    notices: list[Notice] = []
    if isinstance(content.get("nc"), str) and content["nc"].strip() not in {"", str(len(names))}:
        notices.append(Notice(file.name, "files whose nc is not the number of their names"))
    for key, split in ((key, split) for key in content if (split := split_named(key)) is not None):
        for value in content[key] if isinstance(content[key], list) else [content[key]]:
            if not isinstance(value, str) or value in _NOTHING:
                continue
            place = _place(root, content.get("path"), value)
            if place is None:
                notices.append(Notice(f"{key}: {value} in {file.name}", "paths of splits that do not exist"))
            elif place.is_dir():
                folders.setdefault(_relative(place, root), split)
            else:
                files.update({name: split for name in _listed(root, place) if name not in files})
    return YoloConfig(names, folders, files, tuple(notices))


def _place(root: Path, base: Any, value: str) -> Path | None:
    """Return the folder or list that a split names; such files are often moved, so its last folders count too."""
    if "\0" in value:
        return None
    path = Path(value.replace("\\", "/"))
    starts = [root] + ([root / base, Path(base).expanduser()] if isinstance(base, str) and "\0" not in base else [])
    inside = [part for part in path.parts if part not in {"..", ".", "/"}]
    tried = [start / path for start in starts] + [root.joinpath(*inside[at:]) for at in range(len(inside))]
    return next((each for each in tried if each.is_dir() or (each.is_file() and _within(each, root))), None)


def _within(path: Path, root: Path) -> bool:
    return not _relative(path, root).startswith("..")


def _relative(path: Path, root: Path) -> str:
    return PurePosixPath(Path(os.path.relpath(path, root)).as_posix()).as_posix()


def _listed(root: Path, file: Path) -> Iterator[str]:
    """Yield the images that a list names, relative to the data set."""
    for line in read_text(file).splitlines():
        if not line.strip() or "\0" in line:
            continue
        path = Path(line.strip().replace("\\", "/"))
        inside = [part for part in path.parts if part not in {"..", ".", "/"}]
        tried = [file.parent / path, *(root.joinpath(*inside[at:]) for at in range(len(inside)))]
        found = next((each for each in tried if each.is_file()), tried[0])
        yield composed(_relative(found, root))
