"""Running the server."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

from automap.exceptions import UserError
from automap.models.export.artifact import open_artifact, require_packages
from automap.models.model import LoadedModel
from automap.models.serve.limits import Limits

PACKAGES = ("fastapi", "uvicorn", "httptools", "prometheus_client")
CONNECTIONS = 1024
"""Most open connections; further ones get 503."""


def require_server() -> None:
    """Raise an error that names the package that is missing to serve a model.

    Raises:
        UserError: if one is missing.
    """
    require_packages(PACKAGES, "to serve a model", "serve")


def open_served(artifact: Path) -> LoadedModel:
    """Load an exported file to be served.

    Raises:
        UserError: if it needs TensorFlow, or cannot be loaded.
    """
    if artifact.is_dir() or artifact.suffix == ".keras":
        raise UserError(
            f"{artifact} needs TensorFlow, which a server does without; export the model with --format onnx, or name "
            "the model itself"
        )
    return LoadedModel(*open_artifact(artifact))


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket.

    Args:
        host: name or address to listen on.
        port: 0 for a free one.

    Raises:
        UserError: if the port is in use or the host is not one of this machine.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listening = socket.socket(family)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(
            f"cannot listen on {host}:{port}: {reason}; choose another one with --host and --port"
        ) from None
    return listening


def serve(model: LoadedModel, listening: socket.socket, limits: Limits, started: Callable[[], None]) -> None:
    """Serve a model until the process is interrupted.

    Args:
        model: from `open_served`.
        listening: from `listen`.
        limits: of the server.
        started: called once the server answers.
    """
    import uvicorn

    from automap.models.serve.app import make_app
    from automap.models.serve.protocol import BoundedProtocol

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            started()

    config = uvicorn.Config(
        make_app(model, limits),
        http=BoundedProtocol,
        ws="none",
        log_level="error",
        access_log=False,
        server_header=False,
        limit_concurrency=CONNECTIONS,
        timeout_graceful_shutdown=10,
    )
    Server(config).run(sockets=[listening])
