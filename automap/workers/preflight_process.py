"""Run the preflight in a subprocess, so that commands that do not train need not import Keras."""

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
    """Build the boundary candidates of a search space in a subprocess; takes seconds, because Keras is imported.

    Args:
        spec: the spec.
        info: describes the data that the networks are built for.

    Returns:
        What could not be built and why, and the number of parameters of the largest network.

    Raises:
        WorkerError: if the subprocess died.
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
        raise WorkerError(f"the process that builds the networks failed: {words[-1]}")
    answer = json.loads(done.stdout.splitlines()[-1])
    return tuple(answer["problems"]), int(answer["largest"])


def main() -> None:
    """Read the order from standard input and write the result as the last line of standard output."""
    from automap.spec.draw import boundary_candidates
    from automap.training.preflight import preflight

    order = json.load(sys.stdin)
    found = preflight(boundary_candidates(Spec.model_validate(order["spec"])), DataInfo.model_validate(order["info"]))
    print(json.dumps({"problems": found.problems, "largest": found.largest}), flush=True)


if __name__ == "__main__":
    main()
