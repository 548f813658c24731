"""The preflight in a process of its own, so that a command which trains nothing imports no Keras."""

from __future__ import annotations

import json
import subprocess
import sys

from automap.exceptions import WorkerError
from automap.interfaces.data_info import DataInfo
from automap.spec.spec import Spec
from automap.workers.local import worker_environment
from automap.workers.resources import Share


def run_preflight(spec: Spec, info: DataInfo) -> tuple[tuple[str, ...], int]:
    """Build every end of every range and every choice once, without data; takes seconds to import Keras.

    Args:
        spec: the spec.
        info: the data that its networks are built for.

    Returns:
        What cannot be built, each with its place and reason; and the largest network's parameters.

    Raises:
        WorkerError: if the process died.
    """
    order = {"spec": spec.to_data(), "info": info.model_dump(mode="json")}
    done = subprocess.run(
        [sys.executable, "-m", "automap.workers.preflight_process"],
        input=json.dumps(order),
        capture_output=True,
        text=True,
        env=worker_environment(Share(()), 1),
        check=False,
    )
    if done.returncode != 0:
        words = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise WorkerError(f"the process that builds the networks died: {words[-1]}")
    answer = json.loads(done.stdout.splitlines()[-1])
    return tuple(answer["problems"]), int(answer["largest"])


def main() -> None:
    """Read an order from standard input and write the answer as the last line of standard output."""
    from automap.spec.draw import boundary_candidates
    from automap.training.preflight import preflight

    order = json.load(sys.stdin)
    found = preflight(boundary_candidates(Spec.model_validate(order["spec"])), DataInfo.model_validate(order["info"]))
    print(json.dumps({"problems": found.problems, "largest": found.largest}), flush=True)


if __name__ == "__main__":
    main()
