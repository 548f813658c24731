"""Remote folders for runs and decoded data: any URL that fsspec supports, such as ``s3://bucket/folder``.

Optuna's artifact store is not used: it keeps every upload under a new name, whereas a checkpoint has to be replaced
after every epoch and found by the name of its run.
"""

from __future__ import annotations

import errno
import posixpath
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from automap.exceptions import ConnectionLost, StorageError
from automap.redaction import redact
from automap.store.atomic import put_in_place, sync_file
from automap.store.local_files import LocalFiles

PROBE_FILE = ".probe"
_LOCAL = "file://"

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})
"""Errors that do not pass by waiting."""


def is_remote(location: str | Path) -> bool:
    """Return whether a location is a URL rather than a path."""
    return "://" in str(location)


def child(location: str, *parts: str) -> str:
    """Join parts to a URL or path."""
    return posixpath.join(location, *parts) if is_remote(location) else str(Path(location, *parts))


def check_remote(url: str) -> None:
    """Write to a remote folder once.

    Raises:
        StorageError: if it cannot be written, or the package for such URLs is not installed.
    """
    with _open_remote(url) as (files, root):
        files.makedirs(root, exist_ok=True)
        files.pipe_file(f"{root}/{PROBE_FILE}", b"automap")
        files.rm_file(f"{root}/{PROBE_FILE}")


def check_readable(url: str) -> None:
    """Look for a remote folder, without writing to it; it need not exist.

    Raises:
        ConnectionLost: if the remote storage does not answer.
        StorageError: if it is a file or cannot be read, or the package for such URLs is not installed.
    """
    with _open_remote(url) as (files, root):
        if files.isfile(root):
            raise StorageError(f"{redact(url)} is a file; expected a folder")


def pull(url: str, folder: Path) -> None:
    """Copy the files of a remote folder, if it exists, into a local one.

    Raises:
        ConnectionLost: if the remote storage does not answer.
        StorageError: if it cannot be read.
    """
    with _open_remote(url) as (files, root):
        if not files.isdir(root):
            return
        folder.mkdir(parents=True, exist_ok=True)
        for path in files.find(root, maxdepth=1):
            name = posixpath.basename(path)
            if not name.startswith("."):  # Left incomplete by a killed process.
                _pull(files, path, folder / name)


def pull_file(url: str, path: Path) -> bool:
    """Copy a remote file to a path in one step.

    Returns:
        Whether the file exists.

    Raises:
        ConnectionLost: if the remote storage does not answer.
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
    sync_file(temporary)
    put_in_place(temporary, path)


def file_sizes(url: str) -> dict[str, int]:
    """Return the size in bytes of every file of a remote folder by name; empty if the folder does not exist."""
    with _open_remote(url) as (files, root):
        if not files.isdir(root):
            return {}
        found = files.find(root, maxdepth=1, detail=True)
        return {posixpath.basename(path): int(known["size"]) for path, known in found.items()}


def folder_sizes(url: str) -> dict[str, int]:
    """Return the total size in bytes of the files in each folder one level below a remote folder, by its name."""
    with _open_remote(url) as (files, root):
        if not files.isdir(root):
            return {}
        sizes: dict[str, int] = {}
        for path, known in files.find(root, maxdepth=2, detail=True).items():
            folder = posixpath.dirname(path)
            if folder.strip("/") != root.strip("/"):
                name = posixpath.basename(folder)
                sizes[name] = sizes.get(name, 0) + int(known["size"])
        return sizes


def push(path: Path, url: str) -> None:
    """Copy a local file into a remote folder in one step.

    Raises:
        ConnectionLost: if the remote storage does not answer.
        StorageError: if it cannot be written.
    """
    with _open_remote(url) as (files, root), path.open("rb") as source:
        files.makedirs(root, exist_ok=True)
        with _named_when_complete(files, f"{root}/{path.name}") as target:
            shutil.copyfileobj(source, target, 2**20)


@contextmanager
def _named_when_complete(files: Any, path: str) -> Iterator[Any]:
    if not isinstance(files, LocalFiles):
        with files.transaction, files.open(path, "wb") as target:
            yield target
        return
    folder, name = posixpath.split(path)
    temporary = Path(folder, f".{name}.{uuid.uuid4().hex}")
    try:
        with temporary.open("xb") as target:
            yield target
        sync_file(temporary)
        put_in_place(temporary, Path(path))
    finally:
        temporary.unlink(missing_ok=True)


def list_files(url: str) -> list[tuple[str, str]]:
    """Return the folder and name of every file one level below a remote folder."""
    with _open_remote(url) as (files, root):
        if not files.isdir(root):
            return []
        found = [posixpath.split(path) for path in files.find(root, maxdepth=2)]
        return [(posixpath.basename(folder), name) for folder, name in found if folder.strip("/") != root.strip("/")]


def delete(url: str, names: list[str]) -> None:
    """Delete files of a remote folder, and their remains from killed processes; others may be doing the same."""
    with _open_remote(url) as (files, root):
        if not files.isdir(root):
            return
        for path in files.find(root, maxdepth=1):
            found = posixpath.basename(path)
            if any(found == name or found.startswith(f".{name}.") for name in names):
                with suppress(FileNotFoundError):
                    files.rm_file(path)


def read_text(url: str) -> str | None:
    """Return the text of a remote file, None if it does not exist."""
    with _open_remote(url) as (files, root):
        # Not files.exists(), which returns False where the storage cannot be reached.
        try:
            return str(files.cat_file(root).decode("utf-8"))
        except FileNotFoundError:
            return None


@contextmanager
def _open_remote(url: str) -> Iterator[tuple[Any, str]]:
    try:
        files, root = _file_system(url)
        files.invalidate_cache()
        yield files, root.rstrip("/")
    except (ImportError, ValueError, PermissionError, NotImplementedError) as error:
        raise StorageError(f"{url}: {_first_line(error)}") from error
    except StorageError:
        raise
    except OSError as error:
        if error.errno in _FULL:
            raise StorageError(f"{url}: {error.strerror}; free some space, then run the same command again") from error
        raise ConnectionLost(f"{url}: {_first_line(error)}") from error
    except Exception as error:  # Each kind of storage has its own exceptions; most of them may pass by waiting.
        raise ConnectionLost(f"{url}: {_first_line(error)}") from error


def _file_system(url: str) -> tuple[Any, str]:
    if url.startswith(_LOCAL):
        return LocalFiles(), url.removeprefix(_LOCAL)
    try:
        import fsspec
    except ImportError:
        raise StorageError(
            f"{url}: URLs need the package fsspec; install it with: pip install 'automap[remote]'"
        ) from None
    # An instance of its own: transactions of several threads must not meet.
    files, root = fsspec.core.url_to_fs(url, skip_instance_cache=True)
    return files, str(root)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
