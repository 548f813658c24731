"""The files of ImageNet weights of ``keras.applications``: in Keras's cache, or from the network."""

from __future__ import annotations

import hashlib
import os
import tempfile
import urllib.request
from pathlib import Path
from typing import NamedTuple

TIMEOUT_SECONDS = 30.0
_BLOCK = 2**20


class WeightsFile(NamedTuple):
    """A file of weights without the classifier."""

    url: str
    digest: str
    """MD5 or SHA-256, as Keras's source has it."""

    @property
    def path(self) -> Path:
        """Where Keras keeps it."""
        home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
        return home / "models" / self.url.rpartition("/")[2]

    def find(self) -> Path | None:
        """Return the file in Keras's cache, None if it is not there."""
        return self.path if self.path.is_file() else None

    def fetch(self) -> Path:
        """Return the file, downloaded if it is not in Keras's cache.

        Raises:
            OSError: if it cannot be downloaded, or is not what Keras expects.
        """
        return self.find() or self._download()

    def _download(self) -> Path:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.md5(usedforsecurity=False) if len(self.digest) == 32 else hashlib.sha256()
        with (
            urllib.request.urlopen(self.url, timeout=TIMEOUT_SECONDS) as source,
            tempfile.NamedTemporaryFile(dir=self.path.parent, prefix=".download-") as target,
        ):
            while block := source.read(_BLOCK):
                digest.update(block)
                target.write(block)
            target.flush()
            if digest.hexdigest() != self.digest:
                raise OSError(f"the downloaded file has the digest {digest.hexdigest()}; expected {self.digest}")
            os.link(target.name, self.path)
        return self.path
