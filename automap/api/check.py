"""Checking a spec: what a search would do, without training."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automap.api.display import Display, make_display
from automap.api.earlier import read_earlier
from automap.api.search import read_data
from automap.api.sources import naming_preparation
from automap.data.prepare import PreparedData
from automap.data.summary import DataSummary, summarise
from automap.interfaces.sampler import Hyperparameter
from automap.search.evidence import Earlier
from automap.search.preconditions import check_storage
from automap.search.study import build_sampler
from automap.spec.draw import boundary_candidates, hyperparameters, searched_spaces
from automap.spec.load import load_spec
from automap.spec.space import component_data, dump_space
from automap.spec.spec import Spec
from automap.store.errors import display_url
from automap.store.weights import describe_weights
from automap.workers.disk_and_memory import Estimate, estimate
from automap.workers.preflight_process import run_preflight

if TYPE_CHECKING:
    from automap.models.doubtful_labels import DoubtfulLabel


@dataclass(frozen=True)
class BuiltNetworks:
    """The networks at the boundary of a search space."""

    problems: tuple[str, ...]
    """The candidates that cannot be built, with the reason."""
    largest: int
    """Number of parameters of the largest network."""


class SpecCheck:
    """A valid spec and what a search of it would do; returned by `automap.check`.

    Nothing is trained or written, except that `read_data` fills the cache of decoded data sets.

    Args:
        spec: the spec.
        text: its text, which may name the command that creates the data set.
        display: shows progress.
        path: the spec's file; None if it was made in Python.
    """

    def __init__(self, spec: Spec, text: str, display: Display, path: Path | None = None) -> None:
        self.spec, self._path = spec, path
        self._text, self._display = text, display
        self._data: PreparedData | None = None
        self._networks: BuiltNetworks | None = None
        self._doubtful: list[DoubtfulLabel] | None = None

    def resolved(self) -> dict[str, Any]:
        """Return the spec as plain data with all defaults; the password of its database is hidden."""
        data, storage = self.spec.to_data(), self.spec.storage
        return data if storage.startswith("sqlite") else {**data, "storage": display_url(storage)}

    def search_space(self) -> list[Hyperparameter]:
        """Return the hyperparameters that are searched."""
        return list(hyperparameters(self.spec))

    def pretrained_weights(self) -> dict[str, str]:
        """Describe the pretrained weights that architectures start from, by the name of the architecture.

        Raises:
            UserError: if weights that the spec names are not on this machine.
        """
        architectures = {candidate.architecture for _, candidate in boundary_candidates(self.spec)}
        described = {str(component_data(each)["type"]): describe_weights(each) for each in architectures}
        return {name: description for name, description in sorted(described.items()) if description is not None}

    def read_data(self, *, rebuild: bool = False) -> DataSummary:
        """Read the data set, from the cache if it has been decoded before, and summarise it.

        Args:
            rebuild: whether to decode it again even if it is cached.

        Raises:
            DataError: if the data set is missing, empty, or has too many bad files.
        """
        if rebuild or self._data is None:
            with naming_preparation(self.spec, self._text):
                self._data = read_data(self.spec, self._display, rebuild=rebuild)
        return summarise(self._data)

    def check_storage(self) -> tuple[str, ...]:
        """Check the database and the run directory, without writing to either; return warnings.

        Raises:
            StorageError: if one of the two cannot be used.
            UserError: if the database has a study of that name whose trials are not comparable with those of this spec.
        """
        return check_storage(self.spec, None if self._data is None else self._data.fingerprint)

    def warm_start(self) -> list[Earlier]:
        """Return what the studies that `search.warm_start` names would give to the search; reads the data first.

        Raises:
            SpecError: if one of them cannot be used.
        """
        if not self.spec.search.warm_start:
            return []
        return read_earlier(self.spec, self._prepared().fingerprint, self._path)

    def build_networks(self) -> BuiltNetworks:
        """Build the networks at both ends of every range and for every choice, in a process that imports Keras.

        Raises:
            DataError: if the data set cannot be used; the networks depend on it.
            WorkerError: if the process died.
        """
        if self._networks is None:
            self._networks = BuiltNetworks(*run_preflight(self.spec, self._prepared().info))
        return self._networks

    def doubtful_labels(self, model: str) -> list[DoubtfulLabel]:
        """Return the records whose labels out-of-fold predictions contradict, the most doubtful first; imports Keras.

        Args:
            model: whose features are used: a folder or URL, STUDY or STUDY:TRIAL.

        Raises:
            UserError: if there is no such model, or the data set has no single class for each image.
        """
        from automap.api.models import load_model
        from automap.models.doubtful_labels import find_doubtful_labels

        loaded = load_model(model, self.spec.storage)
        self._doubtful = find_doubtful_labels(loaded, self._prepared())
        return self._doubtful

    def requirements(self) -> Estimate:
        """Estimate the disk space and memory of a search; reads the data and builds the networks first."""
        return estimate(self.spec, self._prepared(), self.build_networks().largest)

    def _prepared(self) -> PreparedData:
        if self._data is None:
            self.read_data()
        assert self._data is not None
        return self._data

    def to_data(self) -> dict[str, Any]:
        """Return all that has been checked so far as plain data, as ``automap check --format json`` prints it."""
        networks = self._networks
        faults = () if networks is None else networks.problems
        return {
            "valid": not faults,
            "problem_count": len(faults),
            "problems": [{"path": None, "line": None, "column": None, "message": fault} for fault in faults],
            "spec": self.resolved(),
            "search_space": [
                {"name": each.name, "space": dump_space(space), "default": each.default}
                for each, space in searched_spaces(self.spec)
            ],
            "weights": self.pretrained_weights(),
            "data": None if self._data is None else asdict(summarise(self._data)),
            "warm_start": [] if self._data is None else [each.to_data() for each in self.warm_start()],
            "largest_network": None if networks is None else networks.largest,
            "needs": None if networks is None else asdict(self.requirements()),
            "doubtful_labels": None if self._doubtful is None else [asdict(each) for each in self._doubtful],
        }


def check(spec: str | Path | Spec, *, progress: bool = True) -> SpecCheck:
    """Validate a spec; the result tells what a search of it would do.

    Args:
        spec: the path of a spec, or a `Spec`.
        progress: whether to show the progress of reading the data.

    Raises:
        SpecError: if the spec is not valid; `problems` lists all mistakes with line and column.
        UserError: if its sampler cannot search its space.

    Example:
        >>> automap.check("flowers.yaml").read_data().records  # doctest: +SKIP
        {'train': 800, 'validation': 100, 'test': 100}
    """
    path = None if isinstance(spec, Spec) else Path(spec)
    loaded, text = (spec, "") if isinstance(spec, Spec) else _load(Path(spec))
    build_sampler(loaded, loaded.search.seed)
    return SpecCheck(loaded, text, make_display(progress), path)


def _load(path: Path) -> tuple[Spec, str]:
    return load_spec(path), path.read_text(encoding="utf-8-sig")
