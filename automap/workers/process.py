"""The program of a local worker process: ``python -m automap.workers.process``, driven over standard input."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Mapping
from typing import Any

from automap.exceptions import AutomapError
from automap.workers.local import FATAL_EXIT, LAST_WORDS


def main() -> int:
    """Read one line of orders, work until nothing is left, and return the exit code."""
    order = json.loads(sys.stdin.buffer.readline())
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    threading.Thread(target=_stop_with_driver, args=(stop,), name="driver", daemon=True).start()
    try:
        work_as_ordered(order, stop)
    except AutomapError as error:
        print(f"{LAST_WORDS}{error}", flush=True)
        return FATAL_EXIT
    return 0


def work_as_ordered(order: Mapping[str, Any], stop: threading.Event) -> None:
    """Join the study of an order and work on it until nothing is left to do, or until `stop` is set.

    Args:
        order: ``spec`` as plain data, ``data`` (key and fingerprint of the decoded data set), ``worker``,
            ``sampler_seed``, ``cores``, ``gpu_fraction`` and ``gpu_memory_bytes``.
        stop: asks for the end after the epoch.

    Raises:
        AutomapError: if no worker could go on.
    """
    if order["cores"]:
        from automap.data.processors import restrict_processors

        # Before Keras: TensorFlow, JAX and PyTorch make as many threads as the process may use processors.
        restrict_processors(order["cores"])
    # Keras takes seconds to import: signals are handled and orders are read by then.
    from automap.data.prepare import DataIdentity, open_prepared
    from automap.search.study import join
    from automap.spec.spec import Spec
    from automap.store.retry import with_retries
    from automap.training.backend import limit_gpu_memory
    from automap.workers.worker import check_boundary_candidates, work

    limit_gpu_memory(order["gpu_fraction"], order["gpu_memory_bytes"])
    spec, identity = Spec.model_validate(order["spec"]), DataIdentity(**order["data"])
    study = with_retries(lambda: join(spec, order["sampler_seed"], identity.fingerprint), stop)
    # What this machine's first process found, a worker waits for: the place of shared caches may be away for a moment.
    data = with_retries(lambda: open_prepared(study.spec.dataset, identity, shared=study.spec.cache), stop)
    with_retries(lambda: check_boundary_candidates(study, data), stop)
    work(study, data, order["worker"], stop)


def _stop_with_driver(stop: threading.Event) -> None:
    # Not through sys.stdin: a thread that waits in its buffer aborts the interpreter's end.
    while os.read(sys.stdin.fileno(), 1024):
        pass
    stop.set()


if __name__ == "__main__":
    sys.exit(main())
