"""Exported models: one file a format, each with the exporter and the runtime of the format."""
