"""Make this folder's files from a search with automap 0.1, the last version whose tables are of revision 0001.

In a folder with `digits.yaml`, `sharpen.yaml` and ten images in `photos`, run ``automap search`` of that version on
both specs; then, here: ``python make.py FOLDER``.
"""

import shutil
import sqlite3
import sys
from pathlib import Path

HERE = Path(__file__).parent
FINALIST = "digits/final-00001-seed-1000"
RESULTS = ("digits/trial-00000", "digits/trial-00001", "sharpen/trial-00000", "sharpen/trial-00001")


def main(folder: Path) -> None:
    """Write the database as SQL, the finalist's model, and the results of all runs."""
    with sqlite3.connect(folder / "automap.db") as database:
        # Neither paths nor host names of the machine that made it.
        database.execute("UPDATE automap_runs SET worker = 'host-1-1'")
        database.execute("UPDATE automap_studies SET environment = '{}'")
        lines = "\n".join(database.iterdump())
        database.rollback()
    lines = lines.replace(str(folder.absolute()), "/folder")
    (HERE / "database.sql").write_text(f"{lines}\n")
    shutil.rmtree(HERE / "runs", ignore_errors=True)
    for name in RESULTS:
        copy(folder, name, "result.json")
    copy(folder, FINALIST, "result.json", "model.json", "model.keras")


def copy(folder: Path, run: str, *names: str) -> None:
    """Copy files of a run."""
    target = HERE / "runs" / run
    target.mkdir(parents=True)
    for name in names:
        shutil.copy(folder / "automap.runs" / run / name, target)
    for path in target.glob("*.json"):
        path.write_text(path.read_text().replace(str(folder.absolute()), "/folder"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
