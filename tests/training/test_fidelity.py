"""Trials that are evaluated within an epoch, paused, resumed and finished early."""

import time

import keras
import numpy as np
import pytest
from support.arrays import digits, mnist
from support.candidates import NORMED, TINY, candidate
from support.training import train

from automap.interfaces.scheduler import Decision, Pace
from automap.store.files import CHECKPOINT_FILE, DECAY_CHECKPOINT_FILE
from automap.training.request import EvaluationPlan, Paused
from automap.training.schedules import Schedule

STEADY = {"type": "adamw", "learning_rate": 3e-3}


def wsd(architecture=TINY, **training):
    settings = {"schedule": "wsd", "early_stopping": None, "batch_size": 32, "epochs": 4, **training}
    return candidate(architecture, optimizer=STEADY, **settings)


def weights_of(folder):
    return keras.saving.load_model(folder / "model.keras").get_weights()


def assert_same_weights(one, other):
    for left, right in zip(weights_of(one), weights_of(other), strict=True):
        np.testing.assert_array_equal(left, right)


def decide(at, decision):
    """Return a report that decides once at the first evaluation after so many images."""
    return lambda evaluation: decision if evaluation.images == at else Decision.CONTINUE


def test_rungs_within_an_epoch_are_evaluated_in_images(tmp_path):
    data = digits(640)
    seen = []
    plan = EvaluationPlan(rungs=(96, 200, 700))
    result = train(
        wsd(epochs=2),
        data,
        tmp_path,
        evaluation=plan,
        report=lambda evaluation: seen.append(evaluation) or Decision.CONTINUE,
    )
    size = data.info.train_size
    assert [each.images for each in seen] == [96, 200, 384, 700, 768]
    assert [each.epoch for each in seen] == [pytest.approx(each.images / size) for each in seen]
    assert seen[-1].images == seen[-1].total_images == 2 * size
    assert [point["images"] for point in result.curve] == [96, 200, 384, 700, 768]


def test_a_plan_may_ask_for_fewer_evaluations_than_epochs():
    plan = EvaluationPlan(rungs=(500,), every=1000)
    assert [plan.next_after(images, 300) for images in (0, 499, 500, 999, 1000)] == [500, 500, 1000, 1000, 2000]
    assert EvaluationPlan().next_after(300, 300) == 600


@pytest.mark.parametrize("architecture", [TINY, NORMED])
def test_a_trial_paused_within_an_epoch_ends_with_the_very_same_weights(tmp_path, architecture):
    data, chosen = digits(640), wsd(architecture, ema=0.9)
    plan = EvaluationPlan(rungs=(96, 480))
    whole = train(chosen, data, tmp_path / "whole", evaluation=plan)
    for at in (96, 480):
        with pytest.raises(Paused):
            train(chosen, data, tmp_path / "parts", evaluation=plan, report=decide(at, Decision.PAUSE))
    parts = train(chosen, data, tmp_path / "parts", evaluation=plan)
    assert [point["accuracy"] for point in parts.curve] == [point["accuracy"] for point in whole.curve]
    assert_same_weights(tmp_path / "whole", tmp_path / "parts")


def test_until_its_decay_a_trial_does_not_depend_on_its_length(tmp_path):
    data = digits(640)
    short, long = (train(wsd(epochs=epochs, warmup=0), data, tmp_path / str(epochs)) for epochs in (5, 50))
    assert [p["train_loss"] for p in short.curve[:4]] == [p["train_loss"] for p in long.curve[:4]]
    assert short.curve[-1]["learning_rate"] == 0


def test_a_trial_finishes_early_by_its_decay_and_can_be_carried_on(tmp_path):
    data, chosen = digits(640), wsd(epochs=10)
    result = train(chosen, data, tmp_path / "one", report=decide(4 * 384, Decision.FINISH))
    assert result.state == "complete"
    # The decay takes a fifth of all steps.
    assert [point["images"] for point in result.curve] == [384, 768, 1152, 1536, 1920]
    assert result.curve[-1]["learning_rate"] == 0
    assert "finished early after 5 of 10 epochs" in result.notes
    assert (tmp_path / "one" / DECAY_CHECKPOINT_FILE).exists()
    assert not (tmp_path / "one" / CHECKPOINT_FILE).exists()
    (tmp_path / "two").mkdir()
    (tmp_path / "one" / DECAY_CHECKPOINT_FILE).rename(tmp_path / "two" / CHECKPOINT_FILE)
    carried = train(chosen, data, tmp_path / "two", continues=7)
    assert "continues trial 7" in carried.notes
    assert len(carried.curve) == 10
    train(chosen, data, tmp_path / "whole")
    assert_same_weights(tmp_path / "two", tmp_path / "whole")


