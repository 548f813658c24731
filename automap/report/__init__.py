"""The report: one HTML page about a study that opens without a network."""
