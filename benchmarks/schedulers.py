"""Samplers and schedulers on recorded learning curves: how much sooner than random search they find good candidates.

    python benchmarks/schedulers.py CURVES.npz --budget 3 [--workers 4] [--seeds 40] --format json

Nothing is trained: the product's own sampler and scheduler classes are driven by curves from a file. Pausing and
resuming are free here, so the numbers are upper bounds for real searches.

A file holds ``names`` and, for each table T, ``T/hyperparameters`` (configurations, hyperparameters) and
``T/validation_loss`` (configurations, steps + 1): the loss before training and after each of `steps` steps.

Every loss is scaled so that the best of its table is 0 and the median final loss is 1. The regret of a search is the
smallest loss that it has seen, at most 1. Schedulers see losses above 1 as they are, as they would in a real search:
early in training nearly all of them can be. A scheduler's speed-up at a
budget of B full trainings is k / B, where k is the number of full trainings after which random search has the same mean
regret: over all tables (``mean_speedup``) and for each alone (``worst_speedup`` is the smallest).
"""

from __future__ import annotations

import argparse
import heapq
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import optuna
from numpy.typing import NDArray

from automap import (
    Decision,
    Measurement,
    NumericHyperparameter,
    Sampler,
    Scheduler,
    SearchSpace,
    StudyHistory,
    TrialHistory,
)
from automap.search.proposals import COHORT, learn_from_rungs
from automap.search.samplers.random import Random
from automap.search.samplers.tpe import TPE
from automap.search.schedulers.asha import ASHA
from automap.search.schedulers.hyperband import Hyperband
from automap.search.schedulers.promotion import Promotion

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Table:
    """Recorded learning curves of one task."""

    name: str
    losses: Floats
    """(configurations, steps + 1): 0 is the best, 1 the median final one; infinite where not finite."""
    positions: Floats
    """(configurations, hyperparameters): quantiles, so that every hyperparameter is uniform, as it was drawn."""
    names: tuple[str, ...]

    @property
    def steps(self) -> int:
        """Steps of a full training."""
        return self.losses.shape[1] - 1

    @property
    def space(self) -> SearchSpace:
        """The search space of the configurations."""
        found = tuple(NumericHyperparameter(name, 0.5, 0.0, 1.0) for name in self.names)
        return SearchSpace(("minimize",), found)


def read_tables(path: Path) -> list[Table]:
    """Read all tables of a file."""
    with np.load(path) as file:
        data = {name: np.asarray(file[name]) for name in file.files}
    names = tuple(str(name) for name in data["names"])
    tables = sorted(name.removesuffix("/validation_loss") for name in data if name.endswith("/validation_loss"))
    return [
        Table(
            name,
            scaled(data[f"{name}/validation_loss"].astype(float)),
            quantiles(data[f"{name}/hyperparameters"].astype(float)),
            names,
        )
        for name in tables
    ]


def scaled(losses: Floats) -> Floats:
    """Scale losses so that the best is 0 and the median final one is 1."""
    best = losses[np.isfinite(losses)].min()
    final = np.where(np.isfinite(losses[:, -1]), losses[:, -1], np.inf)
    found = (losses - best) / (np.median(final) - best)
    return np.where(np.isfinite(found), found, np.inf)


def quantiles(values: Floats) -> Floats:
    """Replace each value by its rank among those of its column, from 0 to 1."""
    ranks = values.argsort(axis=0, kind="stable").argsort(axis=0, kind="stable")
    return ranks / max(1, len(values) - 1)


class Search:
    """One simulated search: workers that train recorded configurations."""

    def __init__(self, table: Table, scheduler: Scheduler, sampler: Sampler, seed: int) -> None:
        self.table, self.scheduler = table, scheduler
        self.left = np.ones(len(table.losses), bool)
        self.generator = np.random.default_rng(seed)
        self.configurations: list[int] = []
        self.trials: list[TrialHistory] = []
        space = replace(table.space, seed=seed)
        self.rungs = scheduler.rungs(1, table.steps)
        self.study = StudyHistory("curves", space.directions, self.rungs, (), space)
        self.random = isinstance(sampler, Random)
        self.sampler = learn_from_rungs(sampler.build(space, seed), sampler, self.history)
        self.optuna = optuna.create_study(sampler=self.sampler)
        self.best = 1.0

    def history(self) -> StudyHistory:
        """Return what schedulers and samplers see."""
        return replace(self.study, trials=tuple(self.trials))

    def run(self, budget: int, workers: int) -> float:
        """Search until all workers together have trained `budget` steps; return the regret."""
        # Segments in training: when they end, which trial, up to which step.
        active = [self._begin(0, worker) for worker in range(workers)]
        heapq.heapify(active)
        spent, order = 0, workers
        while active:
            now, _, number, until = heapq.heappop(active)
            spent += self._train(number, until, budget - spent)
            if spent >= budget:
                return self.best
            trial, seen = self.trials[number], self.trials[number].seen
            following = None
            if seen >= self.table.steps:
                self.trials[number] = replace(trial, state="complete")
            else:
                decision = self.scheduler.decide(trial, self.history())
                if decision is Decision.CONTINUE:
                    following = number
                else:
                    state = "paused" if decision is Decision.PAUSE else "pruned"
                    self.trials[number] = replace(trial, state=state)
            heapq.heappush(active, self._begin(now, order := order + 1, following))
        return self.best

    def _begin(self, now: int, order: int, number: int | None = None) -> tuple[int, int, int, int]:
        number = self.scheduler.next_trial(self.history()) if number is None else number
        number = self._new_trial() if number is None else number
        trial = self.trials[number] = replace(self.trials[number], state="running")
        until = next(rung for rung in self.rungs if rung > trial.seen)
        return now + until - trial.seen, order, number, until

    def _train(self, number: int, until: int, left: int) -> int:
        trial, curve = self.trials[number], self.table.losses[self.configurations[number]]
        trained = min(until - trial.seen, left)
        reached = trial.seen + trained
        self.best = min(self.best, curve[trial.seen + 1 : reached + 1].min(initial=1.0))
        measured = Measurement(reached, (float(curve[reached]),), float(reached))
        self.trials[number] = replace(trial, measurements=(*trial.measurements, measured))
        return trained

    def _new_trial(self) -> int:
        """Start a trial of the nearest configuration to the sampler's proposal that was not tried yet."""
        asked = self.optuna.ask()
        proposal = np.array([asked.suggest_float(name, 0.0, 1.0) for name in self.table.names])
        distances = np.abs(self.table.positions - proposal).sum(axis=1)
        configuration = int(np.where(self.left, distances, np.inf).argmin())
        self.left[configuration] = False
        self.configurations.append(configuration)
        parameters = dict(zip(self.table.names, map(float, self.table.positions[configuration]), strict=True))
        cohort = asked.user_attrs.get(COHORT, "")
        self.trials.append(TrialHistory(asked.number, "running", self.table.steps, (), parameters, cohort))
        return asked.number


