"""The API in a notebook: progress and tables are shown as HTML, without widgets."""

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from support.images import digits
from support.markdown import ROOT

CELLS = [
    "import numpy as np\nimport automap\narrays = np.load('digits.npz')",
    """study = automap.search(
    arrays["x"], arrays["y"], trials=1, name="tiny", architecture={"type": "cnn", "filters": [8]},
    training={"epochs": 1}, finalists={"top": 0},
)
study""",
    "study.leaderboard()",
    "study.trial(0)",
    "automap.search('nothing.yaml')",
]


@pytest.mark.slow
def test_a_search_in_a_notebook(tmp_path):
    images, labels = digits()
    np.savez(tmp_path / "digits.npz", x=images[:300], y=labels[:300])
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    client = NotebookClient(notebook, timeout=300, kernel_name="python3", allow_errors=True)
    client.execute(cwd=str(tmp_path))
    searched, board, trial, failed = (cell["outputs"] for cell in notebook.cells[1:])
    assert not [output for output in (*searched, *board, *trial) if output["output_type"] in ("error", "stream")]
    shown = [output["data"]["text/html"] for output in searched]
    assert any("Ctrl-C stops at the next evaluation" in html for html in shown), shown
    assert "tiny" in shown[-1]
    assert "1 trial ended" in board[0]["data"]["text/html"]
    assert "learning_rate" in trial[0]["data"]["text/html"]
    assert "no such file" in failed[-1]["evalue"]


@pytest.mark.slow
def test_the_example_notebook_runs(tmp_path):
    """From drawing the images to the exported model, in a minute of search."""
    notebook = nbformat.read(ROOT / "examples" / "flowers.ipynb", as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells)
    NotebookClient(notebook, timeout=300, kernel_name="python3").execute(cwd=str(tmp_path))
    shown = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            assert output["output_type"] != "error"
            html = output.get("data", {}).get("text/html", "")
            shown[cell["source"].splitlines()[-1]] = html or output.get("text", "")
    assert "accuracy" in shown["study"]
    assert "learning_rate" in shown["study.trial(best.trial)"]
    assert "<iframe srcdoc=" in shown["study.report()"]
    assert "classification" in shown["model"]
    assert (
        sum(f"{kind:10} → {kind}" in "".join(map(str, shown.values())) for kind in ("daisy", "poppy", "sunflower")) >= 2
    )
    assert list((tmp_path / "flowers-onnx").glob("*.onnx"))
