"""Fronts of many points, compared with the definition."""

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automap.search.pareto import first_fronts
from automap.spec.objectives import non_dominated_ranks

NUMBERS = st.integers(0, 6).map(float)
DIRECTIONS = st.sampled_from(["maximize", "minimize"])


@given(st.data(), st.integers(1, 4))
def test_fronts_are_those_of_the_definition(data: st.DataObject, objectives: int) -> None:
    directions = data.draw(st.lists(DIRECTIONS, min_size=objectives, max_size=objectives))
    row = st.lists(NUMBERS, min_size=objectives, max_size=objectives)
    values = data.draw(st.lists(row, max_size=25))
    ranks = non_dominated_ranks(values, directions)
    expected = [[i for i, rank in enumerate(ranks) if rank == front] for front in sorted(set(ranks))]
    assert first_fronts(values, directions, None) == expected


def test_it_stops_once_enough_points_are_assigned() -> None:
    values = [[float(i)] for i in range(10)]
    assert first_fronts(values, ["minimize"], 3) == [[0], [1], [2]]
    assert first_fronts([], ["minimize"], 3) == []


@pytest.mark.parametrize("objectives", [2, 3])
def test_a_hundred_thousand_points_take_no_more_than_a_second_or_two(objectives: int) -> None:
    generator = random.Random(0)
    values = [[generator.gauss(0, 1) for _ in range(objectives)] for _ in range(100_000)]
    start = time.perf_counter()
    assert sum(map(len, first_fronts(values, ["maximize"] * objectives, 20))) >= 20
    assert time.perf_counter() - start < 5
