"""What only one Keras backend can say or do."""

from __future__ import annotations

import resource
import sys
from typing import Any

import keras


def has_gpu() -> bool:
    """Return whether the backend computes on a GPU."""
    match keras.backend.backend():
        case "tensorflow":
            import tensorflow as tf

            return bool(tf.config.list_physical_devices("GPU"))
        case "jax":
            import jax

            return any(device.platform == "gpu" for device in jax.devices())
        case "torch":
            import torch

            return bool(torch.cuda.is_available())
        case other:
            raise NotImplementedError(f"automap trains with tensorflow, jax or torch; KERAS_BACKEND is '{other}'")


def mixed_precision() -> str:
    """Return the dtype policy that the device is made for: bfloat16 on a GPU, float32 on a CPU.

    bfloat16 needs no loss scaling; GPUs without it (before NVIDIA's Ampere) get float16.
    """
    if not has_gpu():
        return "float32"
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        details = [tf.config.experimental.get_device_details(gpu) for gpu in tf.config.list_physical_devices("GPU")]
        modern = all(detail.get("compute_capability", (8, 0)) >= (8, 0) for detail in details)
        return "mixed_bfloat16" if modern else "mixed_float16"
    return "mixed_bfloat16"


def peak_memory() -> float:
    """Return the largest memory so far in bytes: the GPU's where the backend tells, else this process's."""
    if has_gpu() and keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return float(tf.config.experimental.get_memory_info("GPU:0")["peak"])
    if has_gpu() and keras.backend.backend() == "torch":
        import torch

        return float(torch.cuda.max_memory_allocated())
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(resident if sys.platform == "darwin" else resident * 1024)


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error says that the device's memory was not enough."""
    text = f"{type(error).__name__}: {error}"
    return any(sign in text for sign in ("RESOURCE_EXHAUSTED", "ResourceExhausted", "OutOfMemory", "out of memory"))


def as_numpy(value: Any) -> Any:
    """Return a tensor of the backend as a NumPy array."""
    return keras.ops.convert_to_numpy(value)
