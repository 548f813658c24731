"""The server: the model's own answers, and clean refusals of everything else."""

import asyncio
import base64
import io
import json
import threading
import time

import numpy as np
import psutil
import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from PIL import Image
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance
from support.broken_images import broken_images, encoded, png_bomb
from support.onnx_models import TASKS, write_onnx

from automap.interfaces.answer import PixelAnswer
from automap.models.load import load_model
from automap.models.serve.app import make_app
from automap.models.serve.batcher import Batcher
from automap.models.serve.limits import Limits
from automap.models.serve.page import PAGE, PAGE_HEADERS

PNG = {"Content-Type": "image/png"}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported")
    return {task: load_model(write_onnx(folder / task, task)) for task in TASKS}


@pytest.fixture(scope="module")
def app(models):
    return make_app(models["classification"], Limits(max_bytes=2_000_000))


@pytest.fixture(scope="module")
def client(app):
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def photograph():
    from skimage.data import astronaut

    return encoded(Image.fromarray(astronaut()[40:140, 150:270]), "PNG")


@pytest.mark.parametrize("task", TASKS)
def test_the_server_gives_the_answers_of_predict(models, photograph, task):
    [expected] = models[task].predict([photograph])
    with TestClient(make_app(models[task])) as client:
        found = client.post("/predict", content=photograph, headers=PNG).json()
        schema = client.get("/openapi.json").json()["components"]["schemas"]
    assert found["answer"] == json.loads(expected.model_dump_json())
    assert found["image"] == {"height": 100, "width": 120}
    assert type(expected).__name__ in schema
    if isinstance(expected, PixelAnswer):
        picture = Image.open(io.BytesIO(base64.b64decode(found["picture"])))
        np.testing.assert_array_equal(np.asarray(picture), np.asarray(expected.picture()))
    else:
        assert found["picture"] is None


def test_a_batch_names_the_images_that_cannot_be_read(client, photograph):
    images = [base64.b64encode(each).decode() for each in (photograph, b"torn", photograph)]
    first, torn, last = client.post("/predict/batch", json={"images": images}).json()["predictions"]
    assert first == last
    assert first["answer"]["label"] in ("red", "green", "blue")
    assert torn == {"detail": "cannot read the image: not an image"}


@pytest.mark.parametrize(("name", "content"), broken_images())
def test_broken_images_are_refused(client, name, content):
    answer = client.post("/predict", content=content, headers=PNG)
    damaged = "damaged" in name or "cut at 90%" in name  # The pixels may still be readable.
    assert answer.status_code in ((200, 413, 422) if damaged else (413, 422)), answer.text
    if answer.status_code != 200:
        assert isinstance(answer.json()["detail"], str)


def test_hostile_images_do_not_grow_the_memory(client):
    hostile = [content for _, content in broken_images()]

    def send():
        for content in hostile:
            client.post("/predict", content=content, headers=PNG)
        return psutil.Process().memory_info().rss

    for _ in range(3):
        before = send()
    for _ in range(4):
        after = send()
    # Each thread that decodes keeps up to 50 MB of its own; of the largest image alone, leaks would take 320 MB.
    assert after - before < 120e6


