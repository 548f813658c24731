"""Descriptions of data for tests that need no data."""

from typing import Any

from automap.interfaces.data_info import (
    BoxesInfo,
    DataInfo,
    ImageInfo,
    LabelInfo,
    LabelsInfo,
    MaskInfo,
    NumbersInfo,
    TargetImageInfo,
)

_KINDS = {"label": LabelInfo, "labels": LabelsInfo, "mask": MaskInfo, "boxes": BoxesInfo}


def data_info(
    kind: str = "label",
    *,
    image_shape: tuple[int, int, int] = (8, 8, 1),
    train_size: int = 1,
    mean: tuple[float, ...] = (0.0,),
    std: tuple[float, ...] = (1.0,),
    **target: Any,
) -> DataInfo:
    """Return what a model must know of data: `kind` names the target, `target` are its fields."""
    if kind == "numbers":
        described: Any = NumbersInfo(names=target["names"], mean=target["target_mean"], std=target["target_std"])
    elif kind == "image":
        described = TargetImageInfo(**target)
    else:
        described = _KINDS[kind](**target)
    image = ImageInfo(shape=image_shape, mean=mean, std=std)
    return DataInfo(inputs={"image": image}, target=described, train_size=train_size)


def resized(info: DataInfo, shape: tuple[int, int, int]) -> DataInfo:
    """Return the same description with images of another shape."""
    channels = shape[2]
    image = info.image.model_copy(update={"shape": shape, "mean": (0.0,) * channels, "std": (1.0,) * channels})
    return info.model_copy(update={"inputs": {"image": image}})


def without_classes(info: DataInfo) -> DataInfo:
    """Return the same description without any class."""
    return info.model_copy(update={"target": info.target.model_copy(update={"classes": (), "class_counts": ()})})
