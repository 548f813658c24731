"""Errors about images that cannot be used."""

from __future__ import annotations


class BadImage(Exception):  # noqa: N818
    """An image that cannot be used.

    Args:
        reason: short and the same for every image with this fault, so that faults can be counted by kind.
        detail: details of this image, such as its size.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason} ({detail})" if detail else reason)
        self.reason, self.detail = reason, detail
