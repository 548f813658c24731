"""The JSON Schema of specs accepts valid specs and rejects invalid ones."""

import copy
import json

import pytest
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator
from support.program import REPOSITORY
from support.strategies import specs

from automap import Spec, SpecError
from automap.spec.schema import json_schema
from automap.spec.yaml import load_yaml

SCHEMA = json_schema()
VALIDATOR = Draft202012Validator(SCHEMA)
SLOW_TO_DRAW = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=60)
FILES = sorted((REPOSITORY / "specs").glob("*.yaml"))


def test_it_is_a_schema_and_plain_data():
    Draft202012Validator.check_schema(SCHEMA)
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA


def test_every_reference_leads_somewhere():
    def references(part):
        if isinstance(part, dict):
            if "$ref" in part:
                yield part["$ref"]
            part = list(part.values())
        if isinstance(part, list):
            for item in part:
                yield from references(item)

    found = set(references(SCHEMA))
    assert found
    assert {reference.removeprefix("#/$defs/") for reference in found} <= set(SCHEMA["$defs"])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_spec_that_is_shipped_validates(path):
    VALIDATOR.validate(load_yaml(path).data)


@SLOW_TO_DRAW
@given(specs())
def test_valid_specs_and_their_resolved_forms_validate(data):
    VALIDATOR.validate(json.loads(json.dumps(data)))
    VALIDATOR.validate(Spec.model_validate(data).to_data())


BASE = {"dataset": {"type": "sklearn", "name": "digits"}}


@pytest.mark.parametrize(
    "section",
    [
        {"architecture": "cnn"},
        {"architecture": {"choices": ["cnn", {"type": "resnet"}]}},
        {"architecture": {"choices": [{"choices": ["cnn", "resnet"]}, "vit"]}},
        {"architecture": {"type": "cnn", "filters": {"choices": [[32, 64], [64, 128]]}}},
        {"optimizer": {"type": "sgd", "learning_rate": {"low": 0.0001, "high": 0.1, "log": True}}},
        {"augmentation": []},
        {"augmentation": "none"},
        {"augmentation": [{"choices": ["none", "random_flip"]}, {"type": "none"}]},
        {"training": {"epochs": {"low": 3, "high": 9, "step": 3}, "ema": None, "warmup": "5%"}},
        {"training": {"warmup": {"choices": [0, 0.1, {"low": 0.2, "high": 0.3}]}}},
        {"objectives": "accuracy"},
        {"objectives": ["accuracy", {"metric": "latency", "direction": "minimize"}]},
        {"constraints": [{"metric": "parameters", "max": 1_000_000}]},
        {"budget": {"time": "1h30m"}},
        {"budget": {"time": 90, "trials": 3}},
    ],
    ids=str,
)
def test_valid_values_validate(section):
    Spec.model_validate({**BASE, **section})
    VALIDATOR.validate({**BASE, **section})


@pytest.mark.parametrize(
    "section",
    [
        {"architectur": "cnn"},
        {"architecture": "resnett"},
        {"architecture": {"type": "cnn", "activaton": "relu"}},
        {"architecture": {"type": "cnn", "activation": "rellu"}},
        {"architecture": {"filters": [32]}},
        {"architecture": {"choices": []}},
        {"architecture": {"choices": "cnn"}},
        {"optimizer": {"type": "sgd", "learning_rate": "fast"}},
        {"optimizer": {"type": "sgd", "learning_rate": True}},
        {"optimizer": {"type": "sgd", "learning_rate": {"low": 0.1}}},
        {"optimizer": {"type": "sgd", "learning_rate": {"low": 0.1, "hgih": 1}}},
        {"training": {"schedule": {"low": 1, "high": 2}}},
        {"training": {"epochs": {"low": 0, "high": 3}}},
        {"training": {"epochs": 2.5}},
        {"training": {"epochs": 0}},
        {"training": {"warmup": "5 percent"}},
        {"objectives": ["acuracy"]},
        {"objectives": []},
        {"objectives": [{"metric": "accuracy", "direction": "up"}]},
        {"constraints": [{"metric": "parametres", "max": 5}]},
        {"budget": {"trails": 3}},
        {"budget": {"time": "soon"}},
        {"search": {"sampler": "tpa"}},
        {"dataset": {"choices": ["sklearn"]}},
        {"dataset": {"type": "sklearn", "name": {"choices": ["digits"]}}},
        {"dataset": "folder"},
    ],
    ids=str,
)
def test_typical_mistakes_do_not_validate(section):
    with pytest.raises(SpecError):
        Spec.model_validate({**BASE, **section})
    assert not VALIDATOR.is_valid({**BASE, **section})


def test_a_spec_without_a_data_set_does_not_validate():
    assert not VALIDATOR.is_valid({})


def test_fields_have_descriptions_for_editors():
    learning_rate = SCHEMA["$defs"]["automap.optimizers.sgd"]["properties"]["learning_rate"]
    assert "searched by default: " in learning_rate["description"]
    assert isinstance(learning_rate["default"], float)
    names = SCHEMA["$defs"]["automap.architectures"]["anyOf"][0]
    assert len(names["enum"]) == len(names["enumDescriptions"])
    assert all(names["enumDescriptions"])
    resnet = SCHEMA["$defs"]["automap.architectures.resnet"]
    assert resnet["properties"]["type"]["const"] == "resnet"
    assert resnet["required"] == ["type"]


def test_it_is_the_same_every_time():
    assert json_schema() == copy.deepcopy(SCHEMA)
