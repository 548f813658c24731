"""``automap browse``, driven by Textual's pilot over real databases."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from support.program import run_automap
from support.studies import add_finalist, add_trial, candidate, complete, make_study
from textual.pilot import Pilot
from textual.widgets import Input, Static

from automap.report.browser.app import Browser
from automap.report.browser.table import LiveTable
from automap.store.engine import open_database
from automap.store.studies import get_study
from automap.store.study_store import StudyStore

Steps = Callable[[Pilot[None]], Awaitable[None]]


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return open_database(f"sqlite:///{tmp_path}/automap.db")


@pytest.fixture
def study(engine: Engine) -> Any:
    study = make_study(engine, trial_budget=20)
    curve = [{"epoch": 1.0, "images": 100.0, "accuracy": 0.5}, {"epoch": 2.0, "images": 200.0, "accuracy": 0.8}]
    add_trial(engine, study, 0, complete(0.8, curve=curve), of=candidate("cnn", learning_rate=0.01))
    add_trial(engine, study, 1, complete(0.9, curve=curve), of=candidate("resnet", learning_rate=0.02))
    add_finalist(engine, study, 1, [0.9, 0.92], of=candidate("resnet", learning_rate=0.02))
    return study


def drive(app: Browser, steps: Steps, size: tuple[int, int] = (80, 24)) -> None:
    async def run() -> None:
        async with app.run_test(size=size) as pilot:
            await settled(pilot)
            await steps(pilot)

    asyncio.run(run())


async def settled(pilot: Pilot[None]) -> None:
    await pilot.pause()
    await pilot.app.workers.wait_for_complete()
    await pilot.pause(0.1)


def shown(pilot: Pilot[None]) -> list[str]:
    """Return the keys of the table's rows from top to bottom."""
    table = pilot.app.screen.query_one(LiveTable)
    return [str(table.coordinate_to_cell_key((row, 0)).row_key.value) for row in range(table.row_count)]


def text(pilot: Pilot[None]) -> str:
    """Return what the screen shows."""
    return "\n".join("".join(segment.text for segment in line) for line in pilot.app.screen._compositor.render_strips())


def test_the_list_of_studies_opens_one(engine: Engine, study: Any) -> None:
    make_study(engine, "another")

    async def steps(pilot: Pilot[None]) -> None:
        assert sorted(shown(pilot)) == ["another", "digits"]
        assert "accuracy 0.9000" in text(pilot)
        pilot.app.screen.query_one(LiveTable).move_cursor(row=shown(pilot).index("digits"))
        await pilot.press("enter")
        await settled(pilot)
        assert shown(pilot) == ["1", "0"]

    drive(Browser(engine), steps)


def test_trials_are_sorted_and_filtered(engine: Engine, study: Any) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        assert shown(pilot) == ["1", "0"]
        await pilot.press("s", "s")
        assert shown(pilot) == ["0", "1"]
        await pilot.press("S")
        assert shown(pilot) == ["1", "0"]
        await pilot.press("slash", *"cnn")
        assert shown(pilot) == ["0"]
        await pilot.press("escape")
        assert len(shown(pilot)) == 2
        assert not pilot.app.screen.query_one("#filter", Input).has_class("shown")

    drive(Browser(engine, study), steps)


def test_comparing_two_trials_shows_differences(engine: Engine, study: Any) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await pilot.press("c", "down", "c")
        await settled(pilot)
        page = text(pilot)
        assert "trial 1" in page
        assert "trial 0" in page
        assert "optimizer.adamw.learning_rate" in page
        assert "0.02" in page
        assert "0.01" in page
        assert "weight_decay" not in page
        await pilot.press("escape")
        assert shown(pilot) == ["1", "0"]

    drive(Browser(engine, study), steps, size=(100, 40))


def test_a_trial_is_shown(engine: Engine, study: Any) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await pilot.press("enter")
        await settled(pilot)
        assert "hyperparameters" in text(pilot)

    drive(Browser(engine, study), steps)


def test_a_running_study_is_followed(engine: Engine, study: Any) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        add_trial(engine, study, 2, complete(0.95))
        pilot.app.screen.reload()  # type: ignore[attr-defined]
        await settled(pilot)
        assert set(shown(pilot)) == {"0", "1", "2"}

    drive(Browser(engine, study), steps)


def test_the_budget_is_extended_and_closed(engine: Engine, study: Any) -> None:
    store = StudyStore(engine, study.id)

    async def steps(pilot: Pilot[None]) -> None:
        await pilot.press("plus")
        assert get_study(store).trial_budget == 30
        await pilot.press("x")
        assert get_study(store).trial_budget == 30, "no trial has taken a slot of the budget yet"

    drive(Browser(engine, study), steps)


def test_markup_in_names_is_shown_literally(engine: Engine) -> None:
    study = make_study(engine, "a[/]b")
    add_trial(engine, study, 0, complete(0.8), of=candidate("[red]cnn[/red]"))

    async def steps(pilot: Pilot[None]) -> None:
        assert "a[/]b" in text(pilot)

    drive(Browser(engine, study), steps, size=(200, 24))


def test_a_thousand_trials_are_updated_quickly(engine: Engine) -> None:
    """The limit is generous, for busy machines; benchmarks hold the claim."""
    study = make_study(engine)

    async def steps(pilot: Pilot[None]) -> None:
        table = pilot.app.screen.query_one(LiveTable)
        rows = {str(trial): [(str(trial), trial), (f"{trial / 1000}", trial / 1000)] for trial in range(1000)}
        table.show(("trial", "accuracy"), rows)
        await pilot.pause()
        rows["500"] = [("500", 500), ("1.5", 1.5)]
        start = time.process_time()
        table.show(("trial", "accuracy"), rows)
        await pilot.pause()
        assert time.process_time() - start < 1
        assert "1.5" in str(table.get_cell("500", "1"))

    drive(Browser(engine, study), steps)


def test_a_study_that_does_not_exist_is_the_users_mistake(engine: Engine, study: Any, tmp_path: Path) -> None:
    done = run_automap("browse", "digts", "--storage", f"sqlite:///{tmp_path}/automap.db")
    assert done.returncode == 2
    assert "digits" in done.stderr


def test_facts_name_the_best_trial(engine: Engine, study: Any) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        assert "Best trial 1" in str(pilot.app.screen.query_one("#facts", Static).render())

    drive(Browser(engine, study), steps)
