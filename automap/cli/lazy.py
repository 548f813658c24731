"""Commands that are imported only when they are called, so that help and start-up stay fast."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command


class LazyGroup(TyperGroup):
    """A command group that imports only the module of the command that is called.

    A command ``name`` is the attribute ``name`` of the module ``automap.cli.name``: a function, or a Typer
    program with subcommands. Each command also accepts the group's ``--debug``, because people add it at the end.
    """

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Replace the placeholder by the real command before Typer looks it up."""
        if args and args[0] in self.commands:
            self.commands[args[0]] = self._load(args[0])
        return super().resolve_command(ctx, args)

    def _load(self, name: str) -> Any:
        found = getattr(import_module(f"automap.cli.{name}"), name)
        command: Any = get_command(found if isinstance(found, typer.Typer) else _program(name, found))
        command.name = name
        debug = [option for option in self.params if option.name == "debug"]
        for child in (command, *getattr(command, "commands", {}).values()):
            child.params.extend(debug)
        return command


def _program(name: str, function: Any) -> typer.Typer:
    program = typer.Typer(add_completion=False, rich_markup_mode="markdown")
    program.command(name)(function)
    return program
