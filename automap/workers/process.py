"""Entry point of a local worker process: ``python -m automap.workers.process``, controlled over standard input."""

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
    """Read the order, work until nothing is left to do, and return the exit code."""
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
        stop: asks the worker to stop at its next evaluation.

    Raises:
        AutomapError: if every other worker would fail in the same way.
    """
    if order["cores"]:
        from automap.data.processors import restrict_processors

        # Before Keras is imported: backends start one thread for each processor that the process may use.
        restrict_processors(order["cores"])
    # Imported late, because it takes seconds: signals are handled and the order is read before.
    from automap.data.prepare import DataIdentity, open_prepared
    from automap.search.study import join
    from automap.spec.spec import Spec
    from automap.store.retry import with_retries
    from automap.training.backend import limit_gpu_memory
    from automap.workers.worker import check_boundary_candidates, work

    limit_gpu_memory(order["gpu_fraction"], order["gpu_memory_bytes"])
    spec, identity = Spec.model_validate(order["spec"]), DataIdentity(**order["data"])
    study = with_retries(lambda: join(spec, order["sampler_seed"], identity.fingerprint), stop)
    # The driver has found the shared cache, so a worker waits if its storage is unreachable for a moment.
    data = with_retries(lambda: open_prepared(study.spec.dataset, identity, shared=study.spec.cache), stop)
    with_retries(lambda: check_boundary_candidates(study, data), stop)
    work(study, data, order["worker"], stop)


def _stop_with_driver(stop: threading.Event) -> None:
    # Not through sys.stdin: a thread that is blocked in its buffer would abort the interpreter at exit.
    while os.read(sys.stdin.fileno(), 1024):
        pass
    stop.set()


if __name__ == "__main__":
    sys.exit(main())
