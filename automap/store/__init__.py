"""The store: SQLAlchemy models and queries for studies, runs, results and artifacts."""
