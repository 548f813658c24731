"""Training: building, fitting and measuring the model of a candidate."""
