"""Pareto fronts of many points, compared with the definition."""

import random
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automap.search.pareto import first_fronts

NUMBERS = st.integers(0, 6).map(float)
DIRECTIONS = st.sampled_from(["maximize", "minimize"])


def fronts_by_definition(values: list[list[float]], directions: list[str]) -> Iterator[list[int]]:
    signs = [1.0 if direction == "minimize" else -1.0 for direction in directions]
    points = [tuple(sign * value for sign, value in zip(signs, row, strict=True)) for row in values]
    left = list(range(len(points)))
    while left:
        front = [i for i in left if not any(dominates(points[j], points[i]) for j in left)]
        yield front
        left = [index for index in left if index not in front]


def dominates(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))


@given(st.data(), st.integers(1, 4))
def test_fronts_are_those_of_the_definition(data: st.DataObject, objectives: int) -> None:
    directions = data.draw(st.lists(DIRECTIONS, min_size=objectives, max_size=objectives))
    row = st.lists(NUMBERS, min_size=objectives, max_size=objectives)
    values = data.draw(st.lists(row, max_size=25))
    assert first_fronts(values, directions, None) == list(fronts_by_definition(values, directions))


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
