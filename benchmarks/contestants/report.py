"""Tables and plots of what benchmarks/search.py has measured."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median

import numpy as np

TIMES = (10, 20, 30, 45)
SHOWN = {"mnist": (0.85, 1.0), "letters": (0.0, 0.8)}
"""Accuracies that a plot shows."""
ACCURACIES = {"mnist": (0.95, 0.97, 0.98), "letters": (0.40, 0.55, 0.70)}

Line = dict[str, float]


def report(results: Path, names: list[str]) -> None:
    """Print a table for each set of images, and draw each as ``RESULTS/IMAGES.svg``."""
    for images, accuracies in ACCURACIES.items():
        found = {name: _read(results, images, name) for name in names}
        found = {name: each for name, each in found.items() if any(each)}
        if not found:
            continue
        heads = [*(f"at {time} s" for time in TIMES), *(f"to {accuracy}" for accuracy in accuracies), "test", "seeds"]
        print(f"\n{images}\n| contestant | {' | '.join(heads)} |\n|{'---|' * (len(heads) + 1)}")
        for name, each in found.items():
            at = [_of(each, lambda lines, time=time: reached(lines, time)) for time in TIMES]
            to = [
                _of(each, lambda lines, accuracy=accuracy: needed(lines, accuracy), "{:.0f} s")
                for accuracy in accuracies
            ]
            print(f"| {name} | {' | '.join([*at, *to, _of(each, tested), str(len(each))])} |")
        _draw(results / f"{images}.svg", images, found)


def _read(results: Path, images: str, name: str) -> list[list[Line]]:
    files = sorted(results.glob(f"{images}-{name}-*.jsonl"))
    return [[json.loads(line) for line in file.read_text().splitlines()] for file in files]


def reached(lines: list[Line], seconds: float) -> float | None:
    """Return the best validation accuracy within a time; None if there was none yet."""
    return max((line["validation"] for line in lines if line["seconds"] <= seconds), default=None)


def needed(lines: list[Line], accuracy: float) -> float | None:
    """Return the seconds until a validation accuracy; None if it was never reached."""
    return min((line["seconds"] for line in lines if line["validation"] >= accuracy), default=None)


def tested(lines: list[Line]) -> float | None:
    """Return the test accuracy of what the search handed over."""
    return lines[-1]["test"] if lines else None


def _of(runs: list[list[Line]], measure: object, form: str = "{:.3f}") -> str:
    """Return median and range over the runs; a run that has no value counts as the worst, shown as a dash."""
    values = [measure(lines) for lines in runs]  # type: ignore[operator]
    there = sorted(value for value in values if value is not None)
    if len(there) * 2 <= len(values):
        return f"– ({len(there)} of {len(values)})"
    worst = float("inf") if form.endswith("s") else 0.0
    middle = median([value if value is not None else worst for value in values])
    return f"{form.format(middle)} ({form.format(there[0])} to {form.format(there[-1])})".replace(" s to", " to")


def _draw(path: Path, title: str, found: dict[str, list[list[Line]]]) -> None:
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4), layout="constrained")
    # Later results are of trials that were under way when the time was up.
    times = np.linspace(0, TIMES[-1], 200)
    for name, runs in found.items():
        curves = np.array([[reached(lines, time) or 0.0 for time in times] for lines in runs])
        (line,) = axes.plot(times, np.median(curves, axis=0), label=name.replace("_", " "))
        axes.fill_between(times, curves.min(axis=0), curves.max(axis=0), color=line.get_color(), alpha=0.12, lw=0)
    axes.set(
        xlabel="seconds since the process was started",
        ylabel="best validation accuracy",
        title=title,
        ylim=SHOWN[title],
    )
    axes.legend(loc="lower right")
    axes.grid(alpha=0.3)
    figure.savefig(path)
    pyplot.close(figure)
