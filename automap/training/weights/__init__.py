"""Initial weights: finding, reading and loading them into a network."""
