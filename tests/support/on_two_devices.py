"""A trial on two devices of the JAX backend, emulated on the processor."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

os.environ |= {"KERAS_BACKEND": "jax", "XLA_FLAGS": "--xla_force_host_platform_device_count=2"}

from support.arrays import digits
from support.candidates import candidate
from support.training import train


def main(folder: Path) -> None:
    """Train the same candidate on one device and on two, on more than there are, and print the results."""
    found = []
    for devices, batch_size in ((1, 64), (2, 64), (2, 33), (3, 63)):
        chosen = candidate(devices=devices, batch_size=batch_size, epochs=2, augmentation=["random_translation"])
        result = train(chosen, digits(640), folder / f"{devices}-{batch_size}")
        losses = [point["train_loss"] for point in result.curve]
        found.append({"state": result.state, "reason": result.reason, "losses": losses})
    print("\n" + json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
