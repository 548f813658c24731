"""The pretrained weights of a study: recorded when it is made, and required of every worker."""

from __future__ import annotations

from automap.interfaces.architecture import Architecture, unpinned
from automap.search.study import Study
from automap.spec.draw import boundary_candidates
from automap.spec.pretrained import has_pretrained
from automap.spec.spec import Spec
from automap.store import studies
from automap.store.weights import pinned

RECORD = "pretrained weights"
"""Key of a study's environment under which it records the SHA-256 of its weights."""


def weights_of(spec: Spec) -> dict[str, object]:
    """Return the SHA-256 of the weights that a spec's architectures start from, for the environment of its study.

    Raises:
        UserError: if this machine does not have them.
        StorageError: if their URL cannot be read.
    """
    if not has_pretrained(spec.architecture):
        return {}
    digests = {_name(each): unpinned(pinned(each).pretrained)[1] for each in _architectures(spec)}
    return {RECORD: {name: digest for name, digest in sorted(digests.items()) if digest is not None}}


def require_weights(study: Study) -> None:
    """Check that this machine has the pretrained weights with which a study was made.

    Raises:
        UserError: if it does not, with how to get them.
        StorageError: if their URL cannot be read.
    """
    recorded = studies.get_study(study.store).environment.get(RECORD, {})
    for architecture in _architectures(study.spec):
        named, digest = unpinned(architecture.pretrained)
        if digest is None and (known := recorded.get(_name(architecture))) is not None:
            architecture = architecture.replace(pretrained=f"{named}@sha256:{known}")
        pinned(architecture)


def _architectures(spec: Spec) -> set[Architecture]:
    return {candidate.architecture for _, candidate in boundary_candidates(spec)}


def _name(architecture: Architecture) -> str:
    return f"{type(architecture).__name__} {unpinned(architecture.pretrained)[0]}"