def deep(levels):
    return b'{"images": ' + b"[" * levels + b"]" * levels + b"}"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "the body: Invalid JSON"),
        (b"{", "the body: Invalid JSON"),
        (b"[]", "the body: Input should be an object"),
        (b"\xff\xfe", "the body: Invalid JSON"),
        (b"{}", "images: Field required"),
        (b'{"images": []}', "images: List should have at least 1 item"),
        (b'{"images": [1]}', "images.0: Input should be a valid bytes"),
        (b'{"images": ["%%%"]}', "images.0: Base64"),
        (b'{"images": ["aGk="], "more": 1}', "more: Extra inputs are not permitted"),
        (deep(100_000), "the body: Invalid JSON"),
        (b'{"images": ' + b"9" * 100_000 + b"}", "the body: Invalid JSON"),
    ],
)
def test_broken_json_is_refused(client, content, expected):
    answer = client.post("/predict/batch", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(expected)
    assert len(answer.text) < 500


@pytest.mark.parametrize("path", ["/predict", "/predict/batch"])
@pytest.mark.parametrize("kind", [None, "text/html", "multipart/form-data; boundary=x", "é".encode("latin1")])
def test_other_content_types_are_refused(client, path, kind):
    answer = client.post(path, content=b"x", headers={} if kind is None else {"Content-Type": kind})
    assert answer.status_code == 415
    assert "send" in answer.json()["detail"]


def test_requests_that_are_too_large_are_refused(client, photograph):
    def parts():
        for _ in range(100):
            yield bytes(100_000)

    announced = client.post("/predict", content=bytes(2_000_001), headers=PNG)
    streamed = client.post("/predict", content=parts(), headers=PNG)
    assert announced.status_code == streamed.status_code == 413
    assert announced.json()["detail"] == "the request is larger than 2,000,000 bytes; send a smaller image"
    bomb = client.post("/predict", content=png_bomb(8000), headers=PNG)
    assert bomb.json() == {"detail": "the image has 8000×8000 pixels; at most 50,000,000 are accepted"}
    many = {"images": [base64.b64encode(photograph).decode()] * 65}
    assert client.post("/predict/batch", json=many).status_code == 413


def test_large_images_are_refused_where_a_model_runs_tile_by_tile(models):
    with TestClient(make_app(models["enhancement"])) as client:
        assert client.post("/predict", content=png_bomb(2100), headers=PNG).status_code == 413


def test_a_full_queue_and_a_late_answer_are_refused(models, photograph, monkeypatch):
    model, go_on = models["classification"], threading.Event()
    run = model.runtime.run
    app = make_app(model, Limits(queue=2, timeout=0.5))
    monkeypatch.setattr(model.runtime, "run", lambda inputs: (go_on.wait(20), run(inputs))[1])
    answers = []
    with TestClient(app) as client:

        def ask():
            answers.append(client.post("/predict", content=photograph, headers=PNG))

        threads = [threading.Thread(target=ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        while "automap_requests_in_progress 2.0" not in client.get("/metrics").text:
            time.sleep(0.01)
        refused = client.post("/predict", content=photograph, headers=PNG)
        assert refused.status_code == 429
        assert refused.headers["Retry-After"] == "1"
        for thread in threads:
            thread.join()
        go_on.set()
        assert [answer.status_code for answer in answers] == [503, 503]
        assert client.get("/healthz").json() == {"status": "ok"}
        assert 'automap_requests_total{path="/predict",status="429"} 1.0' in client.get("/metrics").text


def test_paths_that_clients_make_up_are_counted_as_one(client):
    for number in range(20):
        assert client.get(f"/{number}").status_code == 404
    lines = [line for line in client.get("/metrics").text.splitlines() if line.startswith("automap_requests_total")]
    assert [line for line in lines if "404" in line] == ['automap_requests_total{path="other",status="404"} 20.0']
    assert client.get("/predict").status_code == 405


def test_what_waits_is_run_as_one_batch():
    sizes, go_on = [], threading.Event()

    def run(records):
        sizes.append(len(records))
        go_on.wait(20)
        return records.sum(axis=1)

    async def ask():
        batcher = Batcher(run, 4)
        tasks = [asyncio.create_task(batcher.run(np.full((1, 3), value))) for value in range(8)]
        tasks.append(asyncio.create_task(batcher.run(np.arange(18).reshape(6, 3))))
        await asyncio.sleep(0.05)
        tasks[7].cancel()
        go_on.set()
        found = await asyncio.gather(*tasks[:7], tasks[8])
        batcher.close()
        return found

    *single, many = asyncio.run(ask())
    assert [each.tolist() for each in single] == [[3 * value] for value in range(7)]
    assert many.tolist() == [3, 12, 21, 30, 39, 48]
    assert sizes == [1, 4, 2, 4, 2]


@pytest.mark.parametrize("mode", GenerationMode)
def test_no_generated_request_breaks_the_server(app, mode):
    for found in schemathesis.openapi.from_asgi("/openapi.json", app).get_all_operations():
        operation = found.ok()
        if mode is GenerationMode.NEGATIVE and operation.path != "/predict/batch":
            continue  # Requests without fields have nothing that could be wrong.

        @settings(max_examples=20, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(operation.as_strategy(generation_mode=mode))
        def request(case):
            # Any bytes are valid by the schema of an image, but few are an image.
            case.call_and_validate(excluded_checks=[positive_data_acceptance])

        request()


def test_the_page_needs_nothing_from_elsewhere(client):
    answer = client.get("/")
    assert answer.text == PAGE
    assert answer.headers["Content-Security-Policy"] == PAGE_HEADERS["Content-Security-Policy"]
    assert "http://" not in PAGE.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in PAGE
    assert "prefers-color-scheme: dark" in PAGE
