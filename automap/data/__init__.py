"""Data: data sets, checks, splits, the decode-once cache and batches."""
