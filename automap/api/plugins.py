"""Listing the installed plugins and creating new ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from automap.api.scaffold import write_package
from automap.exceptions import PluginError, UserError
from automap.interfaces.component import Component
from automap.interfaces.kinds import KINDS, SPEC_KINDS
from automap.spec.describe import FieldDescription, describe_field
from automap.spec.plugins import BrokenPlugin, FoundPlugin, find_plugins, kind_name, load_plugin, try_load
from automap.spec.suggest import did_you_mean


@dataclass(frozen=True)
class Plugin:
    """An installed plugin."""

    name: str
    """Its name in specs and commands."""
    kind: str
    """For instance ``architecture``."""
    group: str
    """Its entry-point group, for instance ``automap.architectures``."""
    summary: str | None
    """The first line of its docstring; None if it cannot be used."""
    recommended: bool | None
    """Whether specs that leave its kind out search over it; None if it cannot be used."""
    distribution: str
    """The package that installed it."""
    version: str
    problem: str | None
    """Why it cannot be used; None if it can."""

    @property
    def in_specs(self) -> bool:
        """Whether specs name plugins of its kind."""
        return self.group in SPEC_KINDS

    def load(self) -> type[Component]:
        """Import its class.

        Raises:
            PluginError: if it cannot be used.
        """
        return load_plugin(self.group, self.name)

    def fields(self) -> list[FieldDescription]:
        """Describe its hyperparameters: valid values, default and recommended search space.

        Raises:
            PluginError: if it cannot be used.
        """
        return [describe_field(name, field) for name, field in self.load().model_fields.items()]


def list_plugins(kind: str | None = None, name: str | None = None) -> list[Plugin]:
    """Return the installed plugins by kind and name; those that cannot be used have a `problem`.

    Args:
        kind: only this kind, for instance ``architecture``.
        name: only plugins of this name.

    Raises:
        UserError: if there is no such kind.
        PluginError: if `name` is given and no plugin has it.

    Example:
        >>> [plugin.name for plugin in automap.list_plugins("scheduler")]  # doctest: +SKIP
        ['asha', 'hyperband', 'median', 'none', 'promotion']
    """
    found = [each for group in _groups(kind) for same_name in find_plugins(group).values() for each in same_name]
    if name is None:
        return [_describe(each) for each in found]
    if named := [_describe(each) for each in found if each.name == name]:
        return named
    hint = did_you_mean(name, [each.name for each in found], "automap plugins list shows what is installed")
    raise PluginError(f"no plugin is named '{name}'; {hint}")


def new_plugin(name: str, kind: str = "architecture", folder: str | Path = ".") -> Path:
    """Create a package with a new plugin, ready to install, test and change; return its folder.

    Args:
        name: the plugin's name, lower-case words joined by ``_``.
        kind: a kind that specs name, for instance ``architecture``.
        folder: where to create the package's folder.

    Raises:
        UserError: if the name is invalid or taken, the kind is unknown, or the folder cannot be written.
    """
    return write_package(name, kind, known_group(kind, SPEC_KINDS), Path(folder))


def known_group(kind: str, groups: Iterable[str] = KINDS) -> str:
    """Return the entry-point group of a kind of plugin.

    Raises:
        UserError: if there is no such kind among the groups.
    """
    kinds = {kind_name(group): group for group in sorted(groups)}
    if kind not in kinds:
        hint = did_you_mean(kind, kinds, f"kinds are {', '.join(kinds)}")
        raise UserError(f"unknown kind '{kind}'; {hint}")
    return kinds[kind]


def _groups(kind: str | None) -> list[str]:
    return sorted(KINDS) if kind is None else [known_group(kind)]


def _describe(found: FoundPlugin) -> Plugin:
    loaded, problem = _try(found)
    return Plugin(
        found.name,
        kind_name(found.group),
        found.group,
        loaded.summary() if loaded else None,
        loaded.recommended if loaded else None,
        found.distribution,
        found.version,
        problem,
    )


def _try(found: FoundPlugin) -> tuple[type[Component] | None, str | None]:
    try:
        loaded = try_load(found.group, found.name)
    except PluginError as error:
        return None, str(error)
    return (None, loaded.reason) if isinstance(loaded, BrokenPlugin) else (loaded, None)
