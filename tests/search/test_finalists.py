"""Finalists fit into the remaining time: the number of seeds is reduced before that of candidates."""

import pytest

from automap.search.finalists import affordable


@pytest.mark.parametrize(
    ("left", "expected"),
    [(90.0, (3, 3)), (60.0, (3, 2)), (31.0, (3, 1)), (29.0, (2, 1)), (10.0, (1, 1)), (9.0, (0, 0)), (-5.0, (0, 0))],
)
def test_there_are_fewer_seeds_before_there_are_fewer_candidates(left, expected):
    assert affordable([10.0, 10.0, 10.0], 3, left) == expected


def test_no_candidate_needs_no_time():
    assert affordable([], 3, 100.0) == (0, 0)
