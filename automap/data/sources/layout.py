"""The meaning of file and folder names: splits, images, and leftovers of operating systems.

Every data set, ``automap init`` and ``automap predict`` use these functions, so that they agree.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from automap.interfaces.sample import SplitName

IMAGE_SUFFIXES = frozenset(
    [
        *(".png", ".apng", ".gif", ".webp", ".bmp", ".dib", ".dds"),
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),
        *(".tif", ".tiff", ".pbm", ".pgm", ".ppm", ".pnm", ".pfm"),
        *(".jp2", ".jpx", ".j2k", ".j2c", ".jpc", ".jpf"),
        *(".avif", ".avifs", ".heic", ".heics", ".heif", ".heifs", ".hif", ".npy"),
    ]
)
"""Suffixes of image files, in lower case."""
JPEG_SUFFIXES = frozenset([".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"])
"""Those of files with lossy compression, which masks must not have."""

_JUNK = frozenset(
    [
        *("thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "icon\r", "picasa.ini", "zbthumbnail.info"),
        *("__macosx", "@eadir", "#recycle", "@recycle", "@tmp", "$recycle.bin", "system volume information"),
        *("lost+found", "__pycache__", "network trash folder", "temporary items"),
    ]
)
"""Files and folders that operating systems, network drives and tools leave behind, in lower case."""

_SPLIT = re.compile(
    r"(?:(?P<train>train(?:ing)?)|(?P<validation>val(?:id(?:ate|ation)?)?|dev(?:el(?:opment)?)?)|(?P<test>test(?:ing)?))"
    r"(?:[ _.-]?(?:set|split|data|images|imgs))?(?:[ _.-]?\d{1,4})?"
)
_WORD = re.compile(r"[a-z]+")


def split_named(name: str) -> SplitName | None:
    """Return the split that a name stands for, such as ``train``, ``Val``, ``dev``, ``test_set`` or ``train2017``."""
    found = _SPLIT.fullmatch(name.strip().lower())
    if found is None:
        return None
    return "train" if found["train"] else "validation" if found["validation"] else "test"


def split_of_path(path: str | Path) -> SplitName | None:
    """Return the split named by the first of a file's folders that names one."""
    return next((split for folder in Path(path).parts[:-1] if (split := split_named(folder)) is not None), None)


def split_in_name(path: Path) -> SplitName | None:
    """Return the split that a word in the name of a file or of its folder stands for: ``instances_val2017.json``."""
    for name in reversed(path.parts):
        for word in _WORD.findall(name.lower()):
            if (split := split_named(word)) is not None:
                return split
    return None


def is_junk(name: str) -> bool:
    """Return whether a file or folder is hidden, or was left behind by an operating system or a network drive."""
    return name.startswith((".", "~$")) or name.lower() in _JUNK


def is_image_name(name: str) -> bool:
    """Return whether a file is named as an image."""
    return os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES


def as_text(name: str | Path) -> str:
    """Return the name of a file as valid text: bytes that are not UTF-8 become hexadecimal escapes."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def composed(text: str) -> str:
    """Return text in Unicode's composed form (NFC), in which equal letters are equal characters."""
    return unicodedata.normalize("NFC", text)


def listed(names: Iterable[str], most: int = 5) -> str:
    """Return names separated by commas, at most so many of them."""
    found = list(names)
    return ", ".join(found[:most]) + (", …" if len(found) > most else "")
