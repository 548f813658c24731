"""The ``automap`` program: its commands, and the conversion of errors to messages and exit codes."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, NoReturn

import typer
from typer.main import get_command

from automap.cli.lazy import LazyGroup

COMMANDS = {
    "init": "Write a commented spec for images in a folder, table or file.",
    "check": "Validate a spec; show its search space and data.",
    "search": "Run or resume a search.",
    "worker": "Join a search that another process or machine has started.",
    "leaderboard": "Rank the results of one or more studies.",
    "show": "Show a trial: hyperparameters, learning curve, metrics, costs.",
    "browse": "Browse studies and trials in the terminal.",
    "report": "Write a report of a study as one HTML page, or copy its trials to a tracking tool.",
    "studies": "List the studies of a database.",
    "train": "Train a candidate again: longer, with other seeds, or on all data.",
    "predict": "Predict with a trained model.",
    "explain": "Explain a model's answers with heat maps.",
    "export": "Export a model and verify the exported file.",
    "compress": "Make a model smaller and faster.",
    "ensemble": "Combine a study's best models into one, without further training.",
    "serve": "Serve a model over HTTP: a JSON API, metrics and an upload page.",
    "plugins": "List, explain and create plugins.",
    "doctor": "Check the records of a study, or check this machine.",
    "schema": "Write the JSON Schema of specs, for completion in editors.",
}
"""The first line of each command's docstring, so that listing the commands does not import them."""

INTERRUPTED = 130
"""Exit code after Ctrl-C, following the convention of shells."""


@dataclass
class Invocation:
    """Options of the program that apply to all commands."""

    debug: bool = False


def _set_debug(context: typer.Context, value: bool) -> None:
    if value:
        context.find_object(Invocation).debug = True  # type: ignore[union-attr]


def _print_version(value: bool) -> None:
    if value:
        from importlib.metadata import version

        print(f"automap {version('automap')}")
        raise typer.Exit


def _automap(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version and exit.", callback=_print_version, is_eager=True),
    ] = False,
    debug: Annotated[
        bool,
        typer.Option("--debug", help="Show the traceback of an error.", callback=_set_debug, expose_value=False),
    ] = False,
) -> None:
    """Find a good neural network for your images: from a spec file to a trained Keras model.

    Example: automap search specs/digits.yaml
    """


def program() -> typer.Typer:
    """Return the program with its commands, which are imported later."""
    app = typer.Typer(
        cls=LazyGroup,
        callback=_automap,
        no_args_is_help=True,
        rich_markup_mode="markdown",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for name, line in COMMANDS.items():
        app.command(name, help=line)(_not_imported)
    return app


def _not_imported() -> None:
    raise NotImplementedError("placeholder in listings; LazyGroup replaces it by the real command")


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the program and exit: 0 done, 1 the run failed, 2 the input is wrong, 130 interrupted.

    Args:
        arguments: command-line arguments without the program's name; None for those of the process.
    """
    invocation = Invocation()
    _prepare_streams()
    try:
        get_command(program())(arguments, prog_name="automap", obj=invocation)
        code = 0
    except SystemExit as exit_:
        code = exit_.code if isinstance(exit_.code, int) else int(exit_.code is not None)
    except KeyboardInterrupt:
        code = INTERRUPTED
    except Exception as error:
        code = _report(error, invocation.debug)
    sys.exit(code if _flushed() else 1)


def _report(error: Exception, debug: bool) -> int:
    from automap.cli.errors import exit_code, show_error

    if isinstance(error, BrokenPipeError):
        return 1
    show_error(error, debug=debug)
    return exit_code(error)


def _prepare_streams() -> None:
    # The caller may have closed standard streams: files that are opened later must not get their descriptors.
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    # File names may contain characters that the terminal's encoding lacks; they are shown escaped.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _flushed() -> bool:
    # A reader such as `head` may have exited; the interpreter would complain when it flushes at exit.
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return False
    return True
