"""One trial on real images of digits."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import keras
import numpy as np
import pytest
from support.arrays import digits, mnist
from support.candidates import ACCURACY, NORMED, TINY, candidate
from support.training import train

from automap.interfaces.scheduler import Decision, Evaluation
from automap.spec.objectives import Constraint, Objective
from automap.store.files import CHECKPOINT_FILE
from automap.training.request import Paused


def run(chosen, folder, *, data=None, seed=0, objective=ACCURACY, **options):
    return train(chosen, data or digits(), folder, seed=seed, objective=objective, **options)


def without_classes(info):
    return info.model_copy(update={"target": info.target.model_copy(update={"classes": ()})})


def interrupt_after(epoch: int):
    return lambda report: Decision.PAUSE if report.epoch == epoch else Decision.CONTINUE


def untimed(curve):
    return [{name: value for name, value in point.items() if name != "seconds"} for point in curve]


def weights_of(folder):
    return keras.saving.load_model(folder / "model.keras").get_weights()


def test_a_complete_trial_has_curve_metrics_costs_and_a_matching_model(tmp_path):
    data, reports = digits(), []

    def report(epoch: Evaluation) -> Decision:
        reports.append(epoch)
        return Decision.CONTINUE

    quick = {"type": "adamw", "learning_rate": 2e-2}
    result = run(candidate(optimizer=quick), tmp_path, data=data, report=report, test=True)
    assert result.state == "complete", result.reason
    assert [point["epoch"] for point in result.curve] == [1, 2, 3]
    assert result.validation["accuracy"] == max(point["accuracy"] for point in result.curve) > 0.8
    assert [epoch.metrics["accuracy"] for epoch in reports] == [point["accuracy"] for point in result.curve]
    assert all(epoch.epochs == 3 and epoch.cost["parameters"] == result.cost["parameters"] for epoch in reports)
    assert result.cost.keys() >= {"parameters", "flops", "latency_ms", "latency_p95_ms", "size_bytes", "train_seconds"}
    assert result.cost["size_bytes"] == (tmp_path / "model.keras").stat().st_size
    assert result.artifacts == tmp_path.name
    assert not (tmp_path / CHECKPOINT_FILE).exists()
    network = keras.saving.load_model(tmp_path / "model.keras")
    for split, metrics in (("validation", result.validation), ("test", result.test)):
        decided = network.predict(data.inputs(data.splits[split]), verbose=0).argmax(axis=1)
        assert metrics["accuracy"] == pytest.approx((decided == data.targets[data.splits[split]]).mean())


def test_test_metrics_are_computed_only_if_asked_for_and_weights_kept_only_if_wanted(tmp_path):
    result = run(candidate(epochs=1), tmp_path, keep_weights=False)
    assert result.test is None
    assert result.artifacts is None
    assert not (tmp_path / "model.keras").exists()
    assert result.cost["size_bytes"] > 0


@pytest.mark.parametrize(
    ("architecture", "augmentation", "optimizer", "training"),
    [
        (NORMED, ["random_translation", "mix_up"], {"type": "adamw", "learning_rate": 3e-3}, {"ema": 0.9}),
        ({**TINY, "dropout": 0.3}, [{"type": "random_crop", "padding": 1}], {"type": "sgd", "learning_rate": 0.05}, {}),
        (TINY, [], {"type": "schedule_free_adamw", "learning_rate": 3e-3}, {"schedule": "constant"}),
    ],
    ids=["norms-ema-mixup", "dropout-crop", "schedule-free"],
)
def test_a_trial_that_was_interrupted_ends_with_the_very_same_weights(
    tmp_path, architecture, augmentation, optimizer, training
):
    data = digits(600)
    chosen = candidate(
        architecture, augmentation=augmentation, optimizer=optimizer, epochs=4, batch_size=32, **training
    )
    whole = run(chosen, tmp_path / "whole", data=data)
    assert whole.state == "complete", whole.reason
    with pytest.raises(Paused):
        run(chosen, tmp_path / "parts", data=data, report=interrupt_after(2))
    resumed = run(chosen, tmp_path / "parts", data=data)
    assert untimed(resumed.curve) == untimed(whole.curve)
    for one, other in zip(weights_of(tmp_path / "whole"), weights_of(tmp_path / "parts"), strict=True):
        np.testing.assert_array_equal(one, other)


KILLED = """
import sys
from pathlib import Path
from support.arrays import digits
from support.candidates import candidate
from support.training import train
from automap.interfaces.scheduler import Decision
def report(epoch):
    print(epoch.epoch, flush=True)
    return Decision.CONTINUE
