"""The decode-once cache: building, reading and sharing it."""
