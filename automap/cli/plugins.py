"""``automap plugins``: list and explain installed plugins, create new ones."""

from __future__ import annotations

from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from automap.api.plugins import Plugin
    from automap.spec.describe import FieldDescription

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
    from automap.api.plugins import list_plugins as installed
    from automap.cli.console import output_console, print_json, say

    found = installed(kind)
    if format_ == "json":
        print_json([asdict(plugin) for plugin in found])
        return
    console = output_console()
    for group, plugins_of_group in groupby(found, key=lambda plugin: plugin.group):
        console.print(_listing(group, list(plugins_of_group)))
    broken = sum(plugin.problem is not None for plugin in found)
    if broken:
        say(f"{broken} of {len(found)} plugins cannot be used")


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
    from automap.api.plugins import list_plugins as installed
    from automap.cli.console import output_console, print_json

    for plugin in installed(kind, name):
        if format_ == "json":
            print_json({**asdict(plugin), "fields": [field._asdict() for field in plugin.fields()]})
        else:
            output_console().print(_explanation(plugin))


@plugins.command("new")
def new(
    name: Annotated[str, typer.Argument(help="The new plugin's name.", metavar="NAME", show_default=False)],
    kind: Annotated[str, typer.Option(help="Kind of the plugin, as in `automap plugins list`.")] = "architecture",
    folder: Annotated[Path, typer.Option(help="Where to create the package's folder.")] = Path(),
) -> None:
    """Create a package with a new plugin, ready to install, test and change.

    Example: automap plugins new my_net --kind architecture
    """
    from automap.api.plugins import new_plugin
    from automap.api.scaffold import in_spec
    from automap.cli.console import say
    from automap.spec.display import shell_quoted

    package = new_plugin(name, kind, folder)
    say(f"wrote {package}")
    say(f"  install it:  pip install -e {shell_quoted(package)}")
    say(f"  test it:     pytest {shell_quoted(package)}")
    say(f"  use it:      {in_spec(kind, name)}")


def _listing(group: str, found: list[Plugin]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from automap.spec.display import safe_text

    title = Text(group.removeprefix("automap."), style="bold")
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("name", style="cyan", no_wrap=True, min_width=NAME_WIDTH)
    table.add_column("from", style="dim", no_wrap=True)
    table.add_column("description", overflow="fold")
    for plugin in found:
        about = safe_text(plugin.summary or "") if plugin.problem is None else safe_text(plugin.problem, "red")
        table.add_row(*map(safe_text, (plugin.name, f"{plugin.distribution} {plugin.version}")), about)
    return table


def _explanation(plugin: Plugin) -> RenderableType:
    import inspect

    from rich.console import Group
    from rich.text import Text

    fields = plugin.fields()
    owner = f"{plugin.kind} of {plugin.distribution} {plugin.version}"
    head = Text.assemble((plugin.name, "bold cyan"), "  ", (owner, "dim"))
    text = Text(inspect.cleandoc(plugin.load().__doc__ or ""))
    return Group(head, Text(), text, Text(), _field_table(fields), *_use(plugin, fields), Text())


def _use(plugin: Plugin, fields: list[FieldDescription]) -> list[RenderableType]:
    from rich.text import Text

    from automap.api.scaffold import in_spec

    if not plugin.in_specs:
        return []
    required = [f"{field.name}: ..." for field in fields if field.required]
    value = f"{{{', '.join([f'type: {plugin.name}', *required])}}}" if required else plugin.name
    return [Text.assemble(("in a spec: ", "dim"), in_spec(plugin.kind, value))]


def _field_table(fields: list[FieldDescription]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("field", style="cyan", no_wrap=True)
    for title in ("values", "default", "search space", "description"):
        table.add_column(title, overflow="fold")
    for about in fields:
        cells = (about.name, about.takes, about.default, about.searched, about.description)
        table.add_row(*(Text(cell or "") for cell in cells))
    return table