def test_an_interruption_within_the_decay_changes_nothing(tmp_path):
    data, chosen = digits(640), wsd(epochs=10, schedule="cosine")

    def finish(evaluation):
        return Decision.FINISH if evaluation.images == 2 * 384 else Decision.CONTINUE

    train(chosen, data, tmp_path / "whole", report=finish)

    def interrupt(evaluation):
        if evaluation.images > 2 * 384:
            raise KeyboardInterrupt
        return finish(evaluation)

    with pytest.raises(KeyboardInterrupt):
        train(chosen, data, tmp_path / "parts", report=interrupt)
    assert (tmp_path / "parts" / CHECKPOINT_FILE).exists()
    train(chosen, data, tmp_path / "parts")
    assert_same_weights(tmp_path / "whole", tmp_path / "parts")


def test_a_deadline_finishes_a_trial_in_time(tmp_path):
    train(wsd(epochs=1), digits(640), tmp_path / "warm")
    deadline = time.monotonic() + 6
    result = train(wsd(epochs=100_000), digits(640), tmp_path / "one", deadline=deadline)
    assert time.monotonic() < deadline + 2
    assert result.state == "complete"
    assert result.curve[-1]["learning_rate"] == 0
    assert any(note.startswith("finished early after") for note in result.notes)


def test_a_deadline_that_has_passed_pauses_the_trial(tmp_path):
    with pytest.raises(Paused):
        train(wsd(), digits(640), tmp_path, deadline=time.monotonic() - 1)


def test_the_first_trial_of_a_study_is_evaluated_even_if_its_time_is_over(tmp_path):
    deadline = time.monotonic() - 1
    result = train(wsd(epochs=1000), digits(640), tmp_path, deadline=deadline, completes_late=True)
    assert result.state == "complete"
    assert result.cut_short
    [point] = result.curve
    # The batch that compiles the step, and one in which the learning rate decays.
    assert point["images"] <= 384
    assert point["learning_rate"] == 0


def test_the_pace_is_measured_once_before_the_first_evaluation(tmp_path):
    measured: list[Pace] = []

    def plan(pace):
        measured.append(pace)
        return EvaluationPlan(every=768)

    result = train(wsd(), digits(640), tmp_path, evaluation=plan)
    [pace] = measured
    assert pace.images_per_second > 100
    assert 0 < pace.evaluation_seconds < 5
    assert 0 < pace.startup_seconds < 120
    assert [point["images"] for point in result.curve] == [768, 1536]
    train(wsd(), digits(640), tmp_path / "whole")
    assert_same_weights(tmp_path, tmp_path / "whole")


def test_early_evaluations_of_a_large_split_use_a_fixed_sample(tmp_path):
    data = mnist()
    data.splits["validation"] = np.concatenate([data.splits["validation"]] * 4)
    total = len(data.splits["validation"])
    plan = EvaluationPlan(rungs=(640,))
    result = train(wsd(epochs=1, batch_size=64), data, tmp_path, evaluation=plan)
    assert total > 2000
    assert [point.get("validation_images") for point in result.curve] == [2000, None]


def rates(steps=100, warmup=10):
    schedule = Schedule("wsd", 2.0, steps, warmup)
    return np.array([float(schedule(step)) for step in range(steps + 1)])


def test_the_wsd_schedule_by_hand():
    found = rates()
    assert found[[0, 4, 9, 50, 80]] == pytest.approx([0.2, 1.0, 2.0, 2.0, 2.0])
    assert found[[85, 100]] == pytest.approx([2 * (1 - (5 / 20) ** 0.5), 0.0])
    assert rates(steps=10_000, warmup=1_000)[299] == pytest.approx(2.0)


def test_a_training_that_ends_while_its_pace_is_measured_is_evaluated(tmp_path):
    one_step = wsd(epochs=1, batch_size=256)
    result = train(one_step, digits(640), tmp_path, evaluation=lambda _: EvaluationPlan())
    assert result.state == "complete", result.reason
    assert len(result.curve) == 1
    assert (tmp_path / "model.keras").exists()
