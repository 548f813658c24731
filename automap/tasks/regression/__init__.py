"""Image regression."""
