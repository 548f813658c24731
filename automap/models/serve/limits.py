"""What the server accepts, and the error for what it does not."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

TILED_PIXELS = 4_000_000
"""Pixels of an image that a model runs over tile by tile; its outputs take many times the memory of the image."""


class Limits(BaseModel):
    """Limits of a server; together they bound its memory."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_bytes: int = Field(20_000_000, gt=0, description="largest request body in bytes")
    max_pixels: int = Field(50_000_000, gt=0, description="most pixels of an image")
    max_images: int = Field(64, gt=0, description="most images of a request")
    timeout: float = Field(30.0, gt=0, description="longest time for a request in seconds")
    queue: int = Field(128, gt=0, description="most requests at once; others get 429")
    batch: int = Field(64, gt=0, description="most images of a batch")

    @property
    def buffered_bytes(self) -> int:
        """Bytes that the bodies of all requests may take together."""
        return max(256_000_000, 2 * self.max_bytes)


class Refused(Exception):  # noqa: N818
    """A request that gets an error as its answer.

    Args:
        status: the HTTP status.
        detail: what is wrong and what to do, for the client.
    """

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail
