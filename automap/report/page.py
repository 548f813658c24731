"""The page: one HTML file with its data, charts, images and code in it."""

from __future__ import annotations

import base64
import gzip
import json
import math
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from automap.exceptions import UserError
from automap.leaderboard.formatting import format_metric
from automap.report.bundle import vega_bundle
from automap.report.evaluation import evaluation, input_importance
from automap.report.front import pareto_front
from automap.report.hyperparameters import hyperparameter_section
from automap.report.mistakes import mistakes
from automap.report.overview import environment, headline
from automap.report.progress import best_so_far, learning_curves, time_use
from automap.report.section import Section
from automap.report.study_data import StudyData, read_study_data
from automap.report.table import trial_table
from automap.report.winner_data import read_winner
from automap.store.atomic import write_atomically
from automap.store.studies import StudyRow

_TEMPLATES = Path(__file__).with_name("templates")


@dataclass(frozen=True)
class Report:
    """The report of a study: one HTML page that opens without a network."""

    html: str

    def save(self, path: str | Path) -> None:
        """Write the page.

        Raises:
            UserError: if the file cannot be written.
        """
        path = Path(path)
        try:
            write_atomically(path, lambda file: file.write(self.html.encode()))
        except OSError as error:
            raise UserError(f"cannot write {path}: {error.strerror}") from error

    def _repr_html_(self) -> str:
        return f'<iframe srcdoc="{escape(self.html)}" style="width: 100%; height: 720px; border: 0"></iframe>'


def render(engine: Engine, study: StudyRow, *, images: bool = True) -> str:
    """Return the page of a study.

    Args:
        engine: the database.
        study: the study in it.
        images: whether the page may show images of the data set.

    Raises:
        UserError: if a package is missing.
        StorageError: if the database cannot be read.
    """
    try:
        import jinja2
    except ImportError:
        raise UserError("reports need more packages; install them with: pip install 'automap[report]'") from None
    with ThreadPoolExecutor(1) as other:
        bundle = other.submit(vega_bundle)
        data = read_study_data(engine, study)
        sections = list(_sections(data, images))
        table = trial_table(data)
        loader = jinja2.FileSystemLoader(_TEMPLATES)
        environment_ = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)
        charts = {f"{section.id}-{index}": chart for section in sections for index, chart in enumerate(section.charts)}
        return environment_.get_template("report.html").render(
            study=study,
            headline=headline(data),
            sections=sections,
            states=sorted({row["state"] for row in table["rows"]}),
            data=_packed({"table": table, "charts": charts}),
            style=(_TEMPLATES / "report.css").read_text(encoding="utf-8"),
            script=(_TEMPLATES / "report.js").read_text(encoding="utf-8"),
            bundle=bundle.result(),
            picture=lambda picture: base64.b64encode(picture.png).decode(),
            value=_fact,
        )


def _sections(data: StudyData, images: bool) -> Iterable[Section]:
    winner, reason = read_winner(data)
    found: list[Section | None] = [best_so_far(data), learning_curves(data), pareto_front(data)]
    found.append(hyperparameter_section(data))
    if winner is None:
        found.append(Section("evaluation", "Evaluation of the winner", reason))
    else:
        found += [evaluation(winner), input_importance(winner), mistakes(winner) if images else None]
    found += [time_use(data), environment(data)]
    return (section for section in found if section is not None)


def _packed(data: Mapping[str, Any]) -> str:
    try:
        text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    except ValueError:
        text = json.dumps(_finite(data), separators=(",", ":"), allow_nan=False)
    return base64.b64encode(gzip.compress(text.encode(), 6, mtime=0)).decode()


def _finite(data: Any) -> Any:
    """Return data with null in the place of NaN and infinity, which JSON lacks."""
    if isinstance(data, float):
        return data if math.isfinite(data) else None
    if isinstance(data, Mapping):
        return {key: _finite(value) for key, value in data.items()}
    return [_finite(value) for value in data] if isinstance(data, list | tuple) else data


def _fact(value: Any) -> str:
    return format_metric(value) if isinstance(value, float) else str(value)
