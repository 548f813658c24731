"""The spec's ``ensemble`` section."""

from __future__ import annotations

from pydantic import Field

from automap.spec.sections import Section


class EnsembleSettings(Section):
    """An ensemble of the best models, chosen by their stored validation outputs: it costs no further training."""

    members: int = Field(5, ge=0, le=100, description="most members, chosen with replacement; 0 for no ensemble")
    latency: float = Field(2.0, ge=1, description="most latency of all members together, times that of the winner")
