"""Deciding which folders of a data set are splits and which are classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from automap.data.sources.files import holds_images, images_in, subfolders
from automap.data.sources.layout import as_text, composed, is_image_name, is_junk, listed, split_in_name, split_named
from automap.exceptions import DataError
from automap.interfaces.sample import Notice, SplitName


class ClassFolder(NamedTuple):
    """A folder with the images of a class."""

    path: Path
    split: SplitName | None
    """Of all its images."""
    holds_splits: bool = False
    """Whether the folders in it are splits."""

    @property
    def label(self) -> str:
        """The class."""
        return composed(self.path.name)


class ClassFolders(NamedTuple):
    """The interpretation of a data set's folders."""

    classes: tuple[ClassFolder, ...]
    parents: tuple[Path, ...]
    """The folders that hold those of the classes; an image directly in one of them has no class."""
    aside: tuple[Path, ...] = ()
    """Folders beside the splits."""
    notices: tuple[Notice, ...] = ()


def find_class_folders(path: Path) -> ClassFolders:
    """Decide which folders are splits and which are classes.

    Folders named as splits (see `layout.split_named`) are splits if no other folder beside them holds images, or if
    they hold folders of the same names. Names that merely contain the word, such as ``seg_train``, count if all folders
    with images have one and hold folders of the same names. Where nothing is certain, the data set is refused.

    Raises:
        DataError: if there are no folders of classes, or it is not certain which folders are splits.
    """
    folders = subfolders(path)
    splits = _split_folders(folders)
    named = list(splits)
    others = [folder for folder in folders if folder not in named and holds_images(folder)]
    if not folders:
        raise no_classes(path, path)
    if not named:
        return _classes(path, folders)
    classes = [below for folder in named for below in subfolders(folder)]
    if not classes and not others:
        raise no_classes(path, named[0])
    if others and not classes and len(named) == 1:
        note = Notice(named[0].name, "folder named as a split, taken for a class because no folder beside it is one")
        return _classes(path, folders, (note,))
    if others and not _share_classes(named):
        raise _unclear(path, named, others)
    found = [ClassFolder(each, splits[each.parent]) for each in classes]
    _refuse_single(path, found)
    if len(found) > 1 and all(split_named(each.label) is not None for each in found):
        raise DataError(
            f"dataset.path: {path}: the folders below the splits are named as splits too "
            f"({listed(dict.fromkeys(each.label for each in found))}); expected one folder for each class"
        )
    empty = [folder for folder in folders if folder not in named and folder not in others]
    return ClassFolders(
        tuple(found), (path, *named), tuple(others), (*_without_images(path, empty), *_broken_links(path))
    )


def _split_folders(folders: Sequence[Path]) -> dict[Path, SplitName]:
    """Return the folders that are named as splits, with their splits."""
    exact = {folder: split for folder in folders if (split := split_named(folder.name)) is not None}
    loose = {folder: split for folder in folders if (split := split_in_name(Path(folder.name))) is not None}
    if len(loose) == len(exact):
        return exact
    everything = all(folder in loose or not holds_images(folder) for folder in folders)
    several = "train" in loose.values() and len(set(loose.values())) > 1
    return loose if everything and several and _share_classes(list(loose)) else exact


def _classes(path: Path, folders: Sequence[Path], notices: tuple[Notice, ...] = ()) -> ClassFolders:
    below = [each for folder in folders for each in subfolders(folder)]
    splits = bool(below) and all(split_named(each.name) is not None for each in below)
    found = tuple(ClassFolder(folder, None, splits) for folder in folders)
    _refuse_single(path, found)
    empty = [folder for folder in folders if not holds_images(folder)]
    notices = (*notices, *_without_images(path, empty), *_broken_links(path), *_same_below(folders))
    return ClassFolders(found, (path,), (), notices)


def _broken_links(path: Path) -> Iterator[Notice]:
    for entry in sorted(path.iterdir()):
        if entry.is_symlink() and not entry.exists() and not is_junk(entry.name) and not is_image_name(entry.name):
            yield Notice(as_text(entry.name), "links to folders that do not exist, or to themselves")


def _same_below(folders: Sequence[Path]) -> Iterator[Notice]:
    """Warn of folders that look like splits of unknown names: all hold the same folders, and no images."""
    below = [{each.name for each in subfolders(folder)} for folder in folders]
    same = len(folders) > 1 and len(below[0]) > 1 and all(names == below[0] for names in below)
    if same and split_named(min(below[0])) is None and not any(images_in(folder) for folder in folders):
        reason = "folders that every class holds; if they are the classes, rename the folders above to train, val, test"
        yield from (Notice(as_text(name), reason) for name in sorted(below[0]))


def _share_classes(named: Sequence[Path]) -> bool:
    """Return whether folders named as splits hold folders of the same names; one that holds only files does not."""
    below = [{each.name for each in subfolders(folder)} for folder in named]
    filled = [names for names in below if names]
    if len(filled) == 1:
        return len(named) > 1
    return any(count > 1 for count in Counter(name for names in filled for name in names).values())


def _unclear(path: Path, named: Sequence[Path], others: Sequence[Path]) -> DataError:
    splits, rest = (listed(f"'{folder.name}'" for folder in folders) for folders in (named, others))
    return DataError(
        f"dataset.path: {path}: cannot tell whether {splits} {'is a split' if len(named) == 1 else 'are splits'} or "
        f"{'a class' if len(named) == 1 else 'classes'}: {rest} beside {'it' if len(named) == 1 else 'them'} "
        f"{'is' if len(others) == 1 else 'are'} not named as a split. Rename the folders, or move those that do not "
        "belong to the data set elsewhere"
    )


def _refuse_single(path: Path, classes: Sequence[ClassFolder]) -> None:
    """Refuse a single class whose folder holds nothing but folders of images: the classes are one level deeper."""
    if len({each.label for each in classes}) != 1 or any(images_in(each.path) for each in classes):
        return
    single = classes[0].path
    deeper = [folder for folder in subfolders(single) if holds_images(folder)]
    if not deeper:
        return
    if len(deeper) == 1 and not images_in(deeper[0]):
        single, deeper = deeper[0], subfolders(deeper[0])
    advice = f"use the path {single}" if classes[0].split is None else f"move them up into {single.parent}"
    raise DataError(
        f"dataset.path: {path} holds a single class, '{classes[0].label}'; the folders in it may be the classes or "
        f"splits ({listed(folder.name for folder in deeper)}): {advice}"
    )


def _without_images(path: Path, folders: Sequence[Path]) -> Iterator[Notice]:
    for folder in folders:
        yield Notice(as_text(folder.relative_to(path)), "folders without images")


def no_classes(root: Path, folder: Path) -> DataError:
    """Return the error of a folder that holds no folders of classes."""
    images = len(images_in(folder))
    found = f", but {images:,} image{'' if images == 1 else 's'}" if images else ""
    return DataError(
        f"dataset.path: {folder} holds no folders{found}; expected one folder for each class, such as "
        f"{root.name}/daisy/1.jpg. Images with labels in a table are read with type: csv; images without labels can be "
        "used for enhancement, with type: degraded (automap init --task enhancement)"
    )
