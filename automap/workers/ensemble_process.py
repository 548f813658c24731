"""Making an ensemble in a process of its own, so that a command which trains nothing imports no Keras."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from automap.data.prepare import DataIdentity
from automap.exceptions import UserError, WorkerError
from automap.spec.spec import Spec
from automap.store.result import Result
from automap.workers.local import worker_environment
from automap.workers.resources import Share


class Order(NamedTuple):
    """What to make an ensemble of."""

    spec: Spec
    data: DataIdentity
    members: Sequence[dict[str, Any]]
    """Runs to choose from, the winner first; see `automap.models.ensemble.library.Member`."""
    metric: str
    most: int
    """Draws of the selection."""
    latency_ms: float
    """Most milliseconds of all members together."""
    directory: Path
    seconds: float | None = None
    """When to give up; None for never."""


class Ensemble(NamedTuple):
    """An ensemble that was written."""

    result: Result
    members: list[dict[str, Any]]
    temperature: float


def run_ensemble(order: Order) -> Ensemble:
    """Choose, judge and write an ensemble; takes seconds to import Keras.

    Raises:
        UserError: if there is none, with the reason.
        WorkerError: if the process died, or took too long.
    """
    data = {
        **order._asdict(),
        "spec": order.spec.to_data(),
        "data": order.data._asdict(),
        "directory": str(order.directory),
    }
    try:
        done = subprocess.run(
            [sys.executable, "-m", "automap.workers.ensemble_process"],
            input=json.dumps(data),
            capture_output=True,
            text=True,
            errors="replace",
            env=worker_environment(Share(()), 1),
            timeout=order.seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise WorkerError("the time budget left too little time for it") from None
    if done.returncode != 0:
        words = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise WorkerError(f"the process that makes the ensemble died: {words[-1]}")
    answer = json.loads(done.stdout.splitlines()[-1])
    if "refused" in answer:
        raise UserError(answer["refused"])
    return Ensemble(Result.model_validate(answer["result"]), answer["members"], answer["temperature"])


def main() -> None:
    """Read an order from standard input and write the answer as the last line of standard output."""
    from automap.data.prepare import open_prepared
    from automap.models.ensemble.library import Member
    from automap.models.ensemble.make import make_ensemble
    from automap.models.ensemble.select import Limit

    order = json.load(sys.stdin)
    spec = Spec.model_validate(order["spec"])
    data = open_prepared(spec.dataset, DataIdentity(**order["data"]), shared=spec.cache)
    members = [Member.model_validate(each) for each in order["members"]]
    limit = Limit(order["most"], order["latency_ms"])
    try:
        made = make_ensemble(members, data, order["metric"], limit, Path(order["directory"]))
        answer = {
            "result": made.result.model_dump(mode="json"),
            "members": [dict(each) for each in made.members],
            "temperature": made.temperature,
        }
    except UserError as error:
        answer = {"refused": str(error)}
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
