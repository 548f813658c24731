"""Explaining a model's answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
from PIL import Image

from automap.data.decode.image import Placed, decode_record
from automap.exceptions import UserError
from automap.interfaces.array import Array
from automap.interfaces.data_info import ImageInfo
from automap.interfaces.explainer import Explainer
from automap.interfaces.sample import IMAGE
from automap.models.explain.faithfulness import faithfulness
from automap.models.explain.network import ExplainedNetwork
from automap.models.explain.scores import Question, question, similarity
from automap.spec.plugins import find_plugins, load_plugin
from automap.tasks.face_recognition.task import FaceRecognition

if TYPE_CHECKING:
    import keras

    from automap.models.model import LoadedModel
    from automap.models.predict import ImageValue

AUTO = "auto"
AUTO_IMAGES = 12
"""Validation images on which methods are compared."""


@dataclass(frozen=True)
class Explanation:
    """What an answer rests on."""

    name: str
    """What is explained: a class, a number, or the image that this one resembles."""
    method: str
    heat: Array
    """``(height, width)`` of the original image, float32, 0 to 1."""


@dataclass(frozen=True)
class Choice:
    """How `auto` chose: the gain (insertion minus deletion) of each method, the best first."""

    gains: tuple[tuple[str, float], ...]
    images: int

    @property
    def method(self) -> str:
        """The best method."""
        return self.gains[0][0]


def load_explainer(name: str) -> Explainer:
    """Return the explainer of a name.

    Raises:
        PluginError: if there is none, or it cannot be imported.
    """
    return cast(type[Explainer], load_plugin(Explainer.group, name))()


def explain(
    model: LoadedModel, sources: Sequence[ImageValue], method: str = AUTO, chosen: str | None = None
) -> Iterator[Explanation]:
    """Yield an explanation of the model's answer for each image.

    Args:
        model: a model that a search has written.
        sources: paths, encoded images or pixels; for face recognition two, which are explained by each other.
        method: name of an explainer, or ``auto``: the most faithful one on validation images; see `choose_method`.
        chosen: name of the class or number to explain; None for what the model is most certain of.

    Raises:
        BadImage: if an image cannot be read.
        UserError: if the model's answers cannot be explained.
    """
    network = keras_network(model)
    explainer_name = choose_method(model).method if method == AUTO else method
    explainer = load_explainer(explainer_name)
    placed = [decode_record(source, model.info.image) for source in sources]
    explained = _Explained(network, model.info.image)
    for one, asked in zip(placed, _questions(model, placed, chosen), strict=True):
        heat = explainer.heat(explained.about(asked), one.pixels.astype(np.float32))
        yield Explanation(asked.name, explainer_name, _in_image(_scaled(heat), one))


def choose_method(model: LoadedModel) -> Choice:
    """Compare all explainers on the validation images that stay with the model.

    Raises:
        UserError: if the model keeps no validation images, or its answers cannot be explained.
    """
    network, samples = keras_network(model), model.samples()
    if samples is None:
        raise UserError("the model keeps no validation images to compare methods on; name one with --method")
    images = samples.inputs[IMAGE][:AUTO_IMAGES].astype(np.float32)
    outputs = model.runtime.run({IMAGE: images})
    gains: dict[str, list[float]] = {name: [] for name in sorted(find_plugins(Explainer.group))}
    explainers = {name: load_explainer(name) for name in gains}
    kept = _Explained(network, model.info.image)
    for image, asked in zip(images, _validation_questions(model, outputs), strict=True):
        explained = kept.about(asked)
        for name, found in gains.items():
            heat = resized(_scaled(explainers[name].heat(explained, image)), image.shape[:2])
            measured = faithfulness(explained, image, heat)
            found += [] if measured is None else [measured.gain]
    means = [(name, float(np.mean(found)) if found else 0.0) for name, found in gains.items()]
    return Choice(tuple(sorted(means, key=lambda each: -each[1])), len(images))


class _Explained:
    """Networks by what is asked of them: the gradients of each question are compiled once."""

    def __init__(self, network: keras.Model, info: ImageInfo) -> None:
        self._network, self._info = network, info
        self._by_name: dict[str, ExplainedNetwork] = {}

    def about(self, asked: Question) -> ExplainedNetwork:
        """Return the network with a question; names tell questions of one call apart."""
        if asked.name not in self._by_name:
            self._by_name[asked.name] = ExplainedNetwork(self._network, asked, self._info)
        return self._by_name[asked.name]


def resized(heat: Array, size: tuple[int, int]) -> Array:
    """Return a heat map in another size (height, width), interpolated linearly."""
    image = Image.fromarray(heat.astype(np.float32))
    return np.asarray(image.resize((size[1], size[0]), Image.Resampling.BILINEAR))


def keras_network(model: LoadedModel) -> keras.Model:
    """Return the model's Keras network.

    Raises:
        UserError: if it has none, because it is an export, or the network is from automap 0.1.
    """
    network = getattr(model.runtime, "network", None)
    if network is None or not isinstance(network.input, dict):
        raise UserError("only a model that a search of this version has written can be explained, not an export")
    if others := ", ".join(name for name in model.info.inputs if name != IMAGE):
        raise UserError(f"heat maps explain models of images alone; this one has further inputs: {others}")
    return network


def _questions(model: LoadedModel, placed: Sequence[Placed], chosen: str | None) -> list[Question]:
    outputs = model.runtime.run({IMAGE: np.stack([each.pixels for each in placed])})
    if not isinstance(model.task, FaceRecognition):
        return [question(model.info, output, chosen) for output in outputs]
    if len(placed) != 2:
        raise UserError(f"answers of face recognition are explained in pairs: give two images; received {len(placed)}")
    return [similarity("the second image", outputs[1]), similarity("the first image", outputs[0])]


def _validation_questions(model: LoadedModel, outputs: Array) -> list[Question]:
    if not isinstance(model.task, FaceRecognition):
        return [question(model.info, output) for output in outputs]
    return [similarity(f"image {index}", other) for index, other in enumerate(np.roll(outputs, 1, axis=0))]


def _scaled(heat: Array) -> Array:
    largest = float(heat.max(initial=0))
    return (heat / largest if largest > 0 else np.zeros_like(heat)).astype(np.float32)


def _in_image(heat: Array, placed: Placed) -> Array:
    """Return a heat map of the record in pixels of the original image."""
    record = Image.fromarray(resized(heat, placed.pixels.shape[:2]))
    return np.asarray(placed.geometry.in_image(record, Image.Resampling.BILINEAR), np.float32)


def overlay(image: Image.Image, explanation: Explanation) -> Image.Image:
    """Return an image with a heat map over it: from transparent through yellow to red.

    Args:
        image: the original image, upright, in mode RGB.
        explanation: of the model's answer for it.
    """
    heat = resized(explanation.heat, (image.height, image.width)).clip(0, 1)
    colours = np.stack([np.full_like(heat, 255), 255 * (1 - heat), np.zeros_like(heat)], axis=-1)
    mask = Image.fromarray((180 * heat).astype(np.uint8))
    return Image.composite(Image.fromarray(colours.astype(np.uint8)), image, mask)
