"""The program of a local worker process: ``python -m automap.search.process``, driven over standard input."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading

from automap.exceptions import AutomapError
from automap.search.local import FATAL_EXIT, LAST_WORDS


def main() -> int:
    """Read one line of orders, work until nothing is left, and return the exit code."""
    order = json.loads(sys.stdin.buffer.readline())
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    threading.Thread(target=_stop_with_driver, args=(stop,), name="driver", daemon=True).start()
    try:
        _work(order, stop)
    except AutomapError as error:
        print(f"{LAST_WORDS}{error}", flush=True)
        return FATAL_EXIT
    return 0


def _work(order: dict[str, object], stop: threading.Event) -> None:
    # Keras takes seconds to import: signals are handled and orders are read by then.
    from automap.data.prepare import prepare
    from automap.search.study import join
    from automap.search.worker import check_corners, work

    study = join(str(order["storage"]), str(order["study"]), int(str(order["sampler_seed"])))
    data = prepare(study.spec.dataset)
    check_corners(study, data)
    work(study, data, str(order["worker"]), stop)


def _stop_with_driver(stop: threading.Event) -> None:
    # Not through sys.stdin: a thread that waits in its buffer aborts the interpreter's end.
    while os.read(sys.stdin.fileno(), 1024):
        pass
    stop.set()


if __name__ == "__main__":
    sys.exit(main())
