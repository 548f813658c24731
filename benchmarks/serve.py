"""What the server adds to the bare runtime: latency at 32 clients, memory, and the time until it answers.

    python benchmarks/serve.py MODEL.onnx                 # about two minutes
    python benchmarks/serve.py MODEL.onnx --seconds 20    # longer runs

The bare runtime runs in this process, behind the same decoder and the same batching, without HTTP; the server is
`automap serve` as a process of its own, asked over the loopback interface by this one. Clients send PNG files of 28 to
64 pixels and wait for each answer. With `--rates`, all clients together send so many requests a second, evenly spread;
at rate 0 each client sends its next request at once, so that latency is queueing. Clients and server share the
processors of one machine.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import os
import platform
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table
from sklearn.datasets import load_sample_images

from automap.models.load import load_model
from automap.models.serve.limits import Limits
from automap.models.serve.observed import Observed
from automap.models.serve.service import Service

SIDES = (28, 32, 48, 64)
PROGRAM = [sys.executable, "-c", "from automap.cli.main import main; main()", "serve"]
Ask = Callable[[bytes], Awaitable[None]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, help="an exported ONNX file")
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument(
        "--rates", type=float, nargs="*", default=[100, 200, 400, 0], help="requests a second; 0: as many as possible"
    )
    parser.add_argument("--seconds", type=float, default=8.0, help="length of each run")
    parser.add_argument("--starts", type=int, default=5, help="cold starts")
    options = parser.parse_args()
    images = photographs()
    table = Table("requests/s", "", "answered/s", "median", "p95", "p99")
    with server(options.model) as (port, pid):
        before = resident(pid)
        for rate in options.rates:
            # In turns, so that both see the same load of the machine.
            for name, found in (
                ("bare runtime", asyncio.run(bare(options, rate, images))),
                ("server", asyncio.run(served(options, rate, images, port))),
            ):
                milliseconds = 1e3 * np.array(found)
                table.add_row(
                    f"{rate:g}" if rate else "as many as possible",
                    name,
                    f"{len(found) / options.seconds:.0f}",
                    *(f"{np.percentile(milliseconds, share):.2f} ms" for share in (50, 95, 99)),
                )
        after = resident(pid)
    console = Console()
    console.print(f"{options.model}, {options.clients} clients, {platform.platform()}, {os.cpu_count()} processors")
    console.print(table)
    console.print(f"memory of the server: {before / 1e6:.0f} MB before, {after / 1e6:.0f} MB after")
    starts = [start_seconds(options.model) for _ in range(options.starts)]
    console.print(f"cold start: median {statistics.median(starts):.2f} s, longest {max(starts):.2f} s of {len(starts)}")


def photographs() -> list[bytes]:
    """Return crops of real photographs as PNG files."""
    random = np.random.default_rng(0)
    encoded = []
    for photograph in load_sample_images().images:
        for side in SIDES:
            for _ in range(8):
                top, left = (random.integers(0, length - side) for length in photograph.shape[:2])
                file = io.BytesIO()
                Image.fromarray(photograph[top : top + side, left : left + side]).save(file, "PNG")
                encoded.append(file.getvalue())
    return encoded


async def bare(options: argparse.Namespace, rate: float, images: list[bytes]) -> list[float]:
    """Return latencies of the runtime behind the server's decoder and batching."""
    service = Service(load_model(options.model), Limits(), Observed())

    async def ask(image: bytes) -> None:
        (await service.predict(image)).model_dump_json()

    found = await load(options, rate, images, [ask] * options.clients)
    service.close()
    return found


async def served(options: argparse.Namespace, rate: float, images: list[bytes], port: int) -> list[float]:
    """Return latencies of the server, over one connection for each client."""
    connections = [await asyncio.open_connection("127.0.0.1", port) for _ in range(options.clients)]

    def asking(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Ask:
        async def ask(image: bytes) -> None:
            head = (
                f"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: image/png\r\ncontent-length: {len(image)}\r\n\r\n"
            )
            writer.write(head.encode() + image)
            answer = await reader.readuntil(b"\r\n\r\n")
            length = int(answer.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            body = await reader.readexactly(length)
            assert b" 200 " in answer.split(b"\r\n")[0], body

        return ask

    found = await load(options, rate, images, [asking(*each) for each in connections])
    for _, writer in connections:
        writer.close()
    return found


async def load(options: argparse.Namespace, rate: float, images: list[bytes], clients: list[Ask]) -> list[float]:
    """Return the latency of each request, in seconds, without those of the first second."""
    latencies: list[float] = []
    started = time.perf_counter()
    interval = len(clients) / rate if rate else 0.0

    async def client(number: int, ask: Ask) -> None:
        due = started + interval * number / len(clients)
        turn = number
        while (now := time.perf_counter()) < started + 1 + options.seconds:
            if due > now:
                await asyncio.sleep(due - now)
            begun = time.perf_counter()
            await ask(images[turn % len(images)])
            if begun > started + 1:
                latencies.append(time.perf_counter() - begun)
            turn += 1
            due += interval

    await asyncio.gather(*(client(number, ask) for number, ask in enumerate(clients)))
    return latencies


@contextmanager
def server(model: Path) -> Iterator[tuple[int, int]]:
    """Start `automap serve` and yield its port and process number."""
    process = subprocess.Popen([*PROGRAM, str(model), "--port", "0"], stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        yield int(line.split("127.0.0.1:")[1].split()[0]), process.pid
    finally:
        process.terminate()
        process.wait()


def start_seconds(model: Path) -> float:
    """Return the time from starting the program to the first answer of /healthz."""
    started = time.perf_counter()
    with server(model) as (port, _), urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz") as answer:
        assert json.load(answer) == {"status": "ok"}
        return time.perf_counter() - started


def resident(pid: int) -> int:
    """Return the resident memory of a process in bytes."""
    [line] = [each for each in Path(f"/proc/{pid}/status").read_text().splitlines() if each.startswith("VmRSS")]
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    main()
