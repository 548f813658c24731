"""Finding and loading plugins: discovery reads metadata only; a failure to load is a value."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from automap.exceptions import PluginError
from automap.interfaces.component import Component
from automap.interfaces.kinds import KINDS
from automap.spec.errors import shortened
from automap.spec.suggest import did_you_mean

_RENAMED = {
    ("automap.losses", "mse"): "squared_error",
    ("automap.losses", "mean_squared_error"): "squared_error",
    ("automap.losses", "l1"): "absolute_error",
}
"""Names of earlier versions, for error messages."""


@dataclass(frozen=True)
class FoundPlugin:
    """An entry point of one of automap's groups, not imported yet."""

    group: str
    name: str
    value: str
    distribution: str
    version: str


@dataclass(frozen=True)
class BrokenPlugin:
    """A plugin that cannot be used, with the reason."""

    found: FoundPlugin
    reason: str


@cache
def find_plugins(group: str) -> dict[str, tuple[FoundPlugin, ...]]:
    """Return the plugins of a group, sorted by name; more than one of a name is a conflict."""
    by_name: dict[str, dict[str, FoundPlugin]] = defaultdict(dict)
    for entry in entry_points(group=group):
        found = _describe(entry)
        # An editable install next to its own build lists a distribution twice, which is not a conflict.
        by_name[entry.name].setdefault(found.distribution, found)
    return {name: tuple(by_name[name].values()) for name in sorted(by_name)}


def _describe(entry: EntryPoint) -> FoundPlugin:
    name, version = (entry.dist.name, entry.dist.version) if entry.dist else ("unknown", "")
    return FoundPlugin(entry.group, entry.name, entry.value, name, version)


@cache
def try_load(group: str, name: str) -> type[Component] | BrokenPlugin:
    """Import a plugin; if that fails, return the reason.

    Raises:
        PluginError: if no plugin or more than one has that name.
    """
    plugins = find_plugins(group)
    if name not in plugins:
        raise PluginError(unknown_name_message(group, name))
    found, *others = plugins[name]
    if others:
        owners = " and ".join(f"{plugin.distribution} {plugin.version}".strip() for plugin in (found, *others))
        raise PluginError(f"two plugins of {group} are named '{name}': from {owners}; uninstall one of them")
    try:
        loaded = EntryPoint(name, found.value, group).load()
    except (Exception, SystemExit) as error:
        # Importing a third party's module may raise anything, and must not stop the program.
        return BrokenPlugin(found, f"{type(error).__name__}: {error}")
    if not (isinstance(loaded, type) and issubclass(loaded, KINDS[group])):
        return BrokenPlugin(found, f"{found.value} is not a subclass of automap.{KINDS[group].__name__}")
    return loaded


def load_plugin(group: str, name: str) -> type[Component]:
    """Return the component class of a plugin.

    Raises:
        PluginError: if the plugin is unknown, found twice, or broken; the text gives the reason.
    """
    loaded = try_load(group, name)
    if isinstance(loaded, BrokenPlugin):
        owner = f"{loaded.found.distribution} {loaded.found.version}".strip()
        raise PluginError(f"plugin '{name}' of {owner} is broken: {loaded.reason}")
    return loaded


def recommended_plugins(group: str) -> tuple[str, ...]:
    """Return the names of the working plugins that are searched if a spec leaves the kind out."""
    classes = {name: try_load(group, name) for name, found in find_plugins(group).items() if len(found) == 1}
    return tuple(
        name for name, loaded in classes.items() if not isinstance(loaded, BrokenPlugin) and loaded.recommended
    )


@cache
def plugin_name(component: type[Component]) -> str:
    """Return the name under which a component class is installed.

    Raises:
        PluginError: if no entry point leads to the class.
    """
    for name, plugins in find_plugins(component.group).items():
        for found in plugins:
            if found.value == f"{component.__module__}:{component.__qualname__}":
                return name
    for name in find_plugins(component.group):
        if try_load(component.group, name) is component:
            return name
    raise PluginError(
        f"{component.__module__}.{component.__qualname__} is not installed: declare it as an entry point "
        f"of the group {component.group} in its distribution's pyproject.toml"
    )


def kind_name(group: str) -> str:
    """Return the singular of a group's name, for instance ``loss`` for ``automap.losses``."""
    plural = group.removeprefix("automap.")
    return plural.removesuffix("es") if plural.endswith("sses") else plural.removesuffix("s")


def unknown_name_message(group: str, name: str) -> str:
    """Return the message for an unknown plugin, with the nearest name or all of them."""
    known = list(find_plugins(group))
    kind, installed = kind_name(group), ", ".join(known) or "none"
    if (renamed := _RENAMED.get((group, name))) in known:
        return f"unknown {kind} '{name}': it is now called '{renamed}'"
    return f"unknown {kind} '{shortened(name)}'; {did_you_mean(name, known, f'installed: {installed}')}"