def optuna_regret(table: Table, pruner: optuna.pruners.BasePruner, seed: int, budget: int) -> float:
    """Return the regret of random search with one of Optuna's pruners, on one worker."""
    order = np.random.default_rng(seed).permutation(len(table.losses))
    study = optuna.create_study(study_name="curves", pruner=pruner)
    best, spent = 1.0, 0
    for configuration in order:
        trial, curve = study.ask(), table.losses[configuration]
        for step in range(1, table.steps + 1):
            best, spent = min(best, float(curve[step])), spent + 1
            if spent >= budget:
                return best
            trial.report(float(curve[step]), step)
            if trial.should_prune():
                study.tell(trial, state=optuna.trial.TrialState.PRUNED)
                break
        else:
            study.tell(trial, float(curve[-1]))
    return best


def random_regrets(table: Table) -> Floats:
    """Return the expected regret of random search after 0, 1, 2, ... full trainings."""
    best = np.sort(np.minimum(table.losses[:, 1:].min(axis=1), 1.0))
    count = len(best)
    regrets = [1.0]
    # The chance that all draws but none of the better configurations are among the rest, step by step.
    none_better = np.ones(count + 1)
    for drawn in range(1, count + 1):
        remaining = np.maximum(count - np.arange(count + 1) - drawn + 1, 0)
        none_better = none_better * remaining / (count - drawn + 1)
        chance = none_better[:-1] - none_better[1:]
        regrets.append(float((chance * best).sum()))
    return np.array(regrets)


def speedup(regret: float, random: Floats, budget: float) -> float:
    """Return how many times the budget random search needs for a regret."""
    return float(np.interp(-regret, -random, np.arange(len(random)))) / budget


Regret = Callable[[Table, int], float]


def contestants(budget: float, workers: int) -> Iterator[tuple[str, Regret, float]]:
    """Yield the name of each contestant, its regret for a table and a seed, and its share of the seeds."""

    def ours(scheduler: Scheduler, sampler: Sampler, table: Table, seed: int) -> float:
        return Search(table, scheduler, sampler, seed).run(round(budget * table.steps), workers)

    def optunas(make: Callable[[Table], optuna.pruners.BasePruner], table: Table, seed: int) -> float:
        return optuna_regret(table, make(table), seed, round(budget * table.steps))

    yield "promotion", partial(ours, Promotion(), Random()), 1.0
    yield "promotion_tpe", partial(ours, Promotion(), TPE()), 0.5
    yield "asha", partial(ours, ASHA(), Random()), 1.0
    yield "hyperband", partial(ours, Hyperband(), Random()), 1.0
    if workers == 1:
        yield "optuna_hyperband", partial(optunas, lambda table: optuna.pruners.HyperbandPruner(1, table.steps, 3)), 1.0
        yield "optuna_halving", partial(optunas, lambda _: optuna.pruners.SuccessiveHalvingPruner(1, 3)), 1.0


def compare(tables: list[Table], budget: float, workers: int, seeds: int) -> dict[str, dict[str, float]]:
    """Return the speed-ups of every contestant, over all tables and for each."""
    random = {table.name: random_regrets(table) for table in tables}
    length = min(map(len, random.values()))
    together = np.mean([regrets[:length] for regrets in random.values()], axis=0)
    found = {}
    for name, regret, share in contestants(budget, workers):
        count = max(1, round(seeds * share))
        regrets = {table.name: float(np.mean([regret(table, seed) for seed in range(count)])) for table in tables}
        each = {table: speedup(mean, random[table], budget) for table, mean in regrets.items()}
        found[name] = {
            "mean_speedup": speedup(float(np.mean(list(regrets.values()))), together, budget),
            "worst_speedup": min(each.values()),
            **each,
        }
    return found


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("curves", type=Path)
    parser.add_argument("--budget", type=float, default=3.0, help="full trainings, of all workers together")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--format", choices=("table", "json"), default="table")
    asked = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    found = compare(read_tables(asked.curves), asked.budget, asked.workers, asked.seeds)
    print(json.dumps(found, indent=2) if asked.format == "json" else as_text(found))


def as_text(found: Mapping[str, Mapping[str, float]]) -> str:
    """Return one line for each contestant."""
    lines = [f"{'':24}{'mean':>8}{'worst':>8}"]
    lines += [f"{name:24}{row['mean_speedup']:8.1f}{row['worst_speedup']:8.1f}" for name, row in found.items()]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
