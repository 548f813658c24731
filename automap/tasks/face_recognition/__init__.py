"""Face recognition and verification."""
