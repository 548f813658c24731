"""Assigning samples to the training, validation and test splits."""
