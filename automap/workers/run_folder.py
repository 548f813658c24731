"""A run's files: local while it trains, then in the study's run directory."""

from __future__ import annotations

import os
import shutil
import stat
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from automap.exceptions import ConnectionLost, StorageError
from automap.spec.spec import Spec
from automap.store import remote
from automap.store.files import (
    CARD_FILE,
    CHECKPOINT_FILE,
    DECAY_CHECKPOINT_FILE,
    NETWORK_FILE,
    RESULT_FILE,
    SAMPLES_FILE,
    VALIDATION_FILE,
)
from automap.store.retry import with_retries
from automap.store.run_files import copy_file, require_real_folder

RETRY_SECONDS = 5.0


class RunFolder:
    """The folder of one run; as a context manager it copies checkpoints to a remote run directory.

    If the run directory is a local path, nothing is copied.

    Args:
        spec: names the study's run directory.
        name: name of the run's folder.
    """

    def __init__(self, spec: Spec, name: str) -> None:
        self.local: Path = spec.run_directory / name
        self._url = None if spec.remote_runs is None else remote.child(spec.remote_runs, name)
        self._spec = spec
        self._copier: _Copier | None = None

    def __enter__(self) -> Self:
        require_real_folder(self.local)
        if self._url is not None:
            private_folder(self.local.parent)
            # Local files may be older than those of another machine that resumed the run.
            shutil.rmtree(self.local, ignore_errors=True)
            with_retries(lambda: remote.pull(str(self._url), self.local))
            self._copier = _Copier(self.local / CHECKPOINT_FILE, self._url)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._copier is not None:
            self._copier.end()
            if kind is not None:
                # It is resumed from the copy: the checkpoints of paused trials must not fill the temporary folder.
                shutil.rmtree(self.local, ignore_errors=True)

    def continue_from(self, name: str) -> None:
        """Start from the checkpoint of another run before its final decay, unless this run has begun already.

        Args:
            name: folder name of the other run.
        """
        target = self.local / CHECKPOINT_FILE
        if target.exists() or (self.local / RESULT_FILE).exists():
            return
        self.local.mkdir(parents=True, exist_ok=True)
        if self._spec.remote_runs is not None:
            url = remote.child(self._spec.remote_runs, name, DECAY_CHECKPOINT_FILE)
            with_retries(lambda: remote.pull_file(url, target))
            return
        source = self._spec.run_directory / name
        require_real_folder(source)
        if (source / DECAY_CHECKPOINT_FILE).is_file():
            copy_file(source / DECAY_CHECKPOINT_FILE, target)

    def checkpointed(self) -> None:
        """Copy a new checkpoint in the background, unless a newer one is written first."""
        if self._copier is not None:
            self._copier.wake()

    def publish(self) -> None:
        """Copy the run's files, its result last, then delete the local ones.

        Raises:
            ConnectionLost: if the run directory stays unreachable.
            StorageError: if it cannot be written.
        """
        if self._url is None:
            return
        url = self._url
        for name in (DECAY_CHECKPOINT_FILE, VALIDATION_FILE, SAMPLES_FILE, NETWORK_FILE, CARD_FILE, RESULT_FILE):
            path = self.local / name
            if path.exists():
                with_retries(lambda path=path: remote.push(path, url))  # type: ignore[misc]
        with_retries(lambda: remote.delete(url, [CHECKPOINT_FILE]))
        shutil.rmtree(self.local, ignore_errors=True)


def private_folder(folder: Path) -> None:
    """Create a folder in the system's temporary directory that only this user can read.

    Args:
        folder: name within automap's own folder, which is checked too.

    Raises:
        StorageError: if one of the two exists and is a link or belongs to another user.
    """
    for path in (folder.parent, folder):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            raise StorageError(
                f"temporary folder {path} is a link or belongs to another user; "
                "remove it, or set TMPDIR to a folder of your own"
            )
        path.chmod(0o700)


class _Copier:
    """Copies the newest version of a file that is replaced repeatedly, in a thread of its own."""

    def __init__(self, path: Path, url: str) -> None:
        self._path, self._url = path, url
        self._news, self._ended = threading.Event(), threading.Event()
        self._failed: StorageError | None = None
        self._thread = threading.Thread(target=self._copy_until_ended, name="checkpoints", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Copy the file as it is now.

        Raises:
            StorageError: if the last copy failed for good; an unreachable target is tried again.
        """
        if self._failed is not None:
            raise self._failed
        self._news.set()

    def end(self) -> None:
        """Wait until the newest version is copied or has failed."""
        self._ended.set()
        self._news.set()
        self._thread.join()

    def _copy_until_ended(self) -> None:
        while True:
            self._news.wait()
            self._news.clear()
            ending = self._ended.is_set()
            if self._path.exists():
                self._copy(ending)
            if ending:
                return

    def _copy(self, ending: bool) -> None:
        try:
            remote.push(self._path, self._url)
        except FileNotFoundError:
            # The run has ended and its checkpoint is gone.
            return
        except StorageError as error:
            if not isinstance(error, ConnectionLost):
                self._failed = error
            elif not ending:
                # It is tried again with the next checkpoint, or shortly.
                self._ended.wait(RETRY_SECONDS)
                self._news.set()
