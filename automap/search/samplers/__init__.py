"""The built-in samplers, one a file."""
