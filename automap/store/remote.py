"""Folders that other machines reach, of runs and of decoded data: any URL that fsspec knows, such as ``s3://bucket/folder``.

Optuna's artifact store is not used: it keeps each upload under a new name for ever, where a checkpoint must be
replaced after every epoch, and others must find it by the name of its run.
"""

from __future__ import annotations

import errno
import posixpath
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from automap.exceptions import ConnectionLost, StorageError

PROBE_FILE = ".probe"

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})
"""What waiting does not mend, be it here or there."""


def is_remote(location: str | Path) -> bool:
    """Return whether a location is a URL, not a path of this machine."""
    return "://" in str(location)


def child(location: str, *parts: str) -> str:
    """Return a place within a location, which is a URL or a path."""
    return posixpath.join(location, *parts) if is_remote(location) else str(Path(location, *parts))


def check_remote(url: str) -> None:
    """Write to a remote folder once.

    Raises:
        StorageError: if it cannot be written, or a package is missing that knows such URLs.
    """
    with _open_remote(url) as (files, root):
        files.makedirs(root, exist_ok=True)
        files.pipe_file(f"{root}/{PROBE_FILE}", b"automap")
        files.rm_file(f"{root}/{PROBE_FILE}")


def pull(url: str, folder: Path) -> None:
    """Copy the files of a remote folder into a local one; nothing happens if there is no such folder.

    Raises:
        ConnectionLost: if it does not answer.
        StorageError: if it cannot be read.
    """
    with _open_remote(url) as (files, root):
        if not files.isdir(root):
            return
        folder.mkdir(parents=True, exist_ok=True)
        for path in files.find(root, maxdepth=1):
            _pull(files, path, folder / posixpath.basename(path))


def pull_file(url: str, path: Path) -> bool:
    """Copy a remote file to a path, where it appears whole or not at all.

    Returns:
        Whether there is such a file.

    Raises:
        ConnectionLost: if it does not answer.
        StorageError: if it cannot be read, or the disk is full.
    """
    with _open_remote(url) as (files, root):
        if not files.isfile(root):
            return False
        _pull(files, root, path)
    return True


def _pull(files: Any, remote: str, path: Path) -> None:
    temporary = path.with_name(f".pulled-{path.name}")
    files.get_file(remote, str(temporary))
    temporary.replace(path)


def file_sizes(url: str) -> dict[str, int]:
    """Return the size in bytes of every file of a remote folder, by name; nothing if there is no such folder."""
    with _open_remote(url) as (files, root):
        if not files.isdir(root):
            return {}
        found = files.find(root, maxdepth=1, detail=True)
        return {posixpath.basename(path): int(known["size"]) for path, known in found.items()}


def push(path: Path, url: str) -> None:
    """Copy a local file into a remote folder, where it appears whole or not at all.

    Raises:
        ConnectionLost: if the folder does not answer.
        StorageError: if it cannot be written.
    """
    with _open_remote(url) as (files, root), path.open("rb") as source:
        files.makedirs(root, exist_ok=True)
        # Within a transaction a file gets its name once it is complete.
        with files.transaction, files.open(f"{root}/{path.name}", "wb") as target:
            shutil.copyfileobj(source, target, 2**20)


def list_files(url: str) -> list[tuple[str, str]]:
    """Return folder and name of every file that lies one folder deep in a remote one."""
    with _open_remote(url) as (files, root):
        if not files.isdir(root):
            return []
        found = [posixpath.split(path) for path in files.find(root, maxdepth=2)]
        return [(posixpath.basename(folder), name) for folder, name in found if folder.strip("/") != root.strip("/")]


def delete(url: str, names: list[str]) -> None:
    """Delete files of a remote folder; another machine may be doing the same."""
    with _open_remote(url) as (files, root):
        for name in names:
            if files.exists(f"{root}/{name}"):
                files.rm_file(f"{root}/{name}")


def read_text(url: str) -> str | None:
    """Return a remote file's text; None if there is no such file."""
    with _open_remote(url) as (files, root):
        return files.cat_file(root).decode("utf-8") if files.exists(root) else None


@contextmanager
def _open_remote(url: str) -> Iterator[tuple[Any, str]]:
    try:
        import fsspec
    except ImportError:
        raise StorageError(
            f"{url}: a URL needs the package fsspec; install it with: pip install 'automap[remote]'"
        ) from None
    try:
        # An instance of its own: transactions of several threads must not meet.
        files, root = fsspec.core.url_to_fs(url, skip_instance_cache=True)
        files.invalidate_cache()
        yield files, root.rstrip("/")
    except (ImportError, ValueError, PermissionError) as error:
        raise StorageError(f"{url}: {_first_line(error)}") from error
    except StorageError:
        raise
    except OSError as error:
        if error.errno in _FULL:
            raise StorageError(f"{url}: {error.strerror}; make room, then run the same command again") from error
        raise ConnectionLost(f"{url}: {_first_line(error)}") from error
    except Exception as error:  # Each kind of storage has its own errors: what they share is that they may pass.
        raise ConnectionLost(f"{url}: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
