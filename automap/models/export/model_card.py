"""The model card of an exported model, in Markdown."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from automap.models.export.verify import Verification
from automap.training.samples import Samples

if TYPE_CHECKING:
    from automap.models.model import LoadedModel

CARD_NAME = "MODEL_CARD.md"


class Scores(NamedTuple):
    """What the leaderboard of a study shows of a model's candidate, as text: ``0.9123 ± 0.0031``."""

    study: str
    seeds: int
    """Trainings behind each number."""
    validation: Mapping[str, str]
    test: Mapping[str, str]


class Artifact(NamedTuple):
    """The exported file."""

    name: str
    size: int
    """Bytes."""


def markdown_card(
    model: LoadedModel, samples: Samples, verification: Verification, artifact: Artifact, scores: Scores | None = None
) -> str:
    """Return the card.

    Args:
        model: the model that was exported.
        samples: the images that it was verified on.
        verification: the result.
        artifact: the exported file.
        scores: of the model's candidate over several seeds; None if no study is known.
    """
    card, info = model.card, model.info
    task = card.candidate["task"]["type"]
    shape = " × ".join(map(str, info.image.shape))
    classes: tuple[str, ...] = getattr(info.target, "classes", ())
    sections = {
        "Model": [
            f"Task: {task}",
            f"File: `{artifact.name}`, {artifact.size:,} bytes",
            f"Input: {info.image.dtype} images of {shape} (height × width × channels), any batch size; "
            f"images of another size: `{info.image.resize}`",
            f"Output: {model.task.decoding}",
            *([f"Classes: {', '.join(map(_code, classes))}"] if classes else []),
            f"Weights: {_weights(card.candidate)}",
        ],
        "Data": [
            f"Data set: {_code(_described(card.candidate['dataset']))}",
            f"Training images: {info.train_size:,}",
            f"Fingerprint: `{samples.fingerprint}`",
        ],
        "Limits": [
            "The metrics hold for images like those of the data set; others were not measured.",
            "Validation metrics were used to select the model, so they are slightly optimistic.",
            *(
                ["They come from one training; the leaderboard of the study gives the spread over seeds."]
                if scores is None
                else []
            ),
        ],
        "Environment": [
            *(f"{package} {version}" for package, version in sorted(card.versions.items())),
            f"exported with Python {platform.python_version()} on {platform.system()} {platform.machine()}",
        ],
    }
    text = [f"# Model card: {task}", "", *_section("Model", sections["Model"]), *_section("Data", sections["Data"])]
    text += ["## Metrics", "", *_metrics(model, verification), "", *_latency(verification), ""]
    text += [] if scores is None else [*_scores(scores), ""]
    for title in ("Limits", "Environment"):
        text += _section(title, sections[title])
    text += ["## Candidate", "", "```json", _json(card.candidate), "```", ""]
    return "\n".join(text)


def _section(title: str, lines: list[str]) -> list[str]:
    return [f"## {title}", "", *(f"- {line}" for line in lines), ""]


def _metrics(model: LoadedModel, verification: Verification) -> list[str]:
    some = f"{verification.images:,} of {verification.total:,} validation images"
    rows = [
        "| metric | whole validation split | Keras, " + some + " | this file, the same images |",
        "|---|---|---|---|",
    ]
    for name, (before, after) in verification.metrics.items():
        whole = model.metrics.get(name)
        rows.append(f"| {_code(name)} | {'' if whole is None else f'{whole:.5g}'} | {before:.5g} | {after:.5g} |")
    return rows


def _scores(scores: Scores) -> list[str]:
    trainings = f"{scores.seeds} training{'s' * (scores.seeds != 1)}"
    spread = ", mean ± standard deviation over seeds" if scores.seeds > 1 else ""
    rows = [
        f"In the study {_code(scores.study)}: {trainings}{spread}.",
        "",
        "| metric | validation | test |",
        "|---|---|---|",
    ]
    names = dict.fromkeys((*scores.validation, *scores.test))
    rows += [f"| {_code(name)} | {scores.validation.get(name, '')} | {scores.test.get(name, '')} |" for name in names]
    return rows


def _latency(verification: Verification) -> list[str]:
    ours, theirs = verification.exported, verification.keras
    return [
        f"Largest difference of raw outputs: {verification.largest_difference:.2g}. "
        f"Latency of one image: {ours.median:.2f} ms (95th percentile {ours.p95:.2f} ms); "
        f"Keras in the same run: {theirs.median:.2f} ms ({theirs.p95:.2f} ms)."
    ]


def _weights(candidate: dict[str, Any]) -> str:
    source = candidate["architecture"].get("pretrained")
    if source in (None, "none", False):
        return "trained from scratch; no third-party licence"
    return f"fine-tuned from {_code(str(source))}; their licence applies (see `automap plugins info`)"


def _described(dataset: dict[str, Any]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in dataset.items() if name in ("type", "path", "name"))


def _json(data: Any) -> str:
    import json

    return json.dumps(data, indent=1, ensure_ascii=True).replace("```", "`\\u0060`")


def _code(text: str) -> str:
    line = "".join(letter if letter.isprintable() else " " for letter in text)
    return f"`{_plain(line)}`"


def _plain(line: str) -> str:
    return line.replace("`", "'").replace("|", "¦")
