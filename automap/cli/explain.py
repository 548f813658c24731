"""``automap explain``: heat maps of what a model's answers rest on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from automap.cli.selection import StorageOption

if TYPE_CHECKING:
    from automap.models.explain.explain import Explanation
    from automap.models.model import LoadedModel


def explain(
    model: Annotated[
        str,
        typer.Argument(
            help="Folder or URL of a model, STUDY (its winner) or STUDY:TRIAL.", metavar="MODEL", show_default=False
        ),
    ],
    images: Annotated[
        list[str], typer.Argument(help="Image files, folders or glob patterns.", metavar="IMAGE...", show_default=False)
    ],
    method: Annotated[
        str,
        typer.Option(
            help="grad_cam, grad_cam_pp, layer_cam, integrated_gradients, occlusion, a plugin's, or auto: the most "
            "faithful one on validation images.",
            metavar="NAME",
        ),
    ] = "auto",
    label: Annotated[
        str | None,
        typer.Option(
            help="The class, or the name of the number, to explain.", metavar="NAME", show_default="the model's answer"
        ),
    ] = None,
    output: Annotated[
        Path, typer.Option(help="Folder for overlays (PNG) and heat maps (.npy).", metavar="FOLDER")
    ] = Path("explanations"),
    storage: StorageOption = None,
) -> None:
    """Explain a model's answers with heat maps.

    A heat map shows which parts of an image raise the score. For each image, the command writes the image with
    the heat map over it as PNG, and the heat map, 0 to 1, as .npy. In face recognition, two images are explained
    by each other: why they are alike.

    Example: automap explain flowers photo.jpg --output explanations
    """
    from automap.cli.console import say
    from automap.cli.predict import without_tensorflow_messages
    from automap.exceptions import UserError
    from automap.models.files import image_files

    files, _ = image_files(images)
    with without_tensorflow_messages():
        from automap.api.models import load_model
        from automap.models.explain.explain import AUTO, choose_method

        loaded = load_model(model, storage)
        if method == AUTO:
            choice = choose_method(loaded)
            method = choice.method
            gains = ", ".join(f"{name} {gain:.3f}" for name, gain in choice.gains)
            say(f"insertion minus deletion on {choice.images} validation images: {gains}")
        found = loaded.explain(files, method=method, label=label)
    try:
        output.mkdir(parents=True, exist_ok=True)
        for path, explanation in zip(files, found, strict=True):
            written = _write(loaded, path, explanation, output)
            say(f"{path}: {explanation.name}, by {explanation.method}: {written}")
    except OSError as error:
        raise UserError(f"cannot write to {output}: {error.strerror}") from error


def _write(model: LoadedModel, path: Path, explanation: Explanation, output: Path) -> Path:
    """Write overlay and heat map; return the path of the overlay."""
    import numpy as np
    from PIL import Image

    from automap.models.explain.explain import overlay
    from automap.models.predict import shown

    image = Image.fromarray(shown(path, model.info.image))
    target = _free_name(output / f"{path.stem}.png")
    overlay(image, explanation).save(target)
    np.save(target.with_suffix(".npy"), explanation.heat)
    return target


def _free_name(path: Path) -> Path:
    """Return a path that does not exist: images of two folders may have the same name."""
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_stem(f"{path.stem}-{number}")
    return free
