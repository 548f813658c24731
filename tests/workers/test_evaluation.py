"""The first rung is as short as its overhead allows."""

import pytest

from automap.interfaces.scheduler import Pace
from automap.workers.evaluation import first_rung


def pace(rate: float, startup: float = 4.0, evaluation: float = 1.0) -> Pace:
    return Pace(startup_seconds=startup, images_per_second=rate, evaluation_seconds=evaluation)


@pytest.mark.parametrize(
    ("rate", "epoch", "epochs", "expected"),
    [
        # 5 s of overhead are a fifth of 25 s, of which 20 s train.
        (5_000, 1_000_000, 30, 100_000),
        (300, 1_000, 100, 6_000),
        # Whole epochs, and never so few rungs that nothing could be stopped.
        (10_000, 1_000, 90, 10_000),
        (10_000, 1_000, 30, 3_000),
        (10_000, 1_000, 4, 1_000),
    ],
)
def test_overhead_takes_at_most_a_fifth_of_the_first_rung(rate: int, epoch: int, epochs: int, expected: int) -> None:
    assert first_rung(pace(rate), epoch, epoch * epochs) == expected
