"""The built-in schedulers, one a file."""
