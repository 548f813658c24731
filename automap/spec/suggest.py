"""Names in messages: the one that was probably meant, and those that exist."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from itertools import islice

_LONGEST = 100
"""Longer names are not compared, which would take long."""

MOST_LISTED = 20
"""Names that a message lists."""


def listed(names: Collection[str]) -> str:
    """Return names for a message, ``a, b, c and 5 more``: a hostile file may have 100,000 of them."""
    shown = ", ".join(name if len(name) <= _LONGEST else f"{name[:_LONGEST]}…" for name in islice(names, MOST_LISTED))
    return shown if len(names) <= MOST_LISTED else f"{shown} and {len(names) - MOST_LISTED:,} more"


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the known name that is most similar to `name`; None if none is similar.

    Args:
        name: what was received.
        known: the valid names.
        cutoff: the smallest accepted similarity, 0 to 1.
    """
    if len(name) > _LONGEST:
        return None
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=cutoff)
    return found[0] if found else None


def did_you_mean(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """Return ``did you mean '...'?`` with the nearest known name, or `otherwise` if none is near."""
    found = nearest(name, known)
    return f"did you mean '{found}'?" if found is not None else otherwise
