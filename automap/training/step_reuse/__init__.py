"""Reusing one compiled training step for several trials."""
