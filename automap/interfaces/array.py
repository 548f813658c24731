"""The type of a NumPy array."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
