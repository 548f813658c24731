"""Data sets: what describes every sample of a source without decoding it."""
