"""Help, exit codes and messages of all commands."""

import inspect
import os
import pty
import re
import subprocess
import sys
from importlib import import_module

import pytest
import typer
from support.program import run_automap

from automap.cli.main import COMMANDS

LEAVES = [[name] for name in COMMANDS if name != "plugins"] + [["plugins", name] for name in ("list", "info", "new")]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_listed_as_it_describes_itself(command):
    found = getattr(import_module(f"automap.cli.{command}"), command)
    text = found.info.help if isinstance(found, typer.Typer) else inspect.getdoc(found)
    assert text.splitlines()[0] == COMMANDS[command]


@pytest.mark.parametrize("command", LEAVES, ids=" ".join)
def test_help_of_every_command_has_an_example_and_explains_every_option(command):
    done = run_automap(*command, "--help")
    assert done.returncode == 0, done.stderr
    assert f"Example: automap {' '.join(command)}" in done.stdout
    assert "--debug" in done.stdout


def test_the_programs_help_lists_every_command_in_order():
    lines = run_automap("--help").stdout.splitlines()
    listed = [words[1] for line in lines if len(words := line.split()) > 2 and words[1] in COMMANDS]
    assert listed == list(COMMANDS)


def test_an_unknown_command_or_option_is_the_users_mistake():
    done = run_automap("serach")
    assert done.returncode == 2
    assert "Did you mean 'search'?" in done.stderr
    done = run_automap("check", "--fast", "x.yaml")
    assert done.returncode == 2
    assert done.stdout == ""


def test_the_version_is_the_distributions():
    from importlib.metadata import version

    assert run_automap("--version").stdout == f"automap {version('automap')}\n"


@pytest.mark.parametrize("position", ["before", "after"])
def test_a_traceback_is_shown_only_with_debug(tmp_path, position):
    command = ["check", tmp_path / "nothing.yaml"]
    done = run_automap(*command)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "no such file" in done.stderr
    done = run_automap("--debug", *command) if position == "before" else run_automap(*command, "--debug")
    assert done.returncode == 2
    assert "Traceback" in done.stderr


INTERRUPTING = """
import sys, automap.cli.schema
from automap.cli.main import main

def schema() -> None:
    raise {error}

automap.cli.schema.schema = schema
sys.argv = ["automap", "schema"]
main()
"""


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        ("KeyboardInterrupt", 130, ""),
        (
            "ZeroDivisionError('by zero')",
            1,
            "internal error: ZeroDivisionError: by zero; run again with --debug",
        ),
        ("__import__('automap').RunError('no luck')", 1, "error: no luck"),
        ("__import__('automap').DataError('no [red] images')", 2, "error: no [red] images"),
        ("BrokenPipeError()", 1, ""),
        ("SystemExit(7)", 7, ""),
    ],
)
def test_every_error_becomes_a_message_and_an_exit_code(error, code, message):
    program = INTERRUPTING.format(error=error)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert done.stdout == ""
    assert done.stderr.startswith(message)
    assert bool(done.stderr) == bool(message)


def test_a_closed_output_pipe_is_not_an_error():
    command = f"{sys.executable} -c 'from automap.cli.main import main; main()' schema | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert done.stdout == "{\n"
    assert done.stderr == ""


def on_a_terminal(arguments, **environment):
    """Run the program with a terminal as its standard error and output; return what it showed."""
    code = "from automap.cli.main import main; main()"
    mine, its = pty.openpty()
    env = {key: value for key, value in os.environ.items() if key not in {"NO_COLOR", "CI"}}
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdout=its,
        stderr=its,
        stdin=its,
        env={**env, "TERM": "xterm-256color", "COLUMNS": "100", **environment},
    )
    os.close(its)
    shown = b""
    while True:
        try:
            part = os.read(mine, 65536)
        except OSError:  # Linux reports the end of a terminal as an input/output error.
            break
        if not part:
            break
        shown += part
    process.wait()
    os.close(mine)
    return shown.decode()


def test_a_terminal_shows_the_line_of_the_spec_with_a_caret(tmp_path):
    spec = tmp_path / "spec.yaml"
    spec.write_text("dataset: sklearn\narchitecture: {type: cnn, activaton: relu}\n")
    shown = on_a_terminal(["check", str(spec)]).replace("\r\n", "\n")
    assert "\x1b[" in shown
    lines = [line for line in strip(shown).split("\n") if "activaton" in line or "^" in line]
    assert "unknown field; did you mean 'activation'?" in lines[0]
    assert "    2 │ architecture: {type: cnn, activaton: relu}" in lines[1]
    assert lines[2].index("^") == lines[1].index("activaton")
    assert "\x1b[31m" in shown or "\x1b[1;31m" in shown
    uncoloured = on_a_terminal(["check", str(spec)], NO_COLOR="1")
    assert "31m" not in uncoloured
    assert strip(uncoloured).replace("\r\n", "\n") == strip(shown)


def strip(line):
    return re.sub(r"\x1b\[[0-9;]*m", "", line)


def test_without_a_terminal_each_problem_is_one_line(tmp_path):
    spec = tmp_path / "spec.yaml"
    spec.write_text("dataset: sklearn\narchitecture: {type: cnn, activaton: relu}\nbudget: {trails: 3}\n")
    done = run_automap("check", spec, COLUMNS="40")
    assert done.stderr.splitlines() == [
        f"{spec}:2:27: architecture.activaton: unknown field; did you mean 'activation'?",
        f"{spec}:3:10: budget.trails: unknown field; did you mean 'trials'?",
        f"2 problems in {spec}",
    ]
    assert done.stdout == ""
