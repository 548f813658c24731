"""Use of a finished model: loading, prediction, export."""
