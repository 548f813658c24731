"""``automap plugins``: list and explain installed plugins, create new ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from automap.interfaces.component import Component
    from automap.spec.plugins import FoundPlugin

NAME_WIDTH = 20
"""Width of the first column, the same in all tables."""

plugins = typer.Typer(
    help="List, explain and create plugins.",
    epilog="Example: automap plugins info resnet",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
)


@plugins.command("list")
def list_plugins(
    kind: Annotated[
        str | None, typer.Option(help="Only this kind, for instance architecture.", show_default=False)
    ] = None,
    format_: Annotated[Literal["table", "json"], typer.Option("--format", help="Output format.")] = "table",
) -> None:
    """List the installed plugins; broken ones are listed with the reason.

    Example: automap plugins list --kind architecture
    """
    from automap.cli.console import output_console, print_json, say

    entries = [_entry(found) for group in _groups(kind) for found in _found(group)]
    if format_ == "json":
        print_json(entries)
        return
    console = output_console()
    for group in _groups(kind):
        rows = [entry for entry in entries if entry["group"] == group]
        console.print(_listing(group, rows))
    broken = sum(entry["problem"] is not None for entry in entries)
    if broken:
        say(f"{broken} of {len(entries)} plugins cannot be used")


@plugins.command("info")
def info(
    name: Annotated[str, typer.Argument(help="The plugin's name.", metavar="NAME", show_default=False)],
    kind: Annotated[
        str | None, typer.Option(help="The plugin's kind, if several kinds share the name.", show_default=False)
    ] = None,
    format_: Annotated[Literal["table", "json"], typer.Option("--format", help="Output format.")] = "table",
) -> None:
    """Show a plugin's hyperparameters with their defaults and recommended ranges.

    Example: automap plugins info resnet
    """
    from automap.cli.console import output_console, print_json
    from automap.spec.plugins import load_plugin

    for found in _named(name, kind):
        component = load_plugin(found.group, found.name)
        if format_ == "json":
            print_json({**_entry(found), "fields": _fields(component)})
        else:
            output_console().print(_explanation(found, component))


@plugins.command("new")
def new(
    name: Annotated[str, typer.Argument(help="The new plugin's name.", metavar="NAME", show_default=False)],
    kind: Annotated[str, typer.Option(help="Kind of the plugin, as in `automap plugins list`.")] = "architecture",
    folder: Annotated[Path, typer.Option(help="Where to create the package's folder.")] = Path(),
) -> None:
    """Create a package with a new plugin, ready to install, test and change.

    Example: automap plugins new my_net --kind architecture
    """
    from automap.cli.console import say
    from automap.cli.scaffold import in_spec, write_package
    from automap.spec.display import shell_quoted

    package = write_package(name, kind, folder)
    say(f"wrote {package}")
    say(f"  install it:  pip install -e {shell_quoted(package)}")
    say(f"  test it:     pytest {shell_quoted(package)}")
    say(f"  use it:      {in_spec(kind, name)}")


def _groups(kind: str | None) -> list[str]:
    from automap.exceptions import UserError
    from automap.interfaces.kinds import KINDS
    from automap.spec.plugins import kind_name
    from automap.spec.suggest import did_you_mean

    kinds = {kind_name(group): group for group in sorted(KINDS)}
    if kind is None:
        return list(kinds.values())
    if kind in kinds:
        return [kinds[kind]]
    hint = did_you_mean(kind, kinds, f"kinds are {', '.join(kinds)}")
    raise UserError(f"--kind: unknown kind '{kind}'; {hint}")


def _found(group: str) -> list[FoundPlugin]:
    from automap.spec.plugins import find_plugins

    return [found for same_name in find_plugins(group).values() for found in same_name]


def _named(name: str, kind: str | None) -> list[FoundPlugin]:
    from automap.exceptions import PluginError
    from automap.spec.suggest import did_you_mean

    known = [found for group in _groups(kind) for found in _found(group)]
    named = [found for found in known if found.name == name]
    if not named:
        names = [found.name for found in known]
        hint = did_you_mean(name, names, "automap plugins list shows what is installed")
        raise PluginError(f"no plugin is named '{name}'; {hint}")
    return named


def _entry(found: FoundPlugin) -> dict[str, Any]:
    from automap.spec.plugins import kind_name

    loaded, problem = _load(found)
    return {
        "name": found.name,
        "kind": kind_name(found.group),
        "group": found.group,
        "summary": loaded.summary() if loaded else None,
        "recommended": loaded.recommended if loaded else None,
        "distribution": found.distribution,
        "version": found.version,
        "problem": problem,
    }


def _load(found: FoundPlugin) -> tuple[type[Component] | None, str | None]:
    from automap.exceptions import PluginError
    from automap.spec.plugins import BrokenPlugin, try_load

    try:
        loaded = try_load(found.group, found.name)
    except PluginError as error:
        return None, str(error)
    return (None, loaded.reason) if isinstance(loaded, BrokenPlugin) else (loaded, None)


def _listing(group: str, rows: list[dict[str, Any]]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from automap.spec.display import safe_text

    title = Text(group.removeprefix("automap."), style="bold")
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("name", style="cyan", no_wrap=True, min_width=NAME_WIDTH)
    table.add_column("from", style="dim", no_wrap=True)
    table.add_column("description", overflow="fold")
    for row in rows:
        about = safe_text(row["summary"] or "") if row["problem"] is None else safe_text(row["problem"], "red")
        table.add_row(*map(safe_text, (row["name"], f"{row['distribution']} {row['version']}")), about)
    return table


def _fields(component: type[Component]) -> list[dict[str, Any]]:
    from automap.spec.describe import describe_field

    return [describe_field(name, field)._asdict() for name, field in component.model_fields.items()]


def _explanation(found: FoundPlugin, component: type[Component]) -> RenderableType:
    import inspect

    from rich.console import Group
    from rich.text import Text

    from automap.spec.plugins import kind_name

    owner = f"{kind_name(found.group)} of {found.distribution} {found.version}"
    head = Text.assemble((found.name, "bold cyan"), "  ", (owner, "dim"))
    text = Text(inspect.cleandoc(component.__doc__ or ""))
    use = Text.assemble(("in a spec: ", "dim"), _example(found, component))
    return Group(head, Text(), text, Text(), _field_table(component), use, Text())


def _example(found: FoundPlugin, component: type[Component]) -> str:
    from automap.cli.scaffold import in_spec
    from automap.spec.plugins import kind_name

    required = [f"{name}: ..." for name, field in component.model_fields.items() if field.is_required()]
    value = f"{{{', '.join([f'type: {found.name}', *required])}}}" if required else found.name
    return in_spec(kind_name(found.group), value)


def _field_table(component: type[Component]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from automap.spec.describe import describe_field

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("field", style="cyan", no_wrap=True)
    for title in ("values", "default", "search space", "description"):
        table.add_column(title, overflow="fold")
    for name, field in component.model_fields.items():
        about = describe_field(name, field)
        cells = (about.name, about.takes, about.default, about.searched, about.description)
        table.add_row(*(Text(cell or "") for cell in cells))
    return table
