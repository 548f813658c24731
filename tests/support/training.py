"""Training one candidate, as a worker does."""

from pathlib import Path
from typing import Any

from support.candidates import ACCURACY

from automap import Candidate
from automap.store.result import Result
from automap.training.request import TrialRequest
from automap.training.run_trial import run_trial


def train(
    candidate: Candidate, data: Any, directory: Path, *, seed: int = 0, objective: Any = ACCURACY, **options: Any
) -> Result:
    """Run a trial; ``report`` and ``compiled`` are arguments of `run_trial`, other options those of the request."""
    arguments = {name: options.pop(name) for name in ("report", "compiled") if name in options}
    request = TrialRequest(candidate=candidate, seed=seed, directory=directory, objective=objective, **options)
    return run_trial(request, data, **arguments)
