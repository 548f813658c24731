"""The terminal browser: studies, their trials, and comparisons, live."""
