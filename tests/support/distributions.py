"""Distributions with plugins, written like installed ones."""

from __future__ import annotations

from pathlib import Path

ARCHITECTURE = '''
from automap import Architecture, Features

class Net(Architecture):
    """A network."""

    width: int = 8

    def build(self, inputs) -> Features:
        return {1: inputs}
'''


def install(folder: Path, distribution: str, group: str, plugins: dict[str, str], **modules: str) -> Path:
    """Write a distribution's metadata and modules into a folder of the import path.

    Args:
        folder: the folder, as ``pip install --target`` takes it.
        distribution: the distribution's name.
        group: the entry-point group of its plugins.
        plugins: ``module:class`` by plugin name.
        modules: source code by module name.
    """
    name = distribution.replace("-", "_")
    metadata = folder / f"{name}-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    lines = [f"[{group}]", *(f"{plugin} = {value}" for plugin, value in plugins.items())]
    (metadata / "entry_points.txt").write_text("\n".join(lines) + "\n")
    for module, source in modules.items():
        (folder / f"{module}.py").write_text(source)
    return folder
