"""Alembic's migrations of automap's tables."""
