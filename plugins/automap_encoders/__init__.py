"""Encoders of inputs beside the image."""
