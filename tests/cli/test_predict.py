"""Answers as rows of a table."""

from pathlib import Path

import pytest

from automap.cli.predict import _rows

CLASSES = [{"label": "even", "probability": 0.9}, {"label": "round", "probability": 0.4}]


@pytest.mark.parametrize(
    ("answer", "columns"),
    [
        ({"labels": ["even"], "classes": CLASSES}, {"labels": "even", "even": "0.900000", "round": "0.400000"}),
        ({"labels": ["even", "big"], "classes": CLASSES[:1]}, {"labels": "even; big", "even": "0.900000"}),
        ({"labels": [], "classes": CLASSES[:1]}, {"labels": "", "even": "0.900000"}),
        ({"label": "even", "probability": 0.9, "classes": CLASSES}, {"label": "even", "probability": "0.900000"}),
        ({"numbers": {"age": 31.25}}, {"age": "31.25"}),
        ({"boxes": []}, {}),
        (
            {"boxes": [{"label": "cat", "probability": 0.5, "box": [1, 2, 3.25, 4]}]},
            {"label": "cat", "probability": "0.500000", "left": "1.0", "top": "2.0", "right": "3.2", "bottom": "4.0"},
        ),
        (
            {"other": "b.png", "similarity": 0.5, "same": True},
            {"other": "b.png", "similarity": "0.500000", "same": "True"},
        ),
    ],
)
def test_an_answer_is_a_row(answer, columns):
    assert _rows([(Path("a.png"), answer)]) == [{"image": "a.png", **columns}]
