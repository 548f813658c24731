"""``automap serve`` as a process: it starts without TensorFlow, withstands hostile connections, and ends cleanly."""

import json
import signal
import socket
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image
from support.broken_images import encoded
from support.onnx_models import write_onnx
from support.program import call_automap

from automap.models.serve import protocol


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write_onnx(tmp_path_factory.mktemp("exported"), "classification")


@contextmanager
def started(model, *options):
    process = subprocess.Popen(
        [Path(sys.executable).with_name("automap"), "serve", model, "--port", "0", *options],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        line = process.stderr.readline()
        assert line.startswith(f"serving {model} on http://127.0.0.1:"), line + process.stderr.read()
        yield process, int(line.split("127.0.0.1:")[1].split()[0])
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def running(model):
    with started(model) as found:
        yield found


def received(connection):
    parts = []
    try:
        while part := connection.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def test_it_answers_without_tensorflow_and_stops_when_interrupted(model):
    with started(model) as (process, port):
        image = encoded(Image.new("RGB", (20, 10), "blue"), "PNG")
        request = urllib.request.Request(f"http://127.0.0.1:{port}/predict", image, {"Content-Type": "image/png"})
        with urllib.request.urlopen(request) as answer:
            assert json.load(answer)["answer"]["label"] == "blue"
        loaded = Path(f"/proc/{process.pid}/maps").read_text() if sys.platform == "linux" else ""
        assert not any(name in loaded for name in ("/tensorflow/", "/sqlalchemy/", "/scipy/"))
        process.send_signal(signal.SIGINT)
        assert process.wait(20) in (0, 130)


def test_headers_without_end_are_cut_off(running):
    _, port = running
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"GET /model HTTP/1.1\r\nhost: x\r\nx: " + b"a" * protocol.HEAD_BYTES)
        assert received(connection).startswith(b"HTTP/1.1 431 ")
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz") as answer:
        assert answer.status == 200


@pytest.mark.parametrize(
    "request_",
    [
        b"\x16\x03\x01\x02\x00",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /predict HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
    ],
)
def test_what_is_not_http_gets_400(running, request_):
    with socket.create_connection(("127.0.0.1", running[1])) as connection:
        connection.sendall(request_)
        connection.shutdown(socket.SHUT_WR)
        assert received(connection).startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 505 "))


def test_a_body_that_never_ends_is_refused(model):
    with (
        started(model, "--max-bytes", "100000") as (_, port),
        socket.create_connection(("127.0.0.1", port)) as connection,
    ):
        connection.sendall(
            b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: image/png\r\ntransfer-encoding: chunked\r\n\r\n"
        )
        for _ in range(4):
            connection.sendall(b"8000\r\n" + bytes(0x8000) + b"\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")


def test_what_cannot_be_served_is_told(model, tmp_path, monkeypatch):
    def refused(*arguments):
        done = call_automap("serve", *arguments)
        assert done.returncode == 2, done.stderr
        return done.stderr

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in refused(model, "--port", port)
    assert "no such folder" in refused(tmp_path / "none", "--port", "0")
    (tmp_path / "model.onnx").write_bytes(b"torn")
    assert "model.onnx is damaged" in refused(tmp_path, "--port", "0")
    (tmp_path / "saved" / "assets.extra").mkdir(parents=True)
    (tmp_path / "saved" / "assets.extra" / "automap.json").write_text("{}")
    assert "needs TensorFlow, which a server does without" in refused(tmp_path / "saved", "--port", "0")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert "pip install 'automap[serve]'" in refused(model)
