"""Properties of specs and candidates: drawing, writing and reading agree."""

import json

import optuna
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.strategies import specs

from automap.spec.candidate import Candidate
from automap.spec.draw import draw, first_parameters, hyperparameters
from automap.spec.spec import Spec

some = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def random_trial(seed: int) -> optuna.Trial:
    return optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed)).ask()


@some
@given(specs(), st.integers(0, 1000))
def test_every_candidate_of_a_valid_spec_is_valid_and_survives_being_written(data, seed):
    candidate = draw(Spec.model_validate(data), random_trial(seed))
    assert Candidate.model_validate(json.loads(json.dumps(candidate.to_data()))) == candidate
    assert Candidate.model_validate(yaml.safe_load(yaml.safe_dump(candidate.to_data()))) == candidate


@some
@given(specs())
def test_a_resolved_spec_resolves_to_itself(data):
    spec = Spec.model_validate(data)
    again = Spec.model_validate(json.loads(json.dumps(spec.to_data())))
    assert again == spec
    assert again.to_data() == spec.to_data()


@some
@given(specs(), st.integers(0, 1000))
def test_a_candidate_is_a_spec_without_hyperparameters_that_draws_itself(data, seed):
    candidate = draw(Spec.model_validate(data), random_trial(seed))
    spec = Spec.model_validate(candidate.to_data())
    assert list(hyperparameters(spec)) == []
    assert draw(spec, random_trial(seed + 1)) == candidate


@some
@given(specs())
def test_first_trials_have_valid_values(data):
    spec = Spec.model_validate(data)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for parameters in first_parameters(spec):
        study.enqueue_trial(parameters)
    for parameters in first_parameters(spec):
        trial = study.ask()
        draw(spec, trial)
        assert trial.params == {name: parameters[name] for name in trial.params}


def test_heads_on_a_frozen_pretrained_backbone_come_first():
    spec = Spec.model_validate(
        {
            "dataset": {"type": "sklearn", "name": "digits"},
            "architecture": {"choices": [{"type": "efficientnet_lite0", "pretrained": "imagenet"}, "cnn"]},
            "augmentation": {"choices": ["random_translation", "none", "random_flip"]},
        }
    )
    found = first_parameters(spec)
    heads = [each for each in found if each["training.freeze"] == "backbone"]
    assert found[: len(heads)] == heads
    unchanged = [each for each in heads if each["augmentation[0]"] == "none"]
    assert heads[: len(unchanged)] == unchanged
    assert {each["augmentation[0]"] for each in heads[len(unchanged) :]} == {"random_flip"}
    assert {(each["task.head"], each["task.features"]) for each in unchanged} == {
        ("linear", "all"), ("kernel", "all"), ("svm", "all"), ("linear", "last"), ("mlp", "all"), ("cosine", "last"),
        ("kernel", "scales"), ("linear", "scales"),
    }  # fmt: skip
    assert len({each["task.penalty"] for each in unchanged if each["task.head"] == "linear"}) > 2
    assert [each["architecture"] for each in found[len(heads) :]] == ["efficientnet_lite0", "cnn"]


def test_a_spec_without_pretrained_weights_searches_no_fine_tuning():
    spec = Spec.model_validate({"dataset": {"type": "sklearn", "name": "digits"}, "architecture": "cnn"})
    assert not {each.name for each in hyperparameters(spec)} & {"training.freeze", "training.layer_decay", "task.head"}
