"""Heads that are fitted on the cached features of a frozen backbone."""
