"""Budgets that override the spec's: in total, or in addition to what has been used."""

from __future__ import annotations

import math
from dataclasses import dataclass

from automap.exceptions import UserError
from automap.search.study import Study
from automap.spec.quantities import parse_duration
from automap.store import studies

MAX_TRIALS = 10_000_000
"""Larger numbers are typos."""
MAX_SECONDS = 100 * 365 * 86400.0


@dataclass(frozen=True)
class Amount:
    """A number of trials or seconds, in total or in addition to what has been used."""

    value: float
    additional: bool = False

    def total(self, used: float) -> float:
        """Return the total amount."""
        return self.value + used if self.additional else self.value


def parse_trials(trials: int | str) -> Amount:
    """Read a number of trials: 30, or additional ones, "+10".

    Raises:
        UserError: if it is no such number.
    """
    digits = str(trials).removeprefix("+")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 20 or not 0 < int(digits) <= MAX_TRIALS:
        raise UserError(f"trials: expected a number from 1 to {MAX_TRIALS:,}, or +10; received '{trials}'")
    return Amount(int(digits), str(trials).startswith("+"))


def parse_time(time: float | str) -> Amount:
    """Read a time: "2h", a number of seconds, or additional time, "+20m".

    Raises:
        UserError: if it is no such time.
    """
    additional = isinstance(time, str) and time.startswith("+")
    try:
        seconds = float(parse_duration(time.removeprefix("+") if isinstance(time, str) else time))
    except (ValueError, TypeError, OverflowError):
        seconds = math.nan
    if not 0 < seconds <= MAX_SECONDS:
        raise UserError(f"time: expected a duration such as 90s, 20m, 2h or +20m; received '{time}'")
    return Amount(seconds, additional)


@dataclass(frozen=True)
class Limits:
    """The budget that a user asks for; if both are None, the study's budget stays."""

    trials: Amount | None = None
    time: Amount | None = None


def parse_limits(trials: int | str | None, time: float | str | None) -> Limits:
    """Read a budget; either part may be left out.

    Raises:
        UserError: if it is not valid.
    """
    return Limits(None if trials is None else parse_trials(trials), None if time is None else parse_time(time))


def set_limits(study: Study, limits: Limits) -> None:
    """Set a study's limits if any is given; if only one is given, the other is removed."""
    if limits.trials is None and limits.time is None:
        return
    row = studies.get_study(study.store)
    number = None if limits.trials is None else int(limits.trials.total(row.slots_taken))
    seconds = None if limits.time is None else limits.time.total(row.seconds_used)
    studies.set_budget(study.store, trial_budget=number, time_budget=seconds)
