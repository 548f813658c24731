"""Write every case of the corpus with its spec below a folder, to look at it: ``python tests/corpus/write.py FOLDER``."""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from corpus import arrays, boxes, folders, masks, tables


def main() -> None:
    """Write the cases, each in a folder of its own."""
    for module in (folders, tables, arrays, masks, boxes):
        for case in module.CASES:
            root = Path(sys.argv[1]) / module.__name__.rpartition(".")[2] / re.sub(r"\W+", "_", case.name)
            root.mkdir(parents=True)
            case.make(root)
            (root / "spec.yaml").write_text(f"dataset: {case.dataset}\n")


if __name__ == "__main__":
    main()
