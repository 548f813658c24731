"""Finding and loading plugins: discovery reads metadata only, loading is by name, failures are values."""

from __future__ import annotations

import difflib
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from automap.exceptions import PluginError
from automap.interfaces.component import Component
from automap.interfaces.kinds import KINDS


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
    """A plugin that was found and cannot be used, with the reason."""

    found: FoundPlugin
    reason: str


@cache
def find_plugins(group: str) -> dict[str, tuple[FoundPlugin, ...]]:
    """Return the plugins of a group by name, sorted; more than one under a name is a conflict."""
    by_name: dict[str, dict[str, FoundPlugin]] = defaultdict(dict)
    for entry in entry_points(group=group):
        found = _describe(entry)
        # A distribution can be seen twice (an editable install beside its own build): that is no conflict.
        by_name[entry.name].setdefault(found.distribution, found)
    return {name: tuple(by_name[name].values()) for name in sorted(by_name)}


def _describe(entry: EntryPoint) -> FoundPlugin:
    name, version = (entry.dist.name, entry.dist.version) if entry.dist else ("unknown", "")
    return FoundPlugin(entry.group, entry.name, entry.value, name, version)


@cache
def try_load(group: str, name: str) -> type[Component] | BrokenPlugin:
    """Import a plugin that exists; whatever goes wrong inside it is returned as its reason.

    Raises:
        PluginError: if no plugin, or more than one, has that name.
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
        # A third party's module may do anything when it is imported; it must not take the program down.
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
    """Return the names of the working plugins that a spec which leaves the kind out searches over."""
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
    """Return what one component of a group is called, for instance ``loss`` for ``automap.losses``."""
    plural = group.removeprefix("automap.")
    return plural.removesuffix("es") if plural.endswith("sses") else plural.removesuffix("s")


def unknown_name_message(group: str, name: str) -> str:
    """Say that a name is unknown, with the nearest valid one, or all of them when none is near."""
    known = list(find_plugins(group))
    kind = kind_name(group)
    if near := difflib.get_close_matches(name, known, n=1):
        return f"unknown {kind} '{name}'; did you mean '{near[0]}'?"
    return f"unknown {kind} '{name}'; installed: {', '.join(known) or 'none'}"
