"""Files at ``file://`` URLs, with the interface of fsspec's file systems but without the package."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any


class LocalFiles:
    """The methods that `automap.store.remote` calls, for ``file://`` URLs. Paths are absolute."""

    def invalidate_cache(self) -> None:
        """Do nothing: nothing is cached."""

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        """Create a folder and its parents."""
        Path(path).mkdir(parents=True, exist_ok=exist_ok)

    def isdir(self, path: str) -> bool:
        """Return whether there is a folder."""
        return Path(path).is_dir()

    def isfile(self, path: str) -> bool:
        """Return whether there is a file."""
        return Path(path).is_file()

    def find(self, path: str, maxdepth: int, detail: bool = False) -> Any:
        """Return the paths of all files up to `maxdepth` folders deep, sorted; with their sizes if `detail`."""
        found = sorted(self._files(path, maxdepth))
        return {each: {"size": os.stat(each).st_size} for each in found} if detail else found

    def _files(self, folder: str, depth: int) -> list[str]:
        found = []
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_file():
                    found.append(entry.path)
                elif depth > 1 and entry.is_dir(follow_symlinks=False):
                    found += self._files(entry.path, depth - 1)
        return found

    def pipe_file(self, path: str, content: bytes) -> None:
        """Write a file."""
        Path(path).write_bytes(content)

    def cat_file(self, path: str) -> bytes:
        """Return the content of a file."""
        return Path(path).read_bytes()

    def get_file(self, path: str, target: str) -> None:
        """Copy a file."""
        shutil.copyfile(path, target)

    def rm_file(self, path: str) -> None:
        """Delete a file."""
        os.unlink(path)
