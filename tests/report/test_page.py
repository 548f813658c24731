"""``automap report``: the content of the page, and its behaviour in a browser."""

import base64
import gzip
import json
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait
from support.program import call_automap, run_automap
from support.searching import ended, start, write_tiny
from support.studies import add_finalist, add_trial, candidate, complete, make_study

from automap.api.open import open_study
from automap.report.page import render
from automap.store.engine import open_database
from automap.store.result import Result


def data_of(page: str) -> dict[str, Any]:
    packed = re.search(r'<script id="data" type="text/plain">([^<]*)</script>', page)
    assert packed is not None
    return json.loads(gzip.decompress(base64.b64decode(packed[1])))


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    code, said = ended(start("search", write_tiny(folder, trials=4), folder=folder))
    assert code == 0, said
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1200,900"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    yield driver
    driver.quit()


def test_all_trials_are_in_the_table_with_their_values(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path}/automap.db")
    study = make_study(engine)
    add_trial(engine, study, 0, complete(0.8))
    add_trial(engine, study, 1, complete(0.9), of=candidate("cnn"))
    add_finalist(engine, study, 1, [0.9, 0.92], of=candidate("cnn"))
    add_trial(engine, study, 2, Result(state="failed", reason="out of memory"))
    table = data_of(render(engine, study))["table"]
    rows = {row["trial"]: (row["state"], row["cells"]) for row in table["rows"]}
    column = table["columns"].index("accuracy")
    assert {trial: state for trial, (state, _) in rows.items()} == {0: "complete", 1: "finalist", 2: "failed"}
    assert rows[0][1][column] == ["0.8000", 0.8]
    assert rows[1][1][column] == ["0.9100 ±.0141", pytest.approx(0.91)]
    assert rows[2][1][column] == ["–", None]
    assert "out of memory" in rows[2][1][-1][0]


def test_names_from_the_study_are_text_and_never_markup(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path}/automap.db")
    study = make_study(engine, "<script>alert(1)</script>")
    add_trial(engine, study, 0, complete(0.8), of=candidate("</script><b>cnn"))
    page = render(engine, study)
    assert "<script>alert" not in page
    assert "<b>cnn" not in page


def test_ten_thousand_trials_stay_below_four_megabytes(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path}/automap.db")
    study, chance = make_study(engine), random.Random(0)
    _add_trials_at_once(engine, study, [chance.random() for _ in range(10_000)], chance)
    page = render(engine, study)
    assert len(page.encode()) <= 4_000_000
    assert len(data_of(page)["table"]["rows"]) == 10_000
    assert "of 10,000 trials" in page


def test_the_command_writes_a_page_without_importing_keras(searched: Path) -> None:
    code = (
        "import sys; from automap.api.open import open_study; "
        "open_study('tiny.yaml').report('page.html'); sys.exit('keras' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=searched, check=False).returncode == 0
    assert "<h1>tiny</h1>" in (searched / "page.html").read_text()


def test_images_can_be_left_out(searched: Path) -> None:
    call_automap("report", searched / "tiny.yaml", "--output", searched / "with.html")
    call_automap("report", searched / "tiny.yaml", "--no-images", "--output", searched / "without.html")
    assert "data:image/png" in (searched / "with.html").read_text()
    assert "data:image/png" not in (searched / "without.html").read_text()


def test_a_folder_that_does_not_exist_is_the_users_mistake(searched: Path) -> None:
    done = run_automap("report", searched / "tiny.yaml", "--output", searched / "none" / "page.html")
    assert done.returncode == 2
    assert "cannot write" in done.stderr


def opened(browser: webdriver.Chrome, searched: Path) -> None:
    path = searched / "browser.html"
    if not path.exists():
        open_study(searched / "tiny.yaml").report(path)
    browser.get(path.as_uri())
    WebDriverWait(browser, 20).until(lambda driver: driver.find_elements(By.CSS_SELECTOR, "html[data-ready]"))


def first_cells(browser: webdriver.Chrome, column: str) -> list[str]:
    titles = [each.text for each in browser.find_elements(By.CSS_SELECTOR, "#trials th button")]
    place = titles.index(column) + 1
    return [each.text for each in browser.find_elements(By.CSS_SELECTOR, f"#trials td:nth-child({place})")]


def test_a_click_sorts_and_words_filter(browser: webdriver.Chrome, searched: Path) -> None:
    opened(browser, searched)
    assert len(first_cells(browser, "trial")) == 4
    button = browser.find_element(By.XPATH, "//th/button[text()='trial']")
    button.click()
    assert first_cells(browser, "trial") == ["0", "1", "2", "3"]
    button.click()
    assert first_cells(browser, "trial") == ["3", "2", "1", "0"]
    assert browser.find_element(By.XPATH, "//th[button[text()='trial']]").get_attribute("aria-sort") == "descending"
    browser.find_element(By.ID, "filter").send_keys("no such word")
    assert first_cells(browser, "trial") == []
    assert browser.find_element(By.ID, "count").text == "0 of 4 trials"


@pytest.mark.parametrize("width", [390, 1200])
@pytest.mark.parametrize("clicks", [0, 1])
def test_every_chart_is_drawn_without_errors(
    browser: webdriver.Chrome, searched: Path, width: int, clicks: int
) -> None:
    browser.set_window_size(width, 900)
    opened(browser, searched)
    for _ in range(clicks):
        browser.find_element(By.ID, "theme").click()
    charts = browser.find_elements(By.CSS_SELECTOR, ".chart")
    assert len(charts) >= 6
    for each in charts:
        browser.execute_script("arguments[0].scrollIntoView()", each)
        WebDriverWait(browser, 20).until(lambda _, each=each: each.find_elements(By.TAG_NAME, "svg"))
    assert browser.get_log("browser") == []
    # Only the table may be wider than the page.
    assert browser.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")


def _add_trials_at_once(engine: Any, study: Any, values: list[float], chance: random.Random) -> None:
    from sqlalchemy import insert

    from automap.store.models import ResultTable, RunTable
    from automap.store.transactions import writing

    runs, results = [], []
    for trial, value in enumerate(values):
        common = {
            "study_id": study.id,
            "trial": trial,
            "kind": "search",
            "seed": trial,
            "candidate": candidate(chance.choice(["cnn", "resnet"]), learning_rate=10 ** chance.uniform(-4, -1)),
        }
        runs.append({**common, "id": trial + 1, "epochs": 3, "state": "done", "epoch": 3})
        curve = [{"epoch": epoch, "images": epoch * 100, "accuracy": value * epoch / 3} for epoch in (1, 2, 3)]
        results.append(
            {
                **common,
                "run_id": trial + 1,
                "state": "complete",
                "value": value,
                "validation": {"accuracy": value},
                "cost": {"parameters": 1000.0 + trial, "latency_ms": 1 + value, "train_seconds": 3.0},
                "curve": curve,
                "notes": [],
                "finished_at": 1.8e9 + trial,
            }
        )
    with writing(engine) as session:
        session.execute(insert(RunTable), runs)
        session.execute(insert(ResultTable), results)
