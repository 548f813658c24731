"""What a server measures, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128)


class Observed:
    """Counters of requests, batches and images."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._requests = Counter(
            "automap_requests", "Requests by path and status.", ("path", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "automap_request_seconds", "Time to answer.", ("path",), buckets=SECONDS, registry=self._registry
        )
        self._batches = Histogram("automap_batch_images", "Images in a batch.", buckets=SIZES, registry=self._registry)
        self._inference = Histogram(
            "automap_inference_seconds", "Time of the model for a batch.", buckets=SECONDS, registry=self._registry
        )
        self._waiting = Gauge("automap_requests_in_progress", "Requests in progress.", registry=self._registry)

    def request(self, path: str, status: int, seconds: float) -> None:
        """Count an answered request.

        Args:
            path: one of the server's paths, never what the client has sent.
            status: the HTTP status.
            seconds: time to answer.
        """
        self._requests.labels(path, str(status)).inc()
        self._seconds.labels(path).observe(seconds)

    @contextmanager
    def batch(self, images: int) -> Iterator[None]:
        """Measure a batch."""
        self._batches.observe(images)
        with self._inference.time():
            yield

    def in_progress(self, number: Callable[[], float]) -> None:
        """Report what a function returns as the number of requests in progress."""
        self._waiting.set_function(number)

    def text(self) -> bytes:
        """Return everything in the text format of Prometheus."""
        return generate_latest(self._registry)
