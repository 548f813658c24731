"""Ensembles: chosen from stored validation outputs, built as one network."""
