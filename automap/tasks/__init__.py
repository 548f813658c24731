"""Tasks: targets, heads, metrics and decoding of predictions."""
