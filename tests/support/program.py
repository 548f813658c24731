"""Running the program in a process of its own."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from automap.cli.main import main

REPOSITORY = Path(__file__).parents[2]


def run_automap(
    *arguments: str | Path, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run ``automap`` with arguments and return its exit code, output and messages."""
    code = "import sys; sys.argv[0] = 'automap'; from automap.cli.main import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "100", **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def call_automap(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run ``automap`` within this process: quick, for what does not depend on the environment."""
    output, messages = io.StringIO(), io.StringIO()
    with redirect_stdout(output), redirect_stderr(messages):
        try:
            main(list(map(str, arguments)))
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
    return subprocess.CompletedProcess(arguments, code, output.getvalue(), messages.getvalue())