train(candidate(epochs=200), digits(600), Path(sys.argv[1]), report=report)
"""


@pytest.mark.slow
def test_kill_9_loses_at_most_the_epoch_in_progress(tmp_path):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True, env=environment
    )
    for line in process.stdout:
        if float(line) == 3:
            time.sleep(0.05)
            break
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    seen = []
    with pytest.raises(Paused):
        run(
            candidate(epochs=200),
            tmp_path,
            data=digits(600),
            report=lambda epoch: seen.append(epoch.epoch) or Decision.PAUSE,
        )
    assert seen[0] >= 4
    assert sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith(".")) == [CHECKPOINT_FILE]


def test_a_trial_that_ended_before_its_result_was_stored_is_not_trained_again(tmp_path):
    first = run(candidate(epochs=1), tmp_path)
    asked = []
    again = run(candidate(epochs=1), tmp_path, report=asked.append)
    assert again == first
    assert asked == []


def test_the_result_of_another_candidate_is_not_taken(tmp_path):
    run(candidate(epochs=1), tmp_path)
    other = run(candidate(epochs=2), tmp_path)
    assert len(other.curve) == 2


def test_a_damaged_or_foreign_checkpoint_is_left_aside_and_noted(tmp_path):
    (tmp_path / CHECKPOINT_FILE).write_bytes(b"PK\x03\x04 torn")
    result = run(candidate(epochs=1), tmp_path)
    assert result.state == "complete"
    assert "could not be read" in result.notes[0]
    with pytest.raises(Paused):
        run(candidate(epochs=2), tmp_path, report=interrupt_after(1))
    other = run(candidate(epochs=2), tmp_path, seed=1)
    assert "belongs to another training" in other.notes[0]
    assert [point["epoch"] for point in other.curve] == [1, 2]


def test_a_seed_decides_everything(tmp_path):
    chosen = candidate(NORMED, augmentation=["random_translation"], epochs=2)
    first, second = (untimed(run(chosen, tmp_path / name).curve) for name in ("one", "two"))
    assert first == second
    assert untimed(run(chosen, tmp_path / "three", seed=1).curve) != first


def test_a_pruned_trial_keeps_its_curve_but_no_weights(tmp_path):
    result = run(candidate(), tmp_path, report=lambda epoch: Decision.STOP if epoch.epoch == 2 else Decision.CONTINUE)
    assert result.state == "pruned"
    assert len(result.curve) == 2
    assert result.validation
    assert sorted(path.name for path in tmp_path.iterdir()) == ["result.json"]


def test_a_cheap_constraint_ends_a_trial_before_training(tmp_path):
    result = run(candidate(), tmp_path, constraints=[Constraint(metric="parameters", max=10)])
    assert result.state == "infeasible"
    assert result.reason == f"parameters is {result.cost['parameters']:,g}, allowed is at most 10"
    assert result.curve == ()


def test_a_constraint_on_a_metric_waits_for_the_metric(tmp_path):
    result = run(candidate(epochs=1), tmp_path, constraints=[Constraint(metric="accuracy", min=0.99999)])
    assert result.state == "complete"


def test_a_loss_that_is_not_finite_fails_with_its_reason(tmp_path):
    # A step of this size overflows the last bias within two: no activation in between can hide it.
    diverging = {"type": "sgd", "learning_rate": 3e38, "weight_decay": 0.0}
    result = run(candidate(optimizer=diverging, schedule="constant", warmup=0), tmp_path)
    assert result.state == "failed"
    assert "the loss became nan in epoch 1" in result.reason


def test_weights_that_are_not_finite_fail_with_their_reason(tmp_path):
    # Decay alone multiplies every kernel by -1e30; what the forward pass makes of it depends on the processor.
    exploding = {"type": "sgd", "learning_rate": 1.0, "weight_decay": 1e30}
    result = run(candidate(optimizer=exploding, schedule="constant", warmup=0), tmp_path)
    assert result.state == "failed"
    assert "epoch 1; try a lower learning rate or training.gradient_clip" in result.reason


def test_a_network_that_cannot_be_built_fails_with_its_reason(tmp_path):
    data = digits()
    classless = replace(data, info=without_classes(data.info))
    result = run(candidate(), tmp_path, data=classless)
    assert result.state == "failed"
    assert result.reason.startswith("ValueError: ")
    assert "units" in result.reason


def test_early_stopping_ends_and_keeps_the_best_epoch(tmp_path):
    stuck = {"type": "sgd", "learning_rate": 1e-12, "weight_decay": 0.0}
    result = run(candidate(optimizer=stuck, epochs=50, early_stopping=2, schedule="cosine"), tmp_path)
    assert result.state == "complete"
    assert len(result.curve) < 50
    assert f"stopped early after {len(result.curve)} of 50 epochs" in result.notes
    assert any(note.startswith("weights of epoch") for note in result.notes)


def test_early_stopping_lets_the_learning_rate_decay_first(tmp_path):
    stuck = {"type": "sgd", "learning_rate": 1e-12, "weight_decay": 0.0}
    result = run(candidate(optimizer=stuck, epochs=100, early_stopping=8), tmp_path)
    assert result.state == "complete"
    # Epoch 1 is the best one, 8 more do not improve on it, and the decay takes a fifth of all.
    assert len(result.curve) == 10
    assert result.curve[-1]["epoch"] == pytest.approx(9 / 0.8, abs=0.1)
    assert result.curve[-1]["learning_rate"] == 0


def test_the_direction_of_the_objective_decides_which_epoch_is_kept(tmp_path):
    lowest = Objective(metric="log_loss", direction="minimize")
    result = run(candidate(optimizer={"type": "sgd", "learning_rate": 1.0}), tmp_path, objective=lowest)
    assert result.validation["log_loss"] == min(point["log_loss"] for point in result.curve)


def test_with_a_cost_as_objective_the_tasks_metric_selects_weights(tmp_path):
    result = run(candidate(), tmp_path, objective=Objective(metric="parameters", direction="minimize"))
    assert result.validation["accuracy"] == max(point["accuracy"] for point in result.curve)


def test_the_last_partial_batch_is_neither_lost_nor_counted_twice(tmp_path):
    data = digits(200)
    result = run(candidate(epochs=1, batch_size=29), tmp_path, data=data)
    records = data.splits["validation"]
    assert len(records) % 29
    network = keras.saving.load_model(tmp_path / "model.keras")
    decided = network.predict(data.inputs(records), verbose=0).argmax(axis=1)
    assert result.validation["accuracy"] == pytest.approx((decided == data.targets[records]).mean())


def test_a_split_smaller_than_a_batch_is_one_batch(tmp_path):
    assert run(candidate(epochs=1, batch_size=4096), tmp_path).state == "complete"


def test_keyboard_interrupt_passes_through(tmp_path):
    def report(epoch):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(candidate(), tmp_path, report=report)
    assert (tmp_path / CHECKPOINT_FILE).exists()


def test_an_error_of_the_report_is_not_the_candidates_fault(tmp_path):
    def report(epoch):
        raise ConnectionError("the database is gone")

    with pytest.raises(ConnectionError):
        run(candidate(), tmp_path, report=report)


def test_a_folder_that_cannot_be_written_is_an_error_of_the_system(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("a file where the folder should be")
    with pytest.raises(OSError, match="file"):
        run(candidate(), blocked / "trial")


@pytest.mark.slow
def test_the_validation_accuracy_of_early_epochs_follows_learning(tmp_path):
    # With Keras's momentum of 0.99 the same training gave 0.44 and 0.68 after the first two epochs.
    quick = {"type": "adamw", "learning_rate": 1e-2}
    seen = []

    def report(epoch):
        seen.append(epoch.metrics["accuracy"])
        return Decision.STOP if epoch.epoch == 2 else Decision.CONTINUE

    run(candidate(NORMED, optimizer=quick, epochs=4), tmp_path, data=mnist(), report=report)
    assert seen[0] > 0.75
    assert seen[1] > 0.85


def test_the_result_file_contains_the_result(tmp_path):
    result = run(candidate(epochs=1), tmp_path)
    stored = json.loads((tmp_path / "result.json").read_text())["result"]
    assert stored["validation"] == result.validation
