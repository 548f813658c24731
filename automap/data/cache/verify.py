"""Verifying the files of a cache before a process first uses them."""

from __future__ import annotations

import threading
from pathlib import Path

from automap.data.cache.manifest import Manifest, checksum
from automap.exceptions import StorageError


class Verifier:
    """Verifies each file of a cache once; safe with threads.

    Args:
        folder: the folder of the cache.
        manifest: sizes and checksums of the files.
    """

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self._folder, self._manifest = folder, manifest
        self._lock = threading.Lock()
        self._verified: set[str] = set()
        self.fault: StorageError | None = None
        """The damage that was found; the error may have been raised in a reader thread."""

    def check_sizes(self) -> None:
        """Compare the size of every file.

        Raises:
            StorageError: if a file is missing or has another size.
        """
        for name, size in self._manifest.files.items():
            file = self._folder / name
            if not file.is_file() or file.stat().st_size != size:
                raise damaged(self._folder, f"{name} is missing or has another size")

    def check(self, name: str) -> None:
        """Compare the checksum of a file, unless this was done before.

        Raises:
            StorageError: if the file was damaged after it was written.
        """
        with self._lock:
            if name in self._verified:
                return
            try:
                intact = checksum(self._folder / name) == self._manifest.checksums.get(name)
                reason = f"{name} is damaged: its checksum does not match"
            except OSError as error:
                intact, reason = False, f"{name} cannot be read: {error.strerror}"
            if not intact:
                self.fault = damaged(self._folder, reason)
                raise self.fault
            self._verified.add(name)


def damaged(folder: Path, reason: str) -> StorageError:
    """Return the error about a damaged cache."""
    return StorageError(
        f"cache {folder}: {reason}; to decode the data set again, delete that folder or run: "
        "automap check SPEC --rebuild"
    )
