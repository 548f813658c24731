"""Metrics on a file of pairs, against scikit-learn on the embeddings of the named files."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score, roc_curve
from support.persons import pair_lines, write_persons
from support.training import train

from automap import Spec
from automap.data.prepare import prepare
from automap.models.load import load_model
from automap.models.predict import predict
from automap.spec.draw import boundary_candidates


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """Train on seven digits, and judge by pairs of three others."""
    folder = tmp_path_factory.mktemp("pairs")
    persons, lines = write_persons(folder / "persons"), pair_lines(folds=5, pairs=20)
    (folder / "pairs.txt").write_text("\n".join(lines))
    spec = Spec.model_validate(
        {
            "dataset": {"type": "folder", "path": str(persons), "splits": {"pairs": str(folder / "pairs.txt")}},
            "task": {"type": "face_recognition", "embedding_size": 8},
            "architecture": {"type": "cnn", "filters": [8, 16], "dense": 0, "dropout": 0.0},
            "augmentation": ["none"],
            "optimizer": {"type": "adamw", "learning_rate": 3e-3},
            "training": {"epochs": 2, "batch_size": 16},
        }
    )
    data = prepare(spec.dataset, cache=folder / "cache")
    _, candidate = next(boundary_candidates(spec))
    trained = train(candidate, data, folder / "trial", objective=spec.objectives[0], test=True)
    assert trained.state == "complete", trained.reason
    return trained, *compared(load_model(folder / "trial"), persons, [line.split("\t") for line in lines[1:]])


def compared(model, persons, lines):
    """Return the similarity of each pair, whether both are one identity, and its fold."""
    sides = [
        [(words[0], words[1]) for words in lines],
        [(words[-2] if len(words) == 4 else words[0], words[-1]) for words in lines],
    ]
    embedded = []
    for side in sides:
        files = [persons / name / f"{name}_{int(number):04d}.png" for name, number in side]
        embedded.append(np.array([found.answer.embedding for found in predict(model, files)]))
    same = np.array([len(words) == 3 for words in lines])
    return (embedded[0] * embedded[1]).sum(axis=1), same, np.arange(len(lines)) // 40


def test_the_area_and_accept_rates_are_those_of_the_pairs(judged):
    result, scores, same, _ = judged
    assert result.test["auroc"] == pytest.approx(roc_auc_score(same, scores), abs=1e-6)
    false, true, _ = roc_curve(same, scores, drop_intermediate=False)
    for name, rate in (("tar_at_far_1e2", 1e-2), ("tar_at_far_1e3", 1e-3)):
        assert result.test[name] == pytest.approx(true[false <= rate].max(), abs=1e-6)


def test_the_accuracy_is_the_mean_over_the_folds_of_the_file(judged):
    result, scores, same, fold = judged
    accuracies = []
    for held in range(5):
        known, own = fold != held, fold == held
        # As in LFW's protocol: the best threshold of the other folds decides; any between two scores is as good.
        ordered = np.sort(scores[known])
        between = [-1.0, *((ordered[1:] + ordered[:-1]) / 2), 1.0]
        found = [((scores[known] >= threshold) == same[known]).mean() for threshold in between]
        best = [threshold for threshold, each in zip(between, found, strict=True) if each == max(found)]
        accuracies.append([((scores[own] >= threshold) == same[own]).mean() for threshold in best])
    lowest, highest = (np.mean([pick(each) for each in accuracies]) for pick in (min, max))
    assert lowest - 1e-9 <= result.test["verification_accuracy"] <= highest + 1e-9


def test_validation_is_judged_by_all_pairs_of_its_own_identities(judged):
    result, *_ = judged
    assert result.validation["auroc"] != result.test["auroc"]
    assert 0 <= result.validation["rank1"] <= 1
