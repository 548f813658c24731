"""Draw a study's leaderboard as the picture of the README.

``python docs/draw_leaderboard.py specs/digits.yaml docs/leaderboard.svg``
"""

from __future__ import annotations

import io
import sys

from rich.console import Console

import automap
from automap.leaderboard.render import leaderboard_table

WIDTH = 112


def main(spec_file: str, picture: str) -> None:
    """Draw the leaderboard of a spec's study.

    Args:
        spec_file: the spec, whose search has run.
        picture: the SVG file to write.
    """
    board = automap.open_study(spec_file).leaderboard(limit=12)
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(leaderboard_table(board, WIDTH))
    console.save_svg(picture, title=f"automap leaderboard {spec_file}")


if __name__ == "__main__":
    main(*sys.argv[1:3])
