"""Admission of requests: how many, and how many bytes, a server holds at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from automap.models.serve.limits import Limits, Refused


class Admission:
    """Bounds the requests in progress, and the bytes of their bodies.

    Args:
        limits: of the server.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.requests = 0
        """Requests in progress."""
        self.bytes = 0
        """Bytes of their bodies."""

    @contextmanager
    def request(self) -> Iterator[Body]:
        """Admit a request for as long as the block runs.

        Raises:
            Refused: with 429 if the queue is full.
        """
        if self.requests >= self._limits.queue:
            raise Refused(429, f"the server works on {self.requests} requests already; try again later")
        self.requests += 1
        body = Body(self, self._limits)
        try:
            yield body
        finally:
            self.requests -= 1
            self.bytes -= body.size


class Body:
    """The body of a request, read within the limits."""

    def __init__(self, admission: Admission, limits: Limits) -> None:
        self._admission, self._limits = admission, limits
        self.size = 0

    async def read(self, announced: str | None, stream: AsyncIterator[bytes]) -> bytes:
        """Return the whole body.

        Args:
            announced: the header Content-Length, if there is one.
            stream: the body in parts.

        Raises:
            Refused: with 413 if it is too large, 408 if it does not arrive in time, 429 if too many bytes are held.
        """
        if announced is not None and announced.isdecimal() and len(announced) < 20:
            self._check(int(announced))
        parts = []
        try:
            async with asyncio.timeout(self._limits.timeout):
                async for part in stream:
                    self._check(self.size + len(part))
                    self.size += len(part)
                    self._admission.bytes += len(part)
                    parts.append(part)
        except TimeoutError:
            raise Refused(408, f"the request did not arrive within {self._limits.timeout:g} seconds") from None
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _check(self, size: int) -> None:
        if size > self._limits.max_bytes:
            raise Refused(413, f"the request is larger than {self._limits.max_bytes:,} bytes; send a smaller image")
        if self._admission.bytes + size - self.size > self._limits.buffered_bytes:
            raise Refused(429, "the server holds too many large requests; try again later")
