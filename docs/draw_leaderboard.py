"""Draw a study's leaderboard as the picture of the README.

``python docs/draw_leaderboard.py specs/digits.yaml docs/leaderboard.svg``
"""

from __future__ import annotations

import io
import sys

from rich.console import Console

from automap.leaderboard.ranking import rank
from automap.leaderboard.render import leaderboard_table, notes
from automap.spec.spec import load_spec
from automap.store.engine import read_database
from automap.store.studies import find_study

WIDTH = 112


def main(spec_file: str, picture: str) -> None:
    """Draw the leaderboard of a spec's study.

    Args:
        spec_file: the spec, whose search has run.
        picture: the SVG file to write.
    """
    spec = load_spec(spec_file)
    engine = read_database(spec.storage)
    study = find_study(engine, spec.name)
    if study is None:
        sys.exit(f"there is no study '{spec.name}' yet; run: automap search {spec_file}")
    board = rank(engine, [study], limit=12)
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(leaderboard_table(board, WIDTH))
    for note in notes(board):
        console.print(note, style="dim", highlight=False)
    console.save_svg(picture, title=f"automap leaderboard {spec_file}")


if __name__ == "__main__":
    main(*sys.argv[1:3])
