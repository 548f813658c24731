"""Pages of the site that are not files under docs/: README, benchmarks, and the reference, generated from the code."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that lie elsewhere or are generated."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    benchmarks = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    pages = {
        "introduction.md": re.sub(r"\]\(docs/", "](", _without_benchmarks(readme, "benchmarks/")),
        "benchmarks.md": benchmarks.replace("](../docs/", "]("),
        "reference/commands.md": "\n".join(_commands()),
        "reference/spec.md": "\n".join(_spec()),
        "reference/components.md": "\n".join(_components()),
        "reference/api.md": "\n".join(_api()),
    }
    for path, text in pages.items():
        files.append(File.generated(config, path, content=text))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Point links that leave docs/ at the pages of the site; name what lies in the repository only."""
    markdown = _without_benchmarks(markdown, "../benchmarks/").replace("](../README.md", "](introduction.md")
    return re.sub(r"\[([^\]]*)\]\(\.\./((?:examples|specs|benchmarks)/[^)]*)\)", r"`\2`", markdown)


def _without_benchmarks(markdown: str, folder: str) -> str:
    return markdown.replace(f"]({folder}README.md", "](benchmarks.md").replace(f"]({folder})", "](benchmarks.md)")


def _commands() -> Iterator[str]:
    """Yield the help of every command as Markdown."""
    import typer

    from automap.cli.main import program

    yield "# Commands\n"
    group = typer.main.get_command(program())
    context = typer.Context(group, info_name="automap")
    for name in group.list_commands(context):
        _, command, _ = group.resolve_command(context, [name])
        yield from _command(command, f"automap {name}", context)


def _command(command: Any, name: str, parent: Any) -> Iterator[str]:
    if hasattr(command, "list_commands"):
        for inner in command.list_commands(parent):
            yield from _command(command.get_command(parent, inner), f"{name} {inner}", parent)
        return
    yield f"## {name}\n"
    yield f"{inspect.cleandoc(command.help or '')}\n"
    yield "| parameter | meaning |\n|---|---|"
    for parameter in command.params:
        spelled = (
            (parameter.metavar or parameter.name.upper())
            if parameter.param_type_name == "argument"
            else _options(parameter)
        )
        yield f"| `{spelled}` | {_cell(getattr(parameter, 'help', '') or '')} |"
    yield ""


def _options(parameter: Any) -> str:
    return ", ".join([*parameter.opts, *parameter.secondary_opts])


def _spec() -> Iterator[str]:
    """Yield the fields of the spec and of its sections."""
    from automap.spec.spec import Spec

    yield "# The fields of a spec\n"
    yield "[spec.md](../spec.md) explains how they work together.\n"
    yield from _fields(Spec)
    seen: set[type] = {Spec}
    for field in Spec.model_fields.values():
        for section in _models(field.annotation):
            if section not in seen:
                seen.add(section)
                yield f"## {section.__name__}\n"
                yield f"{inspect.cleandoc(section.__doc__ or '').splitlines()[0]}\n"
                yield from _fields(section)


def _models(annotation: Any) -> Iterator[type]:
    from typing import get_args

    from pydantic import BaseModel

    from automap.interfaces.component import Component

    if inspect.isclass(annotation) and issubclass(annotation, BaseModel) and not issubclass(annotation, Component):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)


def _components() -> Iterator[str]:
    """Yield every built-in component with its fields."""
    from automap.interfaces.kinds import SPEC_KINDS
    from automap.spec.plugins import find_plugins, kind_name, load_plugin

    yield "# Components\n"
    yield "Everything that a spec can name with `type:`. Installed plugins are listed by `automap plugins list`.\n"
    for group in sorted(SPEC_KINDS):
        yield f"## {kind_name(group).capitalize()}\n"
        for name in sorted(find_plugins(group)):
            component = load_plugin(group, name)
            yield f"### {name} {{#{kind_name(group).replace(' ', '-')}-{name}}}\n"
            yield f"{inspect.cleandoc(component.__doc__ or '')}\n"
            if component.model_fields:
                yield from _fields(component)


def _fields(model: Any) -> Iterator[str]:
    from automap.spec.describe import describe_field

    yield "| field | values | default | search space | description |\n|---|---|---|---|---|"
    for name, field in model.model_fields.items():
        about = describe_field(name, field)
        cells = (about.takes, about.default, about.searched, about.description)
        yield f"| `{about.name}` | {' | '.join(_cell(cell or '') for cell in cells)} |"
    yield ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def _api() -> Iterator[str]:
    """Yield the public interface, for mkdocstrings to fill in."""
    import automap

    yield "# Python API\n"
    yield "[The Python API](../python-api.md) shows how to use it; this page lists the public interface.\n"
    for name in automap.__all__:
        shown = getattr(automap, name)
        if inspect.isclass(shown) or inspect.isfunction(shown):
            yield f"::: {shown.__module__}.{shown.__qualname__}\n"
