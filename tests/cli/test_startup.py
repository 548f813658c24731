"""Commands that do not train start without Keras, and help without any heavy import."""

import json
import subprocess
import sys
import time

import pytest

HEAVY = {"keras", "tensorflow", "jax", "torch"}
SLOW = HEAVY | {"pydantic", "numpy", "sqlalchemy", "optuna", "alembic", "yaml", "PIL", "sklearn"}


def imported_by(*arguments):
    """Run the program in a fresh process and return its exit code and the packages that it imported."""
    code = (
        "import sys, json\n"
        "sys.argv[0] = 'automap'\n"
        "from automap.cli.main import main\n"
        "try: main()\n"
        "except SystemExit as end: code = end.code\n"
        "print(json.dumps([code, sorted({name.partition('.')[0] for name in sys.modules})]), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    code, names = json.loads(done.stderr.splitlines()[-1])
    return code, set(names)


@pytest.mark.parametrize("arguments", [["--help"], [], ["--version"]])
def test_help_imports_nothing_heavy(arguments):
    _, names = imported_by(*arguments)
    assert names & SLOW == set()


@pytest.mark.parametrize(
    "arguments",
    [
        ["plugins", "list"],
        ["plugins", "info", "resnet"],
        ["schema"],
        ["leaderboard", "--help"],
        ["show", "--help"],
        ["studies", "--help"],
        ["init", "--help"],
        ["check", "--help"],
        ["search", "--help"],
        ["predict", "--help"],
    ],
)
def test_commands_without_training_do_not_import_keras(arguments):
    code, names = imported_by(*arguments)
    assert code == 0
    assert names & HEAVY == set()


def test_help_answers_at_once():
    times = []
    for _ in range(5):
        start = time.perf_counter()
        imported_by("--help")
        times.append(time.perf_counter() - start)
    assert min(times) < 0.5
