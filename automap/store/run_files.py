"""Files of runs on this machine: nothing outside the run directory is deleted or overwritten.

Names in a run directory may be links to elsewhere, whoever made them: folders are opened without following links,
and only names that automap itself writes are deleted.
"""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from automap.exceptions import StorageError
from automap.store.files import WEIGHT_FILES

# As they are, or under the temporary name under which a process that was killed began to write them.
_DELETABLE = re.compile(rf"(\.\d+-|\.pulled-)?({'|'.join(map(re.escape, WEIGHT_FILES))})")


def require_real_folder(folder: Path) -> None:
    """Check that a folder of a run, if it exists, is not a link.

    Raises:
        StorageError: if it is one.
    """
    if folder.is_symlink():
        raise StorageError(f"{folder} is a symbolic link; automap follows no links in a run directory: remove it")


def run_folders(directory: Path) -> Iterator[Path]:
    """Return the folders of a run directory that are not links."""
    with suppress(FileNotFoundError), os.scandir(directory) as entries:
        yield from sorted(Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False))


def has_weights(folder: Path) -> bool:
    """Return whether a run's folder holds anything that `delete_weights` would delete."""
    with _opened(folder) as handle:
        return handle is not None and any(_DELETABLE.fullmatch(name) for name in os.listdir(handle))


def delete_weights(folder: Path) -> None:
    """Delete weights, checkpoints and outputs of a run; other processes may be doing the same."""
    with _opened(folder) as handle:
        if handle is None:
            return
        for name in os.listdir(handle):
            if _DELETABLE.fullmatch(name):
                # A folder under such a name is none of automap's.
                with suppress(FileNotFoundError, IsADirectoryError, PermissionError):
                    os.unlink(name, dir_fd=handle)


def copy_files(source: Path, names: Iterable[str], target: Path) -> None:
    """Replace a folder in one step by a new one with copies of some files, those that exist and are not links.

    Args:
        source: a run's folder.
        names: of the files.
        target: the folder to replace; if it is a link, the link is replaced.
    """
    fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        for name in names:
            path = source / name
            if path.is_file() and not path.is_symlink():
                copy_file(path, fresh / name)
        fresh.chmod(0o777 & ~_umask())
        _exchange(fresh, target)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


@contextmanager
def _opened(folder: Path) -> Iterator[int | None]:
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        # It does not exist, or it is a link or a file.
        yield None
        return
    try:
        yield handle
    finally:
        os.close(handle)


def copy_file(source: Path, target: Path) -> None:
    """Copy a file to a path that does not exist."""
    with source.open("rb") as original, target.open("xb") as copy:
        shutil.copyfileobj(original, copy, 2**20)
        copy.flush()
        os.fsync(copy.fileno())


def _exchange(fresh: Path, target: Path) -> None:
    """Rename a folder to the name of another one, which is deleted."""
    if target.is_dir() and not target.is_symlink() and _swap(fresh, target):
        # What was there now has the temporary name, and is deleted under it.
        return
    while True:
        # Renaming cannot replace a folder that is not empty; if another process is faster, try again.
        old = Path(tempfile.mkdtemp(prefix=".old-", dir=target.parent))
        with suppress(FileNotFoundError):
            target.rename(old / target.name)
        try:
            fresh.rename(target)
        except OSError:
            if not os.path.lexists(target):
                raise
        else:
            return
        finally:
            _delete(old, target.name)


def _swap(one: Path, other: Path) -> bool:
    """Exchange two folders in one step; False where the system cannot: only Linux and macOS can."""
    system = ctypes.CDLL(None, use_errno=True)
    names = os.fsencode(one), os.fsencode(other)
    if hasattr(system, "renameat2"):
        return int(system.renameat2(_HERE, names[0], _HERE, names[1], _EXCHANGE)) == 0
    return hasattr(system, "renamex_np") and int(system.renamex_np(*names, _EXCHANGE)) == 0


_HERE, _EXCHANGE = -100, 2
"""AT_FDCWD of Linux; RENAME_EXCHANGE of Linux, which has the value of RENAME_SWAP of macOS."""


def _delete(old: Path, name: str) -> None:
    if (old / name).is_symlink():
        (old / name).unlink()
    # Python's rmtree follows no links.
    shutil.rmtree(old, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
