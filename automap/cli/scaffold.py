"""A package to start a plugin from: files with a few names filled in."""

from __future__ import annotations

import keyword
import re
from importlib.resources import files
from pathlib import Path
from string import Template

from automap.exceptions import UserError
from automap.interfaces.kinds import KINDS
from automap.spec.plugins import find_plugins, kind_name

TEMPLATES = files("automap.cli") / "templates"


def write_package(name: str, kind: str, folder: Path) -> Path:
    """Write a package with one plugin and return its folder.

    Args:
        name: the plugin's name, as specs will write it.
        kind: for instance ``architecture``.
        folder: where the package's own folder is made.

    Raises:
        UserError: if the name cannot be one or is taken, the kind has no template, or the folder exists.
    """
    group = _group(kind)
    _check_name(name, group)
    distribution = f"automap-{name.replace('_', '-')}"
    package = f"automap_{name}"
    names = {
        "name": name,
        "kind": kind,
        "group": group,
        "section": kind,
        "distribution": distribution,
        "package": package,
        "class_name": "".join(word.capitalize() for word in name.split("_")),
    }
    templates = {
        "pyproject.toml": "pyproject.toml.txt",
        "README.md": "README.md.txt",
        f"{package}/__init__.py": "package.py.txt",
        f"{package}/{name}.py": f"{kind}.py.txt",
        f"tests/test_{name}.py": f"test_{kind}.py.txt",
    }
    root = folder / distribution
    try:
        root.mkdir(parents=True)
        for path, template in templates.items():
            (root / path).parent.mkdir(exist_ok=True)
            text = (TEMPLATES / template).read_text(encoding="utf-8")
            (root / path).write_text(Template(text).substitute(names), encoding="utf-8")
    except FileExistsError:
        raise UserError(f"{root} exists already; choose another name or another --folder") from None
    except OSError as error:
        raise UserError(f"cannot write {root}: {error.strerror}") from None
    return root


def _group(kind: str) -> str:
    kinds = {kind_name(group): group for group in KINDS if (TEMPLATES / f"{kind_name(group)}.py.txt").is_file()}
    if kind not in kinds:
        raise UserError(f"--kind: there is a template for {', '.join(sorted(kinds))}; received '{kind}'")
    return kinds[kind]


def _check_name(name: str, group: str) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name) or keyword.iskeyword(name):
        raise UserError(f"a plugin's name is lower case words joined by '_', for instance my_net; received '{name}'")
    if taken := find_plugins(group).get(name):
        raise UserError(f"'{name}' is the name of a plugin of {taken[0].distribution}; choose another")
