"""Where results go: standard output, plain where there is no terminal."""

from __future__ import annotations

import os

from rich.console import Console

_PLAIN_WIDTH = 120


def output_console() -> Console:
    """Return the console for results.

    Without a terminal, and without ``COLUMNS``, a line has 120 characters: nobody's window is too narrow.
    """
    console = Console(highlight=False)
    if not console.is_terminal and not os.environ.get("COLUMNS", "").isdigit():
        console.width = _PLAIN_WIDTH
    return console
