"""Writing a package with a new plugin from templates."""

from __future__ import annotations

import keyword
import re
from importlib.resources import files
from pathlib import Path
from string import Template

from automap.exceptions import UserError
from automap.spec.plugins import find_plugins

TEMPLATES = files("automap.api") / "templates"


def write_package(name: str, kind: str, group: str, folder: Path) -> Path:
    """Write a package with one plugin and return its folder.

    Args:
        name: the plugin's name in specs.
        kind: for instance ``architecture``.
        group: the kind's entry-point group.
        folder: where the package's folder is created.

    Raises:
        UserError: if the name is invalid or taken, or the folder cannot be written.
    """
    _check_name(name, group)
    values = {
        "name": name,
        "kind": kind,
        "group": group,
        "in_spec": in_spec(kind, f"{{type: {name}, path: ...}}" if kind == "dataset" else name),
        "distribution": f"automap-{name.replace('_', '-')}",
        "package": f"automap_{name}",
        "class_name": _class_name(name, kind),
    }
    root = folder / values["distribution"]
    try:
        root.mkdir(parents=True)
        for path, template in _files(name, kind, values["package"]).items():
            (root / path).parent.mkdir(exist_ok=True)
            (root / path).write_text(Template(_template(template)).substitute(values), encoding="utf-8")
    except FileExistsError:
        raise UserError(f"{root} already exists; choose another name or folder") from None
    except OSError as error:
        raise UserError(f"cannot write {root}: {error.strerror}") from None
    return root


def in_spec(kind: str, value: str) -> str:
    """Return the line of a spec that names a component of a kind."""
    if kind == "encoder":
        return f"encoders: {{table: {value}}}"
    return f"search: {{{kind}: {value}}}" if kind in ("sampler", "scheduler") else f"{kind}: {value}"


def _files(name: str, kind: str, package: str) -> dict[str, str]:
    """Return the template of each file of a package."""
    own_test = f"test_{kind}.py.txt"
    return {
        "pyproject.toml": "pyproject.toml.txt",
        "README.md": "README.md.txt",
        f"{package}/__init__.py": "package.py.txt",
        f"{package}/{name}.py": f"{kind}.py.txt",
        f"tests/test_{name}.py": own_test if (TEMPLATES / own_test).is_file() else "test_plugin.py.txt",
    }


def _template(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _class_name(name: str, kind: str) -> str:
    found = "".join(word.capitalize() for word in name.split("_"))
    # A task named 'task' must not take the name of its base class.
    taken = re.search(rf"\b{found}\b", _template(f"{kind}.py.txt"))
    return f"{found}{kind.capitalize()}Plugin" if taken else found


def _check_name(name: str, group: str) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name) or keyword.iskeyword(name):
        raise UserError(f"a plugin's name must be lower-case words joined by '_', such as my_net; received '{name}'")
    if taken := find_plugins(group).get(name):
        raise UserError(f"{taken[0].distribution} already has a plugin named '{name}'; choose another name")
