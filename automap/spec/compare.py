"""Deciding whether trials of two specs are comparable and may belong to one study."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from automap.spec.flatten import flatten

_FREE = (
    "name",
    "budget",
    "search",
    "finalists",
    "ensemble",
    "compress",
    "storage",
    "runs",
    "cache",
    "dataset.path",
    "dataset.max_bad",
)
_PLACES = ("dataset.splits.pairs",)
"""Files whose content is part of the data's fingerprint."""
_RANGE_ENDS = ("low", "high", "step")


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """List what makes the trials of two resolved specs incomparable, one ``path: old → new`` each.

    Budget, sampler, scheduler, finalists and locations may change, and so may the ends of a range. Everything else
    changes what a trial trains, or what its metrics mean.
    """
    before, after = dict(flatten(old)), dict(flatten(new))
    return [
        f"{path}: {_show(before, path)} → {_show(after, path)}"
        for path in dict.fromkeys([*before, *after])
        # Specs of older versions lack newer fields.
        if before.get(path) != after.get(path) and not _may_change(path, before, after)
    ]


def _may_change(path: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    if any(path == free or path.startswith(f"{free}.") for free in (*_FREE, *_PLACES)):
        return True
    head, _, last = path.rpartition(".")
    both_ranges = f"{head}.low" in before and f"{head}.low" in after
    return last in _RANGE_ENDS and both_ranges


def _show(flat: Mapping[str, Any], path: str) -> str:
    return repr(flat[path]) if path in flat else "(missing)"
