"""``automap serve``: a model over HTTP."""

from __future__ import annotations

from typing import Annotated

import typer

from automap.cli.selection import StorageOption


def serve(
    model: Annotated[
        str,
        typer.Argument(
            help="An exported file, or folder or URL of a model, STUDY (its winner) or STUDY:TRIAL, which is exported "
            "to ONNX first.",
            metavar="MODEL",
            show_default=False,
        ),
    ],
    host: Annotated[str, typer.Option(help="Name or address to listen on; 0.0.0.0 for all.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 for a free one.", min=0, max=65535)] = 8000,
    max_bytes: Annotated[int, typer.Option(help="Largest request body in bytes.", min=1)] = 20_000_000,
    max_pixels: Annotated[int, typer.Option(help="Most pixels of an image.", min=1)] = 50_000_000,
    timeout: Annotated[float, typer.Option(help="Longest time for a request in seconds.", min=0.01)] = 30.0,
    queue: Annotated[int, typer.Option(help="Most requests at once; others get 429.", min=1)] = 128,
    storage: StorageOption = None,
) -> None:
    """Serve a model over HTTP: a JSON API, metrics and an upload page.

    Example: automap serve flowers --port 8000
    """
    from automap.models.serve.run import require_server

    require_server()
    from automap.api.serve import served_artifact
    from automap.cli.console import say
    from automap.models.serve.limits import Limits
    from automap.models.serve.run import listen, open_served
    from automap.models.serve.run import serve as run_server

    limits = Limits(max_bytes=max_bytes, max_pixels=max_pixels, timeout=timeout, queue=queue)
    with listen(host, port) as listening, served_artifact(model, storage) as artifact:
        loaded = open_served(artifact)
        address = listening.getsockname()
        shown = f"[{address[0]}]" if ":" in address[0] else address[0]
        run_server(
            loaded,
            listening,
            limits,
            lambda: say(f"serving {model} on http://{shown}:{address[1]} (press Ctrl-C to stop)"),
        )
