"""Reading the earlier studies that a spec names, with errors at their place in the spec's file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from automap.search.evidence import Earlier
from automap.search.warm_start import earlier_studies
from automap.spec.errors import Problem, SpecError
from automap.spec.spec import Spec
from automap.spec.yaml import load_yaml


def read_earlier(spec: Spec, fingerprint: str, path: Path | None) -> list[Earlier]:
    """Read the studies that `search.warm_start` names.

    Args:
        spec: the spec.
        fingerprint: of its data.
        path: the spec's file; None if it was made in Python.

    Raises:
        SpecError: if one cannot be used.
    """
    with _located(path):
        return earlier_studies(spec, fingerprint)


@contextmanager
def _located(path: Path | None) -> Iterator[None]:
    """Add line and column to the problems of a spec that was already read."""
    try:
        yield
    except SpecError as error:
        if path is None:
            raise
        document = load_yaml(path)
        problems = [Problem(each.path, each.message, document.position(each.path)) for each in error.problems]
        raise SpecError(document.source, problems, document.text) from None
