"""Code that depends on the Keras backend: devices, their memory, and out-of-memory errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras

from automap.exceptions import TrainingError


def gpu_name() -> str | None:
    """Return the name of the first GPU that the backend uses; None if it uses none."""
    match keras.backend.backend():
        case "tensorflow":
            import tensorflow as tf

            gpus = tf.config.list_physical_devices("GPU")
            details: dict[str, Any] = tf.config.experimental.get_device_details(gpus[0]) if gpus else {}
            return str(details.get("device_name", "GPU")) if gpus else None
        case "jax":
            import jax

            device = jax.devices()[0]
            return str(device.device_kind) if device.platform == "gpu" else None
        case "torch":
            import torch

            return str(torch.cuda.get_device_name(0)) if torch.cuda.is_available() else None
    return None


def limit_gpu_memory(fraction: float, memory_bytes: int) -> None:
    """Limit this process's share of GPU memory; call it before anything is computed.

    JAX reads its limit from an environment variable when it is imported.

    Args:
        fraction: share of each GPU's memory that this process may use, above 0; 1 for no limit.
        memory_bytes: memory of the smallest GPU; 0 if it is unknown: then memory is allocated as needed.
    """
    if fraction >= 1:
        return
    match keras.backend.backend():
        case "tensorflow":
            import tensorflow as tf

            for gpu in tf.config.list_physical_devices("GPU"):
                if memory_bytes:
                    limit = int(fraction * memory_bytes / 2**20)
                    tf.config.set_logical_device_configuration(gpu, [tf.config.LogicalDeviceConfiguration(limit)])
                else:
                    tf.config.experimental.set_memory_growth(gpu, True)
        case "torch":
            import torch

            for index in range(torch.cuda.device_count()):
                torch.cuda.set_per_process_memory_fraction(fraction, index)


@contextmanager
def on_devices(count: int, batch_size: int) -> Iterator[None]:
    """Train models that are built in the block on several devices, which divide each batch.

    Args:
        count: number of devices; 1 changes nothing.
        batch_size: images in a batch.

    Raises:
        TrainingError: if the backend does not support it, has fewer devices, or they cannot divide a batch evenly.
    """
    if count == 1:
        yield
        return
    name = keras.backend.backend()
    if name != "jax":
        raise TrainingError(
            f"training.devices is {count}, but Keras on {name} cannot divide batches among devices; "
            "use the JAX backend (KERAS_BACKEND=jax) or set devices: 1"
        )
    devices = keras.distribution.list_devices()
    if len(devices) < count:
        raise TrainingError(f"training.devices is {count}, but {name} has {len(devices)}: {', '.join(devices)}")
    if batch_size % count:
        raise TrainingError(f"a batch of {batch_size} images cannot be divided evenly among {count} devices")
    before = keras.distribution.distribution()
    keras.distribution.set_distribution(keras.distribution.DataParallel(devices=devices[:count]))
    try:
        yield
    finally:
        keras.distribution.set_distribution(before)


def gpu_precision() -> str | None:
    """Return the mixed-precision dtype policy that suits the GPU; None without a GPU.

    bfloat16 needs no loss scaling; GPUs without it (compute capability below 8.0) get float16.
    """
    if gpu_name() is None:
        return None
    return "mixed_bfloat16" if _compute_capability() >= (8, 0) else "mixed_float16"


def _compute_capability() -> tuple[int, ...]:
    match keras.backend.backend():
        case "tensorflow":
            import tensorflow as tf

            gpu = tf.config.list_physical_devices("GPU")[0]
            return tuple(tf.config.experimental.get_device_details(gpu).get("compute_capability", (0, 0)))
        case "jax":
            import jax

            return tuple(int(part) for part in str(jax.devices()[0].compute_capability).split("."))
        case _:
            import torch

            return tuple(torch.cuda.get_device_capability(0))


_MEMORY_SIGNS = ("OOM when allocating", "out of memory", "Out of memory", "RESOURCE_EXHAUSTED", "ResourceExhausted")


def memory_complaint(error: BaseException) -> str | None:
    """Return the message of an out-of-memory error, of the device or the machine; None for other errors."""
    lines = [line.strip() for line in str(error).splitlines()]
    for sign in _MEMORY_SIGNS:
        if found := next((line for line in lines if sign in line), None):
            return found
    if isinstance(error, MemoryError) or any(sign in type(error).__name__ for sign in (*_MEMORY_SIGNS, "OutOfMemory")):
        return str(error) or "memory could not be allocated"
    return None


def reset_gpu_peak() -> None:
    """Reset the GPU's peak memory counter if the backend supports it."""
    match keras.backend.backend():
        case "tensorflow":
            import tensorflow as tf

            if tf.config.list_physical_devices("GPU"):
                tf.config.experimental.reset_memory_stats("GPU:0")
        case "torch":
            import torch

            if torch.cuda.is_available():
                torch.cuda.reset_peak_memory_stats(0)


def gpu_peak_bytes() -> int | None:
    """Return the peak memory in use on the GPU since `reset_gpu_peak`; None without a GPU.

    JAX cannot reset the counter: there it is the peak since the process started.
    """
    if gpu_name() is None:
        return None
    match keras.backend.backend():
        case "tensorflow":
            import tensorflow as tf

            return int(tf.config.experimental.get_memory_info("GPU:0")["peak"])
        case "jax":
            import jax

            return int((jax.devices()[0].memory_stats() or {}).get("peak_bytes_in_use", 0)) or None
        case "torch":
            import torch

            return int(torch.cuda.max_memory_allocated(0))
    return None


@contextmanager
def gradients_forgotten() -> Iterator[None]:
    """Remove the gradient functions that the block registers with TensorFlow; does nothing on other backends.

    Tracing a train step registers one for each use of ``tf.custom_gradient`` (Keras's optimizers sum gradients
    over replicas through one, also with a single device), under a new name and for as long as the process
    lives. Each keeps the graph of its whole model: 17 MB a trial, measured over 50 small networks.
    """
    if keras.backend.backend() != "tensorflow":
        yield
        return
    from tensorflow.python.framework import ops

    registered = ops.gradient_registry._registry
    before = set(registered)
    try:
        yield
    finally:
        for name in set(registered) - before:
            if name.startswith("CustomGradient-"):
                del registered[name]
