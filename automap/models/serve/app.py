"""The server's HTTP interface."""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse
from pydantic import Base64Encoder, BaseModel, ConfigDict, EncodedBytes, Field, ValidationError, create_model
from pydantic_core import PydanticCustomError

from automap.interfaces.data_info import Resize
from automap.models.model import LoadedModel
from automap.models.serve.admission import Admission
from automap.models.serve.limits import Limits, Refused
from automap.models.serve.measuring import Measuring
from automap.models.serve.observed import Observed
from automap.models.serve.page import PAGE, PAGE_HEADERS
from automap.models.serve.service import PredictionBase, Service

log = logging.getLogger("automap.serve")

BINARY = {"schema": {"type": "string", "format": "binary"}}
RETRY = {"Retry-After": "1"}


class Problem(BaseModel):
    """Why a request was refused."""

    detail: str


class _StrictBase64(Base64Encoder):
    """Refuses what Python's decoder would skip."""

    @classmethod
    def decode(cls, data: bytes) -> bytes:
        try:
            return base64.b64decode(data, validate=True)
        except ValueError as error:
            raise PydanticCustomError(
                "base64_decode", "Base64 decoding error: {error}", {"error": str(error)}
            ) from None


class Images(BaseModel):
    """Several images."""

    model_config = ConfigDict(extra="forbid")

    images: list[Annotated[bytes, EncodedBytes(encoder=_StrictBase64)]] = Field(
        min_length=1, description="encoded images (PNG, JPEG, …) in base64"
    )


class Health(BaseModel):
    """The server's state."""

    status: str


class InputDescription(BaseModel):
    """The images that the model takes; others are fitted."""

    height: int
    width: int
    channels: int
    bit_depth: int
    resize: Resize


class ModelDescription(BaseModel):
    """What the model is, and what the server accepts."""

    task: str
    classes: tuple[str, ...]
    input: InputDescription
    metrics: dict[str, float]
    limits: Limits


def make_app(model: LoadedModel, limits: Limits | None = None) -> FastAPI:
    """Return the ASGI application that serves a model.

    Args:
        model: a model in a runtime of its own, such as `load_model` returns for an exported file.
        limits: what is accepted; None for the defaults.
    """
    limits = limits or Limits()
    observed = Observed()
    service, admission = Service(model, limits, observed), Admission(limits)
    observed.in_progress(lambda: admission.requests)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        service.close()

    app = FastAPI(
        title="automap",
        summary=f"A model for {_task(model)}",
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    _add_predictions(app, service, admission)
    _add_information(app, model, limits, observed)
    app.add_exception_handler(Refused, _refusal)
    app.add_middleware(Measuring, observed=observed)
    return app


def _add_predictions(app: FastAPI, service: Service, admission: Admission) -> None:
    each: Any = service.prediction | Problem
    results: Any = create_model("Predictions", predictions=(list[each], ...))
    refusals: dict[int | str, dict[str, Any]] = {
        status: {"model": Problem, "description": text} for status, text in _REFUSALS.items()
    }

    @app.post(
        "/predict",
        response_model=service.prediction,
        responses=refusals,
        openapi_extra=_body({"image/*": BINARY, "application/octet-stream": BINARY}),
    )
    async def predict(request: Request) -> Response:
        """Return the answer for one image, sent as the body of the request."""
        _require_type(
            request, ("image/", "application/octet-stream"), "an image as the body, with its own content type"
        )
        with admission.request() as body:
            content = await body.read(request.headers.get("content-length"), request.stream())
            return _json((await _predicted(service, content)).model_dump_json())

    @app.post(
        "/predict/batch",
        response_model=results,
        responses=refusals,
        openapi_extra=_body({"application/json": {"schema": Images.model_json_schema()}}),
    )
    async def predict_batch(request: Request) -> Response:
        """Return an answer for each image, or why it could not be read."""
        _require_type(request, ("application/json",), "JSON with the content type application/json")
        with admission.request() as body:
            content = await body.read(request.headers.get("content-length"), request.stream())
            images = _images(content, service.limits.max_images)
            found = await asyncio.gather(*(_predicted_or_problem(service, image) for image in images))
            return _json(results(predictions=found).model_dump_json())


def _add_information(app: FastAPI, model: LoadedModel, limits: Limits, observed: Observed) -> None:
    image = model.info.image
    height, width, channels = image.shape
    description = ModelDescription(
        task=_task(model),
        classes=getattr(model.info.target, "classes", ()),
        input=InputDescription(
            height=height, width=width, channels=channels, bit_depth=image.bit_depth, resize=image.resize
        ),
        metrics=model.metrics,
        limits=limits,
    )

    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    async def page() -> HTMLResponse:
        return HTMLResponse(PAGE, headers=PAGE_HEADERS)

    @app.get("/model")
    async def describe() -> ModelDescription:
        """Describe the model and the limits of the server."""
        return description

    @app.get("/healthz")
    async def health() -> Health:
        """Report that the model is loaded and the server answers."""
        return Health(status="ok")

    @app.get("/metrics", response_class=PlainTextResponse)
    async def metrics() -> PlainTextResponse:
        """Return counters in the text format of Prometheus."""
        return PlainTextResponse(observed.text())


_REFUSALS = {
    408: "The request did not arrive in time.",
    413: "The body or the image is too large.",
    415: "The content type is not accepted.",
    422: "The body is not an image that can be read, or not the expected JSON.",
    429: "The queue is full; try again later.",
    503: "The model gave no answer; try again later.",
}


def _body(content: dict[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": content}}


def _task(model: LoadedModel) -> str:
    return str(model.card.candidate["task"]["type"])


def _json(text: str) -> Response:
    return Response(text, media_type="application/json")


def _require_type(request: Request, accepted: Sequence[str], expected: str) -> None:
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not given.startswith(tuple(accepted)):
        raise Refused(415, f"the content type is {given[:100] or 'missing'}; send {expected}")


def _images(content: bytes, most: int) -> list[bytes]:
    try:
        images = Images.model_validate_json(content).images
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Refused(422, f"{where or 'the body'}: {first['msg']}") from None
    if len(images) > most:
        raise Refused(413, f"the request holds {len(images):,} images; at most {most:,} are accepted")
    return images


async def _predicted(service: Service, content: bytes) -> PredictionBase:
    try:
        return await service.predict(content)
    except Refused:
        raise
    except Exception:
        # Runtimes raise whatever they like; the server goes on.
        log.exception("the model failed")
        raise Refused(503, "the model failed on this image; see the server's log") from None


async def _predicted_or_problem(service: Service, content: bytes) -> PredictionBase | Problem:
    try:
        return await _predicted(service, content)
    except Refused as refused:
        if refused.status >= 500:
            raise
        return Problem(detail=refused.detail)


async def _refusal(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Refused)
    headers = RETRY if error.status in (429, 503) else {}
    return JSONResponse({"detail": error.detail}, error.status, headers=headers)
