"""Samplers: every one draws valid candidates; the grid visits every point once."""

import optuna
import pytest

from automap.exceptions import UserError
from automap.search.samplers import grid, make_sampler
from automap.spec.draw import draw
from automap.spec.spec import Spec

SPACE = {
    "dataset": "sklearn",
    "architecture": {"choices": [{"type": "cnn", "filters": {"choices": [[8], [8, 8]]}, "dropout": 0.0}, "resnet"]},
    "optimizer": {
        "type": "sgd",
        "learning_rate": {"low": 0.01, "high": 0.3, "log": True},
        "weight_decay": 0.0,
    },
    "augmentation": [],
    "loss": {"type": "cross_entropy"},
    "task": {"type": "classification"},
}


def run(spec: Spec, trials: int) -> optuna.Study:
    study = optuna.create_study(sampler=make_sampler(spec, 0), directions=spec.directions)
    for _ in range(trials):
        trial = study.ask()
        candidate = draw(spec, trial)
        value = candidate.optimizer.learning_rate
        study.tell(trial, [value] * len(spec.directions))
    return study


@pytest.mark.parametrize("sampler", ["tpe", "random", "qmc", "cmaes", "nsga2"])
def test_a_sampler_draws_candidates_of_a_conditional_space(sampler):
    study = run(Spec.model_validate({**SPACE, "search": {"sampler": sampler}}), 25)
    assert len({tuple(sorted(trial.params.items(), key=str)) for trial in study.trials}) > 15


@pytest.mark.parametrize("sampler", ["tpe", "nsga2", "random"])
def test_a_sampler_takes_several_objectives(sampler):
    spec = Spec.model_validate({**SPACE, "search": {"sampler": sampler}, "objectives": ["accuracy", "latency"]})
    assert len(run(spec, 15).best_trials) >= 1


def test_cmaes_refuses_several_objectives():
    spec = Spec.model_validate({**SPACE, "search": {"sampler": "cmaes"}, "objectives": ["accuracy", "latency"]})
    with pytest.raises(UserError, match="one objective"):
        make_sampler(spec, 0)


def small_grid(**training: object) -> Spec:
    return Spec.model_validate(
        {
            **SPACE,
            "architecture": {
                "choices": [
                    {
                        "type": "cnn",
                        "filters": {"choices": [[8], [8, 8]]},
                        "dropout": {"low": 0.0, "high": 0.4, "step": 0.2},
                    },
                    {"type": "cnn", "filters": [16], "dropout": 0.0},
                ]
            },
            "optimizer": {"type": "sgd", "learning_rate": {"choices": [0.1, 0.01]}, "weight_decay": 0.0},
            "training": {"epochs": 1, "batch_size": 32, **training},
            "search": {"sampler": "grid"},
        }
    )


def test_a_grid_visits_every_point_of_a_conditional_space_once():
    spec = small_grid()
    points = grid(spec)
    assert len(points) == (2 * 3 + 1) * 2
    study = optuna.create_study(sampler=make_sampler(spec, 0))
    drawn = [draw(spec, study.ask()).model_dump_json() for _ in points]
    assert len(set(drawn)) == len(points)


def test_a_grid_needs_steps():
    with pytest.raises(UserError, match=r"training\.ema: a grid needs a step"):
        grid(small_grid(ema={"low": 0.9, "high": 0.99}))
