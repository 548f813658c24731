"""Middleware that counts and times requests."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from automap.models.serve.observed import Observed

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

OTHER = "other"


class Measuring:
    """Counts requests by path and status.

    Args:
        app: the application.
        observed: takes the counts.
    """

    def __init__(self, app: ASGIApp, observed: Observed) -> None:
        self._app, self._observed = app, observed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and measure it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500

        async def observe(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, observe)
        finally:
            # The route's own path: one that a client made up would be a new series for each request.
            path = getattr(scope.get("route"), "path", OTHER)
            self._observed.request(path, status, time.perf_counter() - started)
