"""Samplers draw valid candidates; grid search visits every point once."""

import optuna
import pytest

from automap.exceptions import UserError
from automap.interfaces.scheduler import StudyHistory, TrialHistory
from automap.search.proposals import learn_from_rungs
from automap.search.samplers.grid import grid
from automap.search.study import build_sampler
from automap.spec.draw import draw, search_space
from automap.spec.errors import SpecError
from automap.spec.load import load_spec
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
    study = optuna.create_study(sampler=build_sampler(spec, 0), directions=spec.directions)
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


def test_tpe_draws_two_of_three_trials_at_random_and_marks_them():
    spec, trials = Spec.model_validate(SPACE), []

    def history() -> StudyHistory:
        return StudyHistory("study", ("minimize",), (), tuple(trials), search_space(spec))

    sampler = learn_from_rungs(build_sampler(spec, 0), spec.search.sampler, history)
    study = optuna.create_study(sampler=sampler)
    for number in range(6):
        draw(spec, study.ask())
        trials.append(TrialHistory(number, "running", 1, (), {}))
    assert [trial.user_attrs["automap:cohort"] for trial in study.trials] == ["model", "random", "random"] * 2


def test_cmaes_refuses_several_objectives():
    spec = Spec.model_validate({**SPACE, "search": {"sampler": "cmaes"}, "objectives": ["accuracy", "latency"]})
    with pytest.raises(UserError, match="one objective"):
        build_sampler(spec, 0)


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
    points = grid(search_space(spec))
    assert len(points) == (2 * 3 + 1) * 2
    study = optuna.create_study(sampler=build_sampler(spec, 0))
    drawn = [draw(spec, study.ask()).model_dump_json() for _ in points]
    assert len(set(drawn)) == len(points)


def test_a_grid_needs_steps():
    with pytest.raises(UserError, match=r"training\.ema: grid search needs a step"):
        grid(search_space(small_grid(ema={"low": 0.9, "high": 0.99})))


def test_the_grid_bounds_the_budget():
    assert small_grid().search.sampler.limit(search_space(small_grid())) == (2 * 3 + 1) * 2


def test_the_hyperparameters_of_a_sampler_are_those_of_the_spec():
    spec = Spec.model_validate({**SPACE, "search": {"sampler": {"type": "tpe", "startup_trials": 3}}})
    assert spec.search.sampler.startup_trials == 3
    assert Spec.model_validate(spec.to_data()) == spec


def test_a_sampler_has_no_hyperparameters_to_search():
    with pytest.raises(SpecError, match="the same for every trial"):
        Spec.model_validate({**SPACE, "search": {"sampler": {"choices": ["tpe", "random"]}}})


def test_the_old_name_of_the_scheduler_is_refused(tmp_path):
    (tmp_path / "old.yaml").write_text("dataset: sklearn\nsearch: {sampler: random, pruner: asha}\n")
    with pytest.raises(SpecError, match=r"old\.yaml:2:27: search\.pruner: 'pruner' is now 'scheduler'"):
        load_spec(tmp_path / "old.yaml")
