"""Training: from a candidate to a model, its fit and its result."""
