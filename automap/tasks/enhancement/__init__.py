"""Image enhancement."""
