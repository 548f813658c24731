"""Check that this machine can run a search: versions, plugins, devices, disk space."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from automap.data.cache.reader import cache_directory
from automap.exceptions import PluginError
from automap.interfaces.kinds import KINDS
from automap.search.environment import environment
from automap.spec.plugins import find_plugins, kind_name, load_plugin
from automap.workers.local import worker_environment
from automap.workers.resources import Share, this_machine

MIN_FREE_BYTES = 2**30
"""A search soon fails with less free disk space."""

_ASK_BACKEND = """\
import json, keras
devices = [str(device) for device in keras.distribution.list_devices()]
print(json.dumps([keras.config.backend(), keras.version(), devices]))
"""


@dataclass(frozen=True)
class Condition:
    """The state of something that a search needs."""

    name: str
    state: Literal["good", "doubtful", "bad"]
    text: str
    """What was found, and what to do about a problem."""


def inspect_machine() -> list[Condition]:
    """Check everything that a search on this machine depends on; takes seconds, because Keras is imported.

    Returns:
        Versions, plugins, processors, GPUs, and the free disk space of the cache and the current folder.
    """
    folders = {"cache of data sets": cache_directory(), "this folder": Path.cwd()}
    return [*_versions(), *_plugins(), *_devices(), *(_room(name, folder) for name, folder in folders.items())]


def _versions() -> Iterator[Condition]:
    found = environment()
    packages = found["packages"]
    assert isinstance(packages, dict)
    listed = ", ".join(f"{name} {version}" for name, version in packages.items())
    yield Condition("versions", "good", f"Python {found['python']}, {listed}")


def _plugins() -> Iterator[Condition]:
    for group in KINDS:
        names = sorted(find_plugins(group))
        broken = [fault for name in names if (fault := _fault(group, name)) is not None]
        title = f"plugins: {kind_name(group)}"
        if broken:
            yield Condition(title, "bad", "; ".join(broken))
        else:
            yield Condition(title, "good" if names else "bad", ", ".join(names) or "none installed")


def _fault(group: str, name: str) -> str | None:
    try:
        load_plugin(group, name)
    except PluginError as error:
        return str(error)
    return None


def _devices() -> Iterator[Condition]:
    machine = this_machine()
    free = "" if machine.memory_bytes is None else f"; {machine.memory_bytes / 2**30:.1f} GiB of free memory"
    yield Condition("processors", "good", f"{len(machine.cores)}{free}")
    asked = subprocess.run(
        [sys.executable, "-c", _ASK_BACKEND],
        capture_output=True,
        text=True,
        env=worker_environment(Share(()), 1),
        check=False,
    )
    if asked.returncode:
        words = asked.stderr.strip().splitlines() or [f"exit code {asked.returncode}"]
        yield Condition("Keras", "bad", f"could not import Keras: {words[-1]}")
        return
    backend, version, devices = json.loads(asked.stdout.splitlines()[-1])
    yield Condition("Keras", "good", f"{version} on {backend}: {', '.join(devices)}")
    gpus = [device for device in devices if not device.startswith("cpu")]
    if machine.gpus and not gpus:
        text = f"{backend} cannot use the {len(machine.gpus)} GPUs of this machine: pip install 'automap[gpu]'"
        yield Condition("GPUs", "bad", text)
    elif gpus:
        yield Condition("GPUs", "good", str(len(gpus)))
    else:
        yield Condition("GPUs", "doubtful", "none; training on large images will be slow")


def _room(name: str, folder: Path) -> Condition:
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    if not os.access(existing, os.W_OK):
        return Condition(name, "bad", f"no permission to write to {existing}")
    free = shutil.disk_usage(existing).free
    text = f"{folder}: {free / 2**30:.1f} GiB free"
    return Condition(name, "good" if free > MIN_FREE_BYTES else "doubtful", text)
