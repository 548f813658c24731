"""Columns of a table that are inputs: storing their cells, and turning them into what networks take."""
