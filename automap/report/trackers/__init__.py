"""Copies of a study for experiment-tracking tools."""
